"""Each page asks a fixed number of queries, however many people, workspaces, conversations and documents there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apps.accounts.models import User
from apps.workspaces.services import create_workspace
from bench.crowd import costs, fill

QUERIES = json.loads((Path(__file__).parent / "page_queries.json").read_text())


@pytest.fixture
def administrator(alice: User) -> User:
    alice.is_superuser = True
    alice.save(update_fields=["is_superuser"])
    create_workspace(name="Team", owner=alice, slug="team")
    return alice


def queries(email: str) -> dict[str, float]:
    return {page: cost["queries"] for page, cost in costs(email, rounds=0).items()}


def test_a_page_asks_no_more_in_a_crowd_than_among_few(administrator: User) -> None:
    fill(email=administrator.email, people=30, workspaces=4, conversations=12, documents=12)
    assert queries(administrator.email) == QUERIES
    fill(email=administrator.email, people=200, workspaces=40, conversations=200, documents=200)
    assert queries(administrator.email) == QUERIES
