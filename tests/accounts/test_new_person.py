"""Who may be made a person."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.accounts.services import BadEmail, Details, EmailTaken, NoSuchPerson, WeakPassword, add_person, name_from, new_person, person_of
from tests.conftest import PASSWORD


def test_the_address_is_kept_in_small_letters(db: None) -> None:
    assert add_person(new_person(Details(" Dora@Example.ORG ", PASSWORD, name=" Dora "))).email == "dora@example.org"
    assert User.objects.get().name == "Dora"


def test_nothing_is_saved_before_it_is_wanted(db: None) -> None:
    new_person(Details("dora@example.org", PASSWORD))
    assert not User.objects.exists()


def test_the_password_is_stored_hashed(db: None) -> None:
    user = add_person(new_person(Details("dora@example.org", PASSWORD)))
    assert PASSWORD not in user.password
    assert user.check_password(PASSWORD)


def test_a_password_never_shows_in_a_log() -> None:
    assert PASSWORD not in repr(Details("dora@example.org", PASSWORD))


@pytest.mark.parametrize("email", ["", "dora", "dora@", "@example.org", "a b@example.org", "dora@example.org\0", f"{'x' * 250}@a.org"])
def test_no_address_no_person(db: None, email: str) -> None:
    with pytest.raises(BadEmail):
        new_person(Details(email, PASSWORD))


@pytest.mark.parametrize("password", ["", "short", "password1234", "dora@example.org", "1234567890"])
def test_no_good_password_no_person(db: None, password: str) -> None:
    with pytest.raises(WeakPassword):
        new_person(Details("dora@example.org", password, name="Dora"))


@pytest.mark.parametrize("email", ["alice@example.org", "ALICE@EXAMPLE.ORG"])
def test_an_address_belongs_to_one_person(alice: User, email: str) -> None:
    with pytest.raises(EmailTaken):
        new_person(Details(email, PASSWORD))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_one_address_at_once_one_gets_it() -> None:
    start = threading.Barrier(2)

    def add(_number: int) -> bool:
        person = new_person(Details("dora@example.org", PASSWORD))
        start.wait()
        try:
            add_person(person)
        except EmailTaken:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add, range(2))) == [False, True]
    assert User.objects.count() == 1


def test_a_person_is_found_by_their_address(alice: User) -> None:
    assert person_of(" Alice@Example.org ") == alice


def test_a_disabled_person_is_not_found(alice: User) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(NoSuchPerson):
        person_of("alice@example.org")


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("ada.lovelace@example.org", "Ada Lovelace"),
        ("admin@example.org", "Admin"),
        ("ada_lovelace-1815+team@example.org", "Ada Lovelace"),
        ("42@example.org", ""),
    ],
)
def test_who_says_no_name_gets_one_from_the_address(db: None, email: str, name: str) -> None:
    assert name_from(email) == name
    assert new_person(Details(email, PASSWORD)).name == name
    assert new_person(Details(email, PASSWORD, name="Dora")).name == "Dora"
