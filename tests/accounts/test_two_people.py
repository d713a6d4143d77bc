"""Alice and Bob on one machine: each is who they say, and changes nobody but themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import NoSuchPerson, person_of
from apps.documents.models import Document
from apps.documents.services import store_upload
from apps.workspaces.models import Workspace
from tests.conftest import PASSWORD, make_person, signed_in

NEW = "staple battery horse"
PROFILE = {"name": "Changed", "language": "de", "theme": "dark", "time_zone": "Asia/Tokyo"}


@pytest.fixture
def _both(alice: User, bob: User) -> None:
    """Both are here."""


pytestmark = pytest.mark.usefixtures("_both")


@pytest.mark.parametrize("name", ["Alice", "Bob"])
def test_each_signs_in_as_themselves(client: Client, name: str) -> None:
    client.post("/accounts/login/", {"login": f"{name}@example.org", "password": PASSWORD})
    assert client.get("/me/").context["user"].name == name


@pytest.mark.parametrize("written", ["bob@example.org", "BOB@Example.org", " Bob@example.org "])
def test_each_is_found_by_their_own_address(bob: User, written: str) -> None:
    assert person_of(written) == bob
    assert User.objects.get_by_natural_key(written.strip()) == bob


@pytest.mark.parametrize("written", ["", "@example.org", "example.org", "bob", "bob@example.or", "%@example.org", "carol@example.org"])
def test_nobody_is_found_by_a_part_of_it(written: str) -> None:
    with pytest.raises(NoSuchPerson) as caught:
        person_of(written)
    assert repr(written) in str(caught.value)


def test_ones_password_does_not_open_the_others_door(alice: User, client: Client) -> None:
    alice.set_password(NEW)
    alice.save()
    client.post("/accounts/login/", {"login": "bob@example.org", "password": NEW})
    assert client.get("/me/").status_code == 302


def test_a_profile_is_ones_own(alice: User, bob: User) -> None:
    signed_in(alice).post("/me/", PROFILE | {"id": str(bob.pk), "email": bob.email})
    bob.refresh_from_db()
    assert (bob.name, bob.language, bob.theme, bob.time_zone) == ("Bob", "en", "system", "UTC")


def test_a_page_is_in_ones_own_language_whoever_came_before(alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="de", theme="dark")
    browsers = {"de": signed_in(alice), "en": signed_in(bob)}
    for language in ("de", "en", "de", "en"):
        assert f'lang="{language}"' in browsers[language].get("/me/").content.decode()


@pytest.mark.parametrize("language", ["en", "de"])
def test_signed_in_ones_own_language_goes_before_the_browsers(alice: User, language: str) -> None:
    User.objects.update(language=language)
    page = signed_in(alice).get("/me/", headers={"Accept-Language": "de" if language == "en" else "en"})
    assert f'lang="{language}"' in page.content.decode()


def test_the_time_zone_of_one_does_not_stay_for_the_next(alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    signed_in(alice).get("/me/")
    assert timezone.get_current_timezone_name() == "UTC"
    assert signed_in(bob).get("/me/").status_code == 200
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize(("zone", "day"), [("UTC", "Dec. 31, 2025"), ("Asia/Tokyo", "Jan. 1, 2026"), ("America/Lima", "Dec. 31, 2025")])
def test_days_are_those_of_ones_own_time_zone(alice: User, bob: User, workspace: Workspace, zone: str, day: str) -> None:
    file = SimpleUploadedFile("a.txt", b"a")
    document = store_upload(workspace=workspace, added_by=bob, name="a.txt", file=file)
    Document.objects.filter(pk=document.pk).update(created_at=datetime(2025, 12, 31, 16, 30, tzinfo=UTC))
    User.objects.filter(pk=alice.pk).update(time_zone=zone)
    assert day in signed_in(alice).get("/w/harbour/documents/").content.decode()


def test_what_was_saved_is_said_once(alice: User) -> None:
    browser = signed_in(alice)
    assert "Saved." in browser.post("/me/", PROFILE | {"language": "en"}, follow=True).content.decode()
    assert "Saved." not in browser.get("/me/").content.decode()


def test_a_new_password_ends_ones_own_sessions_only(alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.accounts.services.end_sockets", lambda _person: None)
    bobs = signed_in(bob)
    signed_in(alice).post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
    assert bobs.get("/me/").status_code == 200


def test_signing_out_is_for_oneself(alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[object] = []
    monkeypatch.setattr("apps.accounts.adapter.end_sockets", ended.append)
    alices, bobs = signed_in(alice), signed_in(bob)
    alices.post("/accounts/logout/")
    assert (alices.get("/me/").status_code, bobs.get("/me/").status_code) == (302, 200)
    assert ended == [alice.pk]


def test_a_browser_that_changes_hands_forgets_the_first_person(alice: User, bob: User, client: Client) -> None:
    client.force_login(alice)
    client.get("/w/harbour/")
    client.force_login(bob)
    assert client.get("/me/").context["user"] == bob
    assert "workspace" not in client.session


@pytest.mark.parametrize(
    ("name", "email", "initials"),
    [("Alice Pleasance Liddell", "a@x.org", "AP"), ("bob", "b@x.org", "B"), ("", "carol@x.org", "C"), ("  ", "dora@x.org", "D")],
)
def test_a_person_has_initials(name: str, email: str, initials: str) -> None:
    person = make_person("Somebody")
    person.name, person.email = name.strip(), email
    assert person.initials == initials
    assert str(person) == (name.strip() or email)
