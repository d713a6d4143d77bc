"""The first administrator: one, and no more."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.workspaces.models import Installation, Membership, Workspace
from tests.conftest import PASSWORD

RACERS = 30
DETAILS = {"workspace": "Harbour Office", "name": "Alice", "email": "Alice@Example.org", "password": PASSWORD}


def set_up(client: Client, **changes: str) -> int:
    """The status of a filled-in first-run page."""
    return client.post("/setup/", DETAILS | changes).status_code


@pytest.mark.parametrize("path", ["/", "/me/", "/accounts/login/", "/w/harbour/", "/nothing/here/"])
def test_every_way_leads_to_the_first_run_page(db: None, client: Client, path: str) -> None:
    assert client.get(path).headers["Location"] == "/setup/"


def test_a_program_is_told(db: None, client: Client) -> None:
    answer = client.get("/api/workspaces/harbour/documents")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "not_set_up"


def test_it_is_alive_before_it_is_set_up(db: None, client: Client) -> None:
    assert client.get("/healthz").status_code == 200


def test_it_makes_the_administrator_and_both_workspaces(db: None, client: Client) -> None:
    answer = client.post("/setup/", DETAILS)
    alice = User.objects.get()
    assert answer.headers["Location"] == "/admin/models/first/"
    assert (alice.email, alice.is_superuser, alice.check_password(PASSWORD)) == ("alice@example.org", True, True)
    assert set(Membership.objects.values_list("workspace__slug", "role", "workspace__is_personal")) == {
        ("harbour-office", "owner", False),
        ("alice", "owner", True),
    }


def test_the_administrator_is_signed_in(db: None, client: Client) -> None:
    set_up(client)
    assert client.get("/").headers["Location"] == "/w/harbour-office/"


def test_it_speaks_the_language_of_the_browser(db: None, client: Client) -> None:
    client.post("/setup/", DETAILS, headers={"Accept-Language": "de"})
    assert User.objects.get().language == "de"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", ""),
        ("password", "short"),
        ("password", "password1234"),
        ("name", ""),
        ("workspace", ""),
        ("name", "a\0b"),
    ],
)
def test_a_bad_entry_leaves_no_trace(db: None, client: Client, field: str, value: str) -> None:
    answer = client.post("/setup/", DETAILS | {field: value})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert not Installation.objects.exists()
    assert not User.objects.exists()


def test_fields_of_the_row_are_not_taken_over(db: None, client: Client) -> None:
    set_up(client, id="018f0000-0000-7000-8000-000000000000", is_active="", theme="dark")
    alice = User.objects.get()
    assert (alice.is_active, alice.theme) == (True, "system")
    assert str(alice.pk) != "018f0000-0000-7000-8000-000000000000"


def test_it_is_closed_afterwards(installation: Installation, client: Client) -> None:
    assert client.get("/setup/").headers["Location"] == "/"
    assert client.post("/setup/", DETAILS).headers["Location"] == "/"
    assert not User.objects.exists()


def test_somebody_slower_is_told(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(Client())
    monkeypatch.setattr("apps.workspaces.services.is_set_up", lambda: False)  # read before the other's commit
    answer = client.post("/setup/", DETAILS | {"email": "mallory@example.org"}, headers={"Accept": "text/html"})
    assert answer.status_code == 409
    assert "has been set up already" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_thirty_who_race_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Barrier(RACERS)

    def wait_for_the_others(*_args: object) -> None:
        """All have seen by now that nobody was first."""
        connection.close()
        start.wait(timeout=30)

    def race(number: int) -> int:
        try:
            return set_up(Client(), email=f"racer{number}@example.org", workspace=f"Team {number}")
        finally:
            connection.close()

    monkeypatch.setattr("apps.accounts.services.validate_password", wait_for_the_others)
    with ThreadPoolExecutor(RACERS) as pool:
        statuses = sorted(pool.map(race, range(RACERS)))
    assert statuses == [302] + [409] * (RACERS - 1)
    assert User.objects.filter(is_superuser=True).count() == User.objects.count() == 1
    assert Workspace.objects.count() == 2
