"""A crowd in the database, and what pages cost before it. Runs inside a process that has Django set up."""

from __future__ import annotations

import json
import time
from statistics import median

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from apps.accounts.models import User
from apps.chat.models import Conversation, Message
from apps.documents.models import Document, DocumentVersion
from apps.workspaces.models import Membership, Role, Workspace

ROUNDS = 7
FIRST_NAMES, LAST_NAMES = (
    ("Ada", "Bruno", "Chidi", "Dana", "Emre", "Femi", "Grete", "Hana"),
    ("Abel", "Berg", "Cruz", "Dahl", "Endo", "Faye"),
)
Costs = dict[str, dict[str, float]]


@transaction.atomic
def fill(*, email: str, people: int, workspaces: int, conversations: int, documents: int) -> None:
    """A crowd of `people` in `workspaces`, some in two, and the person of `email` with `conversations` and `documents` in their team."""
    me = User.objects.get(email=email)
    team = Workspace.objects.get(slug="team")
    there = User.objects.count()
    crowd = User.objects.bulk_create([_person(there + number) for number in range(people)], batch_size=2_000)
    rooms = Workspace.objects.bulk_create([Workspace(name=f"Team {there + n}", slug=f"crowd-{there + n}") for n in range(workspaces)])
    places = [Membership(user=one, workspace=rooms[index % workspaces], role=_role(index, workspaces)) for index, one in enumerate(crowd)]
    places += [Membership(user=one, workspace=team, role=Role.MEMBER) for one in crowd[: people // 10]]
    Membership.objects.bulk_create(places, batch_size=2_000)
    _talk(team, me, conversations)
    _shelve(team, me, documents)


def _person(number: int) -> User:
    name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]} {number}"
    return User(email=f"person-{number}@example.org", name=name, is_active=number % 50 != 1, password="!")  # noqa: S106 - no password at all


def _role(index: int, workspaces: int) -> Role:
    return Role.OWNER if index < workspaces else Role.MEMBER


def _talk(team: Workspace, author: User, number: int) -> None:
    talks = [Conversation(workspace=team, author=author, title=f"About pier {each}", next_sequence=2) for each in range(number)]
    Conversation.objects.bulk_create(talks, batch_size=2_000)
    said = [Message(conversation=talk, sequence=1, role=Message.Role.USER, text="Which pier?") for talk in talks]
    Message.objects.bulk_create(said, batch_size=2_000)


def _shelve(team: Workspace, added_by: User, number: int) -> None:
    shelf = [Document(workspace=team, name=f"notice {each}.txt", added_by=added_by) for each in range(number)]
    Document.objects.bulk_create(shelf, batch_size=2_000)
    ready = DocumentVersion.Status.READY
    versions = [
        DocumentVersion(
            workspace=team, document=one, sha256=f"{index:064x}", size_bytes=1_000, added_by=added_by, status=ready, storage_key=str(one.pk)
        )
        for index, one in enumerate(shelf)
    ]
    DocumentVersion.objects.bulk_create(versions, batch_size=2_000)
    for one, version in zip(shelf, versions, strict=True):
        one.current = version
    Document.objects.bulk_update(shelf, ["current"], batch_size=2_000)


def pages(email: str) -> dict[str, str]:
    """The addresses of the pages that a crowd could make slow, by what they are."""
    talk = Conversation.objects.filter(author__email=email).latest("created_at")
    person = User.objects.exclude(email=email).latest("created_at")
    return {
        "new conversation": "/w/team/",
        "conversation": f"/c/{talk.pk}/",
        "documents": "/w/team/documents/",
        "documents, filtered": "/w/team/documents/?q=notice+7",
        "people of a workspace": "/w/team/people/",
        "workspace settings": "/w/team/settings/",
        "own page": "/me/",
        "own sessions": "/me/security/",
        "own keys": "/me/keys/",
        "all people": "/admin/people/",
        "all people, searched": "/admin/people/?q=grete",
        "a person": f"/admin/people/{person.pk}/",
        "all workspaces": "/admin/workspaces/",
        "models": "/admin/models/",
    }


def costs(email: str, *, rounds: int = ROUNDS) -> Costs:
    """By page: `queries`, the median `ms` of `rounds` requests, and the `kb` of its HTML. Raises SystemExit for a refusal."""
    browser = Client()
    browser.force_login(User.objects.get(email=email))
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        return {name: _cost(browser, address, rounds) for name, address in pages(email).items()}


def _cost(browser: Client, address: str, rounds: int) -> dict[str, float]:
    _get(browser, address)
    with CaptureQueriesContext(connection) as asked:
        size = _get(browser, address)
    queries = len(asked)  # the next request clears the log
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        _get(browser, address)
        taken.append(time.perf_counter() - began)
    return {"queries": queries, "ms": round(1000 * median(taken), 1) if taken else 0.0, "kb": round(size / 1000, 1)}


def _get(browser: Client, address: str) -> int:
    answer = browser.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answered {answer.status_code}.")
    return len(answer.content)


def report(email: str, **sizes: int) -> None:
    """Fill, measure, and print the costs as one line of JSON."""
    fill(email=email, **sizes)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(json.dumps(costs(email)))
