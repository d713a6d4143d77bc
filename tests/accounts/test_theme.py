"""Light, dark, or as the device."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.conftest import signed_in

PAGE = {"accept": "text/html"}


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_pages_wear_it(alice: User, theme: str) -> None:
    client = signed_in(alice)
    client.post("/me/theme/", {"theme": theme})
    assert f'data-theme="{theme}"' in client.get("/me/").content.decode()


def test_a_script_gets_no_page(alice: User) -> None:
    answer = signed_in(alice).post("/me/theme/", {"theme": "dark"}, headers={"accept": "application/json"})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/w/harbour/?x=1", "/w/harbour/?x=1"),
        ("", "/me/"),
        ("https://evil.example/", "/me/"),
        ("//evil.example/", "/me/"),
        ("javascript:alert(1)", "/me/"),
    ],
)
def test_a_form_leads_back_to_our_own_pages_only(alice: User, back: str, leads_to: str) -> None:
    answer = signed_in(alice).post("/me/theme/", {"theme": "dark", "next": back}, headers=PAGE)
    assert answer.headers["Location"] == leads_to


@pytest.mark.parametrize("theme", ["neon", "", "dark\0"])
def test_another_one_changes_nothing(alice: User, theme: str) -> None:
    assert signed_in(alice).post("/me/theme/", {"theme": theme}).status_code == 422
    alice.refresh_from_db()
    assert alice.theme == "system"


def test_nothing_else_is_taken_over(alice: User) -> None:
    signed_in(alice).post("/me/theme/", {"theme": "dark", "name": "Mallory", "is_superuser": "1"})
    alice.refresh_from_db()
    assert (alice.name, alice.is_superuser, alice.theme) == ("Alice", False, "dark")


def test_a_stranger_is_sent_to_the_door(alice: User) -> None:
    assert Client().post("/me/theme/", {"theme": "dark"}).status_code == 302


def test_it_needs_a_token_of_the_page(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post("/me/theme/", {"theme": "dark"}).status_code == 403


@pytest.mark.parametrize("path", ["/w/harbour/", "/me/", "/me/keys/"])
def test_every_page_has_the_switch(alice: User, workspace: object, path: str) -> None:
    page = signed_in(alice).get(path, headers=PAGE).content.decode()
    assert "data-theme-form" in page
    assert f'name="next" value="{path}"' in page
