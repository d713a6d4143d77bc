"""Sign in, sign out."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from apps.accounts.models import User
from tests.conftest import PASSWORD, signed_in


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: Any) -> str:
    """Where the sign-in leads; the page's text where it failed."""
    answer = client.post("/accounts/login/", {"login": email, "password": password}, **extra)
    return answer.headers.get("Location", answer.content.decode())


def test_it_opens_the_door(alice: User, client: Client) -> None:
    assert sign_in(client, alice.email) == "/"
    assert client.get("/me/").status_code == 200


@pytest.mark.parametrize("email", ["ALICE@example.org", " alice@example.org ", "Alice@Example.ORG"])
def test_it_takes_the_address_in_any_case(alice: User, client: Client, email: str) -> None:
    assert sign_in(client, email) == "/"


@pytest.mark.parametrize("password", ["wrong", "", " ", "\0", PASSWORD.upper(), "x" * 100_000])
def test_a_wrong_password_stays_outside(alice: User, client: Client, password: str) -> None:
    assert "<form" in sign_in(client, alice.email, password)
    assert client.get("/me/").status_code == 302


def test_a_disabled_person_stays_outside(alice: User, client: Client) -> None:
    User.objects.update(is_active=False)
    sign_in(client, alice.email)
    assert client.get("/me/").status_code == 302


def test_disabling_ends_a_session(alice: User) -> None:
    client = signed_in(alice)
    User.objects.update(is_active=False)
    assert client.get("/me/").status_code == 302


def test_an_unknown_address_is_answered_alike(alice: User, client: Client) -> None:
    known, unknown = (sign_in(Client(), email, "wrong wrong wrong") for email in (alice.email, "alicf@example.org"))
    blind = [page.replace("alicf", "alice") for page in (known, unknown)]
    assert _without_tokens(blind[0]) == _without_tokens(blind[1])


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed: nearly all of the time that a sign-in takes."""

    algorithm = "counting"
    count = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).count += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_an_unknown_address_costs_as_much_work_as_a_known_one(alice: User, settings: Any, email: str) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.test_sign_in.CountingHasher"]
    alice.set_password(PASSWORD)
    alice.save()
    before = CountingHasher.count
    sign_in(Client(), email, "wrong wrong wrong")
    assert CountingHasher.count - before == 1


def test_guessing_one_address_is_slowed_down(alice: User) -> None:
    for number in range(5):
        sign_in(Client(), alice.email, "wrong", REMOTE_ADDR=f"10.0.0.{number}")
    assert sign_in(Client(), alice.email, PASSWORD, REMOTE_ADDR="10.0.1.1") != "/"


def test_guessing_from_one_address_is_slowed_down(alice: User) -> None:
    pages = [sign_in(Client(), f"{number}@example.org", "wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}") for number in range(12)]
    assert "Too many" in pages[-1]


def test_one_household_of_ipv6_counts_as_one(alice: User) -> None:
    pages = [sign_in(Client(), f"{number}@example.org", "wrong", REMOTE_ADDR=f"2001:db8::{number:x}") for number in range(12)]
    assert "Too many" in pages[-1]


def test_it_leads_on_to_our_own_pages_only(alice: User, client: Client) -> None:
    answer = client.post("/accounts/login/?next=https://evil.example/", {"login": alice.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/"


def test_it_signs_out(alice: User) -> None:
    client = signed_in(alice)
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/me/").status_code == 200
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert client.get("/me/").status_code == 302


def test_signing_out_ends_open_sockets(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[object] = []
    monkeypatch.setattr("apps.accounts.adapter.end_sockets", ended.append)
    signed_in(alice).post("/accounts/logout/")
    assert ended == [alice.pk]


def test_it_needs_a_token_of_the_page(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD}).status_code == 403


def test_nobody_signs_up(alice: User, client: Client) -> None:
    client.post("/accounts/signup/", {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(email="eve@example.org").exists()


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/email/", "/accounts/confirm-email/"])
def test_what_needs_a_mail_server_is_not_there(alice: User, client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def _without_tokens(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line)
