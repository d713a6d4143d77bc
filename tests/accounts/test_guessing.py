"""Guessing passwords: locked long before it leads anywhere, from wherever and by whatever name it comes; and it tells nothing."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import time_machine
from django.test import Client

from apps.accounts.models import User
from tests.accounts.test_sign_in import CountingHasher
from tests.conftest import PASSWORD

TRIES = 200


WRONG = "wrong wrong wrong"


def still() -> time_machine.travel:
    """A clock that stands."""
    return time_machine.travel(time.time(), tick=False)


def try_once(email: str, password: str = WRONG, **extra: Any) -> str:
    """Where a try leads, or the page that it gets."""
    answer = Client().post("/accounts/login/", {"login": email, "password": password}, **extra)
    return answer.headers.get("Location", answer.content.decode())


def senders(number: int) -> dict[str, str]:
    """A sender like no other one."""
    return {"REMOTE_ADDR": f"10.{number // 250}.{number % 250}.7"}


@pytest.fixture(autouse=True)
def _names(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "gemma.local"]


@pytest.mark.parametrize(
    "disguise",
    [
        senders,
        lambda number: senders(number) | {"HTTP_HOST": f"localhost:{1000 + number}"},
        lambda number: senders(number) | {"HTTP_HOST": ("testserver", "localhost", "gemma.local")[number % 3]},
        lambda number: {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": f"10.1.0.{number}"},
        lambda number: {"REMOTE_ADDR": f"2001:db8::{number:x}"},
        lambda number: senders(number) | {"HTTP_USER_AGENT": str(number)},
    ],
    ids=["senders", "ports", "names", "forwarded", "ipv6", "browsers"],
)
def test_two_hundred_tries_are_locked(alice: User, disguise: Any) -> None:
    with still():
        pages = [try_once(alice.email, **disguise(number)) for number in range(TRIES)]
        assert sum("are not correct" in page for page in pages) <= 10
        assert try_once(alice.email, PASSWORD, **disguise(TRIES)) != "/"


@pytest.mark.parametrize("written", [str.upper, str.title, lambda email: f" {email} ", lambda email: email.replace("a", "A", 1)])
def test_an_address_is_one_however_it_is_written(alice: User, written: Any) -> None:
    with still():
        for number in range(5):
            try_once(written(alice.email), **senders(number))
        assert try_once(alice.email, PASSWORD, **senders(9)) != "/"


def test_it_opens_again_after_a_while(alice: User) -> None:
    with still() as clock:
        for number in range(6):
            try_once(alice.email, **senders(number))
        clock.shift(301)
        assert try_once(alice.email, PASSWORD) == "/"


def test_others_are_not_locked_with_them(alice: User, bob: User) -> None:
    with still():
        for number in range(9):
            try_once(alice.email, **senders(number))
        assert try_once(bob.email, PASSWORD, **senders(10)) == "/"


def test_who_was_disabled_is_told_so_by_the_right_password_only(alice: User) -> None:
    wrong = try_once(alice.email)
    User.objects.update(is_active=False)
    assert without_tokens(try_once(alice.email)) == without_tokens(wrong)
    assert try_once(alice.email, PASSWORD) == "/accounts/inactive/"


@pytest.mark.parametrize("state", [{}, {"is_active": False}, {"password": "!unusable"}])
def test_every_wrong_try_costs_the_same_work(alice: User, settings: Any, state: dict[str, Any]) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.test_sign_in.CountingHasher"]
    alice.set_password(PASSWORD)
    alice.save()
    User.objects.update(**state)
    before = CountingHasher.count
    try_once(alice.email)
    assert CountingHasher.count - before == 1


def without_tokens(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value|data-csrf)="[^"]*"', "", page)


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_whoever_tries_too_often_is_told_so_in_our_own_way(alice: User, kind: str) -> None:
    with still():
        browser = Client(headers={"Accept": kind})
        answers = [browser.post("/accounts/login/", {"login": f"{number}@example.org", "password": WRONG}) for number in range(31)]
    assert answers[-1].status_code == 429
    assert "Too many tries. Wait a minute" in answers[-1].content.decode()
