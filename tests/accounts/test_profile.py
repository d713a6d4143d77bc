"""What a person changes about themselves."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.conftest import PASSWORD, signed_in

PROFILE = {"name": "Alice Liddell", "language": "de", "theme": "dark", "time_zone": "Europe/Berlin"}


def test_it_is_saved(alice: User) -> None:
    assert signed_in(alice).post("/me/", PROFILE).headers["Location"] == "/me/"
    alice.refresh_from_db()
    assert {field: getattr(alice, field) for field in PROFILE} == PROFILE


def test_pages_speak_the_new_language(alice: User) -> None:
    client = signed_in(alice)
    client.post("/me/", PROFILE)
    assert 'lang="de"' in client.get("/me/").content.decode()


def test_pages_wear_the_new_theme(alice: User) -> None:
    client = signed_in(alice)
    client.post("/me/", PROFILE)
    assert 'data-theme="dark"' in client.get("/me/").content.decode()


@pytest.mark.parametrize(
    ("field", "value"), [("language", "tlh"), ("theme", "neon"), ("time_zone", "Mars/Olympus"), ("name", "x" * 101), ("name", "a\0b")]
)
def test_a_bad_entry_changes_nothing(alice: User, field: str, value: str) -> None:
    answer = signed_in(alice).post("/me/", PROFILE | {field: value})
    assert list(answer.context["form"].errors) == [field]
    alice.refresh_from_db()
    assert alice.name == "Alice"


@pytest.mark.parametrize("field", ["is_superuser", "is_active", "email", "id", "password", "created_at"])
def test_other_fields_are_not_taken_over(alice: User, field: str) -> None:
    before = getattr(alice, field)
    signed_in(alice).post("/me/", PROFILE | {field: "1"})
    alice = User.objects.get(email="alice@example.org")
    assert getattr(alice, field) == before
    assert alice.check_password(PASSWORD)


def test_a_stranger_is_sent_to_the_door(alice: User) -> None:
    assert Client().get("/me/").headers["Location"] == "/accounts/login/?next=/me/"
