"""Cookies that a browser never got from us, and those that it did."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from apps.accounts.models import User
from tests.conftest import PASSWORD, signed_in

NONSENSE = [
    '"\\000abcdefghijklmnop"',
    '"\\377\\377abcdefghijklmnop"',
    "x" * 6_000,
    "../../../../etc/passwd",
    "' OR 1=1 --",
    "%00%00%00%00%00%00%00%00",
    "abcdefghijklmnopqrstuvwxyz012345",
]


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize("name", [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "messages", "django_language"])
def test_nonsense_is_a_stranger(alice: User, client: Client, name: str, value: str) -> None:
    answer = client.get("/me/", headers={"Cookie": f"{name}={value}"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/me/")


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_is_no_key(alice: User, client: Client, value: str) -> None:
    answer = client.get("/api/workspaces/harbour/documents", headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={value}"})
    assert answer.status_code == 401


def test_signing_in_gives_a_new_session(alice: User, client: Client) -> None:
    planted = "plantedplantedplantedplanted1234"
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value not in {planted, ""}
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_session_that_was_ended_is_no_way_in(alice: User) -> None:
    browser = signed_in(alice)
    copied = browser.cookies[settings.SESSION_COOKIE_NAME].value
    browser.post("/accounts/logout/")
    assert Client(headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={copied}"}).get("/me/").status_code == 302


def test_no_script_reads_the_session_and_no_other_site_sends_it(alice: User, client: Client) -> None:
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    assert (session["httponly"], session["samesite"], session["path"]) == (True, "Lax", "/")
