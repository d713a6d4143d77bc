"""Change the password."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.conftest import PASSWORD, signed_in

NEW = "staple battery horse"


def change(client: Client, old: str = PASSWORD, new: str = NEW) -> int:
    """The status of a filled-in page."""
    return client.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": new}).status_code


def test_the_new_one_counts(alice: User) -> None:
    assert change(signed_in(alice)) == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_this_session_goes_on_and_the_others_end(alice: User) -> None:
    here, elsewhere = signed_in(alice), signed_in(alice)
    change(here)
    assert here.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302


def test_open_sockets_end(alice: User, ended: list[object]) -> None:
    change(signed_in(alice))
    assert ended == [alice.pk]


@pytest.mark.parametrize(("old", "new"), [("wrong", NEW), (PASSWORD, "short"), (PASSWORD, "password1234"), (PASSWORD, "")])
def test_a_bad_one_changes_nothing(alice: User, old: str, new: str) -> None:
    assert change(signed_in(alice), old, new) == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_stranger_is_sent_to_the_door(alice: User) -> None:
    assert change(Client()) == 302
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whose sockets were closed."""
    people: list[object] = []
    monkeypatch.setattr("apps.accounts.services.end_sockets", people.append)
    return people
