"""Nobody is sent from here to another site."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.conftest import PASSWORD

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "http:///evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://testserver@evil.example/",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_home_and_not_there(alice: User, client: Client, target: str) -> None:
    answer = client.post(f"/accounts/login/?next={target}", {"login": alice.email, "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_signing_in_leads_back_to_where_one_was(alice: User, client: Client) -> None:
    answer = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD, "next": "/me/keys/"})
    assert answer.headers["Location"] == "/me/keys/"


def test_a_line_end_is_no_header(alice: User, client: Client) -> None:
    answer = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD, "next": "/\r\nSet-Cookie: a=b"})
    assert "\n" not in answer.headers["Location"]
    assert "a" not in answer.cookies
