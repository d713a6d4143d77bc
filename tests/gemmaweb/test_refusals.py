"""What the site refuses: a page for people, our one form of error for programs."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.conftest import signed_in

PEOPLE = {"Accept": "text/html,application/xhtml+xml"}


def test_a_person_gets_a_page_for_what_is_not_there(alice: User) -> None:
    answer = signed_in(alice).get("/nothing/", headers=PEOPLE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_a_program_gets_json_for_what_is_not_there(alice: User, client: Client) -> None:
    answer = client.get("/nothing/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/w/nothing/", "/w/nothing/people/", "/c/018f0000-0000-7000-8000-000000000000/"])
def test_a_persons_page_says_what_is_foreign_in_a_sentence(alice: User, path: str) -> None:
    answer = signed_in(alice).get(path, headers=PEOPLE)
    assert answer.status_code == 404
    assert "not yours to see" in answer.content.decode()


def test_a_method_that_is_not_taken(alice: User) -> None:
    answer = signed_in(alice).put("/me/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("headers", [PEOPLE, {"Accept": "application/json"}])
def test_a_mistake_of_ours_shows_nothing_of_the_inside(
    alice: User, client: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr("apps.workspaces.services.is_set_up", None)  # the very first thing that is called
    client.raise_request_exception = False
    answer = client.get("/me/", headers=headers)
    assert answer.status_code == 500
    assert "Traceback" not in answer.content.decode()
    assert "NoneType" not in answer.content.decode()


def test_a_page_of_another_site_gets_a_page_that_says_so(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    answer = browser.post("/me/", {"name": "Eve"}, headers=PEOPLE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    alice.refresh_from_db()
    assert alice.name == "Alice"


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nothing/", "/api/nothing"])
def test_no_other_site_may_read_or_frame_it(alice: User, client: Client, path: str) -> None:
    answer = client.get(path, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
