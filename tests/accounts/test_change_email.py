"""Another address to sign in with."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from apps.accounts import services
from apps.accounts.models import User
from apps.audit.models import Event
from apps.core.errors import NotFound
from tests.conftest import PASSWORD, signed_in
from tests.workspaces.administrators import make_root

PAGE = {"accept": "text/html"}


@pytest.fixture
def root(installation: object) -> User:
    """An administrator of the installation."""
    return make_root()


def address(person: User) -> str:
    """The page where it is changed."""
    return f"/admin/people/{person.pk}/email/"


def leads_to(email: str) -> str:
    """Where signing in with this address leads; empty where it fails."""
    answer = Client().post("/accounts/login/", {"login": email, "password": PASSWORD})
    return answer.headers.get("Location", "")


def test_the_new_one_opens_the_door_and_the_old_one_does_not(root: User, alice: User) -> None:
    assert leads_to("alice@example.org") == "/"
    answer = signed_in(root).post(address(alice), {"email": " Alice.Liddell@Example.org "})
    assert answer.headers["Location"] == f"/admin/people/{alice.pk}/"
    assert leads_to("alice.liddell@example.org") == "/"
    assert leads_to("alice@example.org") == ""


def test_sessions_go_on(root: User, alice: User) -> None:
    client = signed_in(alice)
    services.change_email(person=alice, email="new@example.org", changed_by=root)
    assert "new@example.org" in client.get("/me/").content.decode()


def test_it_is_recorded_without_the_address(root: User, alice: User) -> None:
    services.change_email(person=alice, email="new@example.org", changed_by=root)
    event = Event.objects.get(action="person.email")
    assert (event.actor, event.target, event.details) == (root, str(alice.pk), {})


@pytest.mark.parametrize(
    ("email", "sentence"),
    [("bob@example.org", "Somebody here has"), ("BOB@example.org", "Somebody here has"), ("nobody", "valid email"), ("", "required")],
)
def test_a_wrong_one_changes_nothing(root: User, alice: User, bob: User, email: str, sentence: str) -> None:
    page = signed_in(root).post(address(alice), {"email": email}, headers=PAGE).content.decode()
    assert sentence in page
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


def test_the_same_one_is_no_refusal(root: User, alice: User) -> None:
    assert signed_in(root).post(address(alice), {"email": "alice@example.org"}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_one_address_one_gets_it(root: User, alice: User, bob: User) -> None:
    start = threading.Barrier(2)

    def change(person: User) -> str:
        start.wait()
        try:
            services.change_email(person=person, email="new@example.org", changed_by=root)
        except services.EmailTaken:
            return "taken"
        finally:
            connections.close_all()
        return "given"

    with ThreadPoolExecutor() as threads:
        assert sorted(threads.map(change, [alice, bob])) == ["given", "taken"]
    assert User.objects.filter(email="new@example.org").count() == 1


def test_only_administrators_may(alice: User, bob: User, workspace: object) -> None:
    client = signed_in(alice)
    assert client.get(address(bob)).status_code == 404
    assert client.post(address(bob), {"email": "new@example.org"}).status_code == 404
    with pytest.raises(NotFound):
        services.change_email(person=bob, email="new@example.org", changed_by=alice)


def test_nobody_is_not_found(root: User) -> None:
    assert signed_in(root).get("/admin/people/00000000-0000-0000-0000-000000000000/email/").status_code == 404
