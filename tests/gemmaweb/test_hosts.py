"""Names, proxies and plain http."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from gemmaweb.hosts import celery_url, own_names
from tests.conftest import PASSWORD

LAN = "192.168.7.20"


@pytest.fixture
def known(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [*own_names(), LAN, "chat.example.org", "testserver"]


def enter(host: str, **headers: str) -> Client:
    """A browser that filled in the sign-in page at `host`."""
    browser = Client(enforce_csrf_checks=True, SERVER_NAME=host.split(":")[0])
    page = browser.get("/accounts/login/", headers={"Host": host, **headers})
    token = str(page.context["csrf_token"])
    form = {"login": "alice@example.org", "password": PASSWORD, "csrfmiddlewaretoken": token}
    scheme = headers.get("X-Forwarded-Proto", "http")
    browser.post("/accounts/login/", form, headers={"Host": host, "Origin": f"{scheme}://{host}", **headers})
    return browser


def is_in(browser: Client) -> bool:
    """Whether the sign-in worked."""
    return "gemmaweb_session" in browser.cookies


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", f"{LAN}:8000", "chat.example.org:8000", "chat.example.org"])
def test_one_signs_in_by_plain_http(alice: User, known: None, host: str) -> None:
    browser = enter(host)
    assert is_in(browser)
    assert not browser.cookies["gemmaweb_session"]["secure"]
    assert browser.cookies["gemmaweb_session"]["httponly"]


def test_this_machine_knows_its_own_names() -> None:
    assert {"localhost", "127.0.0.1", socket.gethostname().lower()} <= set(own_names())


def test_an_unknown_name_is_told_what_to_do(alice: User) -> None:
    answer = Client(SERVER_NAME="wiki.example.org").get("/accounts/login/", headers={"Host": "wiki.example.org"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert "wiki.example.org" in answer.content.decode()
    assert "GEMMAWEB_ALLOWED_HOSTS" in answer.content.decode()


@pytest.mark.parametrize("host", ["<script>alert(1)</script>", "a b", "evil.example:80:80", "@"])
def test_an_impossible_name_is_refused(alice: User, host: str) -> None:
    answer = Client().get("/accounts/login/", headers={"Host": host})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")


def test_a_page_of_another_site_signs_nobody_in(alice: User, known: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    token = str(browser.get("/accounts/login/").context["csrf_token"])
    form = {"login": "alice@example.org", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post("/accounts/login/", form, headers={"Origin": "http://evil.example"}).status_code == 403


@pytest.fixture
def behind_a_proxy(settings: Any, known: None) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1", "10.1.0.0/16"]
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


def test_one_signs_in_by_https_behind_a_trusted_proxy(alice: User, behind_a_proxy: None) -> None:
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.org", "X-Forwarded-For": "203.0.113.9"}
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/accounts/login/", headers={"Host": "127.0.0.1:8000", **proxied})
    form = {"login": "alice@example.org", "password": PASSWORD, "csrfmiddlewaretoken": str(page.context["csrf_token"])}
    headers = {"Host": "127.0.0.1:8000", "Origin": "https://chat.example.org", "Referer": "https://chat.example.org/", **proxied}
    browser.post("/accounts/login/", form, headers=headers)
    assert browser.cookies["gemmaweb_session"]["secure"]


def test_plain_http_is_sent_to_https(behind_a_proxy: None, alice: User) -> None:
    answer = Client().get("/me/", headers={"Host": "chat.example.org"})
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://chat.example.org/me/")
    assert Client().get("/healthz", headers={"Host": "chat.example.org"}).status_code == 200


def test_a_stranger_is_not_believed_to_come_by_https(behind_a_proxy: None, alice: User) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    assert stranger.get("/me/", headers={"Host": "chat.example.org", "X-Forwarded-Proto": "https"}).status_code == 301


def test_a_stranger_cannot_choose_the_name(alice: User, known: None) -> None:
    answer = Client(REMOTE_ADDR="203.0.113.9").get("/me/", headers={"Host": LAN, "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("url", "celery"),
    [
        ("redis://:pw@10.0.0.5:6379/0", "redis://:pw@10.0.0.5:6379/0"),
        ("unix://:p%2Fw@/run/x/valkey.sock?db=0", "redis+socket://:p%2Fw@/run/x/valkey.sock?virtual_host=0"),
    ],
)
def test_celery_gets_its_own_spelling(url: str, celery: str) -> None:
    assert celery_url(url) == celery
