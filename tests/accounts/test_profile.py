"""What a person changes about themselves."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts import services, time_zones
from apps.accounts.models import User
from apps.audit.models import Event
from tests.conftest import PASSWORD, signed_in

PROFILE = {"name": "Alice Liddell", "language": "de", "time_zone": "Europe/Berlin"}


def test_it_is_saved(alice: User) -> None:
    assert signed_in(alice).post("/me/", PROFILE).headers["Location"] == "/me/"
    alice.refresh_from_db()
    assert {field: getattr(alice, field) for field in PROFILE} == PROFILE


def test_pages_speak_the_new_language(alice: User) -> None:
    client = signed_in(alice)
    client.post("/me/", PROFILE)
    assert 'lang="de"' in client.get("/me/").content.decode()


@pytest.mark.parametrize(("field", "value"), [("language", "tlh"), ("time_zone", "Mars/Olympus"), ("name", "x" * 101), ("name", "a\0b")])
def test_a_bad_entry_changes_nothing(alice: User, field: str, value: str) -> None:
    answer = signed_in(alice).post("/me/", PROFILE | {field: value})
    assert list(answer.context["form"].errors) == [field]
    alice.refresh_from_db()
    assert alice.name == "Alice"


@pytest.mark.parametrize("field", ["theme", "picture", "is_superuser", "is_active", "email", "id", "password", "created_at"])
def test_other_fields_are_not_taken_over(alice: User, field: str) -> None:
    before = getattr(alice, field)
    signed_in(alice).post("/me/", PROFILE | {field: "1"})
    alice = User.objects.get(email="alice@example.org")
    assert getattr(alice, field) == before
    assert alice.check_password(PASSWORD)


def test_a_stranger_is_sent_to_the_door(alice: User) -> None:
    assert Client().get("/me/").headers["Location"] == "/accounts/login/?next=/me/"


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (" Berlin ", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_time_zone_is_found_as_people_type_it(alice: User, typed: str, zone: str) -> None:
    signed_in(alice).post("/me/", PROFILE | {"time_zone": typed})
    alice.refresh_from_db()
    assert alice.time_zone == zone


@pytest.mark.parametrize("typed", ["", "Mars", "Europe", "../etc/passwd", "a\0b", "\U0001f600", "Europe/Berlin/", "x" * 61])
def test_another_one_gets_a_sentence(alice: User, typed: str) -> None:
    form = signed_in(alice).post("/me/", PROFILE | {"time_zone": typed}).context["form"]
    assert form.errors["time_zone"]


def test_every_suggestion_is_found() -> None:
    suggested = time_zones.suggestions()
    assert len(suggested) > 300
    assert [zone for zone, _ in suggested if time_zones.find(zone) != zone] == []


def test_what_is_changed_is_recorded_and_nothing_else(alice: User) -> None:
    signed_in(alice).post("/me/", PROFILE)
    event = Event.objects.get(action="person.changed")
    assert (event.actor, sorted(event.details["fields"])) == (alice, ["language", "name", "time_zone"])


def test_a_picture_that_came_meanwhile_stays(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(picture="abc")
    services.change_profile(user=alice, fields=["name"])
    alice.refresh_from_db()
    assert alice.picture == "abc"
