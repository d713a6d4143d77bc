"""New workspaces and their short names."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.accounts.services import Details, new_person
from apps.workspaces.models import Installation, Role, Workspace
from apps.workspaces.services import SlugTaken, add_person, create_workspace, free_slug
from tests.conftest import PASSWORD, make_person


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Harbour Office", "harbour-office"), ("Élan & Co", "elan-co"), ("港湾", "workspace"), ("---", "workspace"), ("a__b", "a-b"),
        ("x" * 100, "x" * 50), ("../../etc", "etc"), ("Robert'); DROP TABLE", "robert-drop-table"),
    ],
)  # fmt: skip
def test_a_short_name_is_made_from_the_name(db: None, name: str, slug: str) -> None:
    assert free_slug(name) == slug


def test_a_taken_short_name_gets_a_number(alice: User) -> None:
    made = [create_workspace(name="Harbour", owner=alice).slug for _ in range(3)]
    assert made == ["harbour", "harbour-2", "harbour-3"]


def test_a_free_number_is_used_again(alice: User) -> None:
    for slug in ("harbour", "harbour-3", "harbour-office"):
        create_workspace(name=slug, slug=slug, owner=alice)
    assert free_slug("Harbour") == "harbour-2"


def test_whoever_makes_it_owns_it(alice: User) -> None:
    workspace = create_workspace(name=" Harbour ", owner=alice)
    assert (workspace.name, workspace.memberships.get().role) == ("Harbour", Role.OWNER)


def test_two_people_of_one_name_get_a_workspace_each(installation: Installation) -> None:
    for domain in ("example.org", "example.com"):
        add_person(new_person(Details(f"dora@{domain}", PASSWORD)))
    assert set(Workspace.objects.values_list("slug", "is_personal")) == {("dora", True), ("dora-2", True)}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_one_short_name_at_once_one_gets_it() -> None:
    alice, start = make_person("Alice"), threading.Barrier(2)

    def make(_number: int) -> bool:
        start.wait()
        try:
            create_workspace(name="Harbour", slug="harbour", owner=alice)
        except SlugTaken:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, range(2))) == [False, True]
    assert Workspace.objects.count() == 1
