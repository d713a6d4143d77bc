"""The browsers in which a person has signed in."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session as DjangoSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts import services
from apps.accounts.models import Session, User
from apps.core.errors import NotFound
from tests.conftest import PASSWORD, signed_in

NEW = "staple battery horse"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
migration = import_module("apps.accounts.migrations.0004_take_sessions_along")


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whose sockets were closed."""
    people: list[object] = []
    monkeypatch.setattr("apps.accounts.services.end_sockets", people.append)
    return people


def visit(client: Client, **headers: Any) -> int:
    """The status of the person's own page."""
    return client.get("/me/", **headers).status_code


def session_of(client: Client) -> Session:
    """The row behind the browser's cookie."""
    return Session.objects.get(session_key=client.session.session_key)


def test_a_session_knows_whose_it_is(alice: User) -> None:
    assert session_of(signed_in(alice)).user == alice


def test_a_visit_is_noted(alice: User) -> None:
    client = signed_in(alice)
    visit(client, REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT=FIREFOX)
    session = session_of(client)
    alice.refresh_from_db()
    assert (session.address, session.browser) == ("192.0.2.7", FIREFOX)
    assert session.seen_at is not None
    assert alice.seen_at is not None
    assert abs(alice.seen_at - session.seen_at) < timedelta(seconds=5)


def test_it_is_noted_once_a_minute(alice: User) -> None:
    client = signed_in(alice)
    visit(client)
    noted = session_of(client).seen_at
    with CaptureQueriesContext(connection) as captured:
        visit(client)
    assert {query["sql"].split()[0] for query in captured} == {"SELECT"}
    assert session_of(client).seen_at == noted
    Session.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    visit(client)
    assert Session.objects.filter(seen_at__gt=timezone.now() - timedelta(minutes=1)).exists()


@pytest.mark.parametrize("address", ["", "local", "1.2.3", "::1%eth0 "])
def test_who_comes_without_an_address_is_let_in(alice: User, address: str) -> None:
    client = signed_in(alice)
    assert visit(client, REMOTE_ADDR=address) == 200
    assert session_of(client).seen_at is not None


@pytest.mark.parametrize("browser", ["x" * 20_000, "a\0b", "", "\U0001f600" * 400])
def test_any_browser_is_let_in(alice: User, browser: str) -> None:
    client = signed_in(alice)
    assert visit(client, HTTP_USER_AGENT=browser) == 200
    assert len(session_of(client).browser) <= 300


def test_what_a_page_keeps_does_not_undo_a_note(alice: User) -> None:
    client = signed_in(alice)
    store = client.session
    visit(client, HTTP_USER_AGENT=FIREFOX)
    store["workspace"] = "harbour"
    store.save()
    session = session_of(client)
    assert session.browser == FIREFOX
    assert session.seen_at is not None
    assert client.session["workspace"] == "harbour"


def test_one_is_ended_at_once(alice: User, ended: list[object]) -> None:
    here, there = signed_in(alice), signed_in(alice)
    services.end_session(user=alice, session=session_of(there).id)
    assert (visit(here), visit(there)) == (200, 302)
    assert ended == [alice.pk]


def test_an_ended_one_does_not_come_back(alice: User) -> None:
    client = signed_in(alice)
    store = client.session
    assert store[SESSION_KEY] == str(alice.pk)  # a request under way has read it
    services.end_sessions(user=alice)
    store["workspace"] = "harbour"
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_all_others_are_ended(alice: User, bob: User, ended: list[object]) -> None:
    here, there, bobs = signed_in(alice), signed_in(alice), signed_in(bob)
    assert services.end_other_sessions(user=alice, here=here.session.session_key) == 1
    assert (visit(here), visit(there), visit(bobs)) == (200, 302, 200)
    assert ended == [alice.pk]


def test_a_foreign_one_is_not_found(alice: User, bob: User) -> None:
    client = signed_in(bob)
    with pytest.raises(NotFound):
        services.end_session(user=alice, session=session_of(client).id)
    assert visit(client) == 200


def test_one_that_has_ended_is_not_found(alice: User) -> None:
    session = session_of(signed_in(alice)).id
    services.end_session(user=alice, session=session)
    with pytest.raises(NotFound):
        services.end_session(user=alice, session=session)


def test_a_new_password_leaves_only_this_one_and_what_is_known_of_it(alice: User) -> None:
    here, _there = signed_in(alice), signed_in(alice)
    visit(here, HTTP_USER_AGENT=FIREFOX)
    begun_at, key = session_of(here).begun_at, here.session.session_key
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    session = Session.objects.get(user=alice)
    assert (session.browser, session.begun_at) == (FIREFOX, begun_at)
    assert session.session_key == here.session.session_key != key
    assert visit(here) == 200


def test_signing_in_sweeps_out_what_has_expired(alice: User, client: Client) -> None:
    old = session_of(signed_in(alice))
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert not Session.objects.filter(pk=old.pk).exists()
    assert visit(client) == 200


def test_an_expired_one_is_not_shown(alice: User) -> None:
    signed_in(alice)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not Session.objects.visible_to(alice).exists()


def test_sessions_of_an_older_version_go_on(alice: User) -> None:
    client = signed_in(alice)
    new = session_of(client)
    DjangoSession.objects.create(session_key=new.pk, session_data=new.session_data, expire_date=new.expire_date)
    gone = client.session.encode({SESSION_KEY: "00000000-0000-0000-0000-000000000000"})
    DjangoSession.objects.create(session_key="x" * 32, session_data=gone, expire_date=new.expire_date)
    new.delete()
    migration.take_along(apps, None)
    assert visit(client) == 200
    assert not DjangoSession.objects.exists()
    assert Session.objects.get().user == alice


def test_and_back(alice: User) -> None:
    client = signed_in(alice)
    migration.take_back(apps, None)
    migration.take_back(apps, None)
    assert DjangoSession.objects.get().session_key == client.session.session_key
