"""Who gets what: every route of the site, by every kind of actor, on the team's own things."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.models import Picture, User
from apps.chat import services as chat
from apps.chat.models import Citation, Generation
from apps.documents import services as documents
from apps.documents.models import Document
from apps.workspaces import lifecycle
from apps.workspaces.keys import create_key
from apps.workspaces.models import ApiKey, Role, Workspace
from tests.conftest import make_person
from tests.documents.conftest import Upload

ROWS = [line.split("\t") for line in (Path(__file__).parent / "matrix.tsv").read_text().splitlines() if not line.startswith("#")]
ACTORS = ROWS[0][2:]
BODIES: dict[str, dict[str, Any]] = {
    "api/workspaces/<slug:slug>/search": {"query": "notice"},
    "api/workspaces/<slug:slug>/conversations": {},
    "api/workspaces/<slug:slug>/ask": {"text": "What is the notice?"},
    "api/conversations/<uuidstr:pk>": {"title": "New"},
    "api/conversations/<uuidstr:pk>/messages": {"text": "What is the notice?"},
}
FORMS = {
    "w/<slug:slug>/documents/selected/": b"act=stop",
    "me/picture/": b"action=remove",
    "me/theme/": b"theme=dark",
    "me/security/": b"action=end_others",
    "admin/models/": b"model=quote",
    "admin/models/first/": b"act=use&model=quote",
    "admin/models/servers/": b"action=use&model=nobody",
    "admin/people/": b"act=end_sessions&person=%p",
    "admin/people/new/": b"action=create&name=Dora&email=dora@example.org&role=member",
    "admin/people/<uuid:pk>/": b"action=reset_link",
    "admin/people/<uuid:pk>/email/": b"email=new@example.org",
    "admin/workspaces/new/": b"name=Quay&owner=alice@example.org",
    "admin/workspaces/<uuid:pk>/": b"email=alice@example.org&role=owner",
    "c/<uuid:pk>/rename/": b"title=New",
    "w/<slug:slug>/settings/": b"name=New&answering=best&language=en",
    "w/<slug:slug>/people/": b"action=invite&role=member&note=",
    "w/<slug:slug>/delete/": b"name=Harbour",
    "workspaces/deleted/": b"workspace=%b",
}


@pytest.fixture
def run(upload: Upload, workspace: Workspace, alice: User) -> Generation:
    """Alice's question about the team's document, answered with one citation, and then asked once more; she has a key too."""
    create_key(user=alice, workspace=workspace, name="robot")
    document = upload()
    asked = chat.ask(workspace=workspace, conversation=None, asked_by=alice, text="What is the notice?", key="one")
    Citation.objects.create(
        message=asked.answer, n=1, document=document, version=document.current, title="lease", page=1, start=0, end=9, quote="The lease"
    )
    return asked


@pytest.fixture
def people(workspace: Workspace, alice: User, charlie: User) -> dict[str, User]:
    """One person for each kind of actor that can sign in."""
    cast = {role.value: make_person(role.value) for role in (Role.VIEWER, Role.MEMBER, Role.ADMIN)}
    for role, person in cast.items():
        workspace.memberships.create(user=person, role=role)
    root = make_person("root")
    root.is_superuser = True
    root.save()
    gone = make_person("gone")
    workspace.memberships.create(user=gone, role=Role.OWNER)
    return {**cast, "owner": alice, "out": charlie, "root": root, "gone": gone}


@pytest.fixture
def browser_of(people: dict[str, User]) -> Callable[[str], Client]:
    """A browser in which the actor is signed in; `gone` was disabled after that."""

    def open_browser(actor: str) -> Client:
        client = Client(headers={"accept": "text/html"}, raise_request_exception=True)
        if actor != "anon":
            client.force_login(people[actor])
        User.objects.filter(email="gone@example.org").update(is_active=False)
        return client

    return open_browser


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Every route of the site as Django writes it."""
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        else:
            yield route


def ask(client: Client, method: str, route: str, run: Generation) -> int:
    """The status that the actor gets for `method` on `route`, the team's own ids put in."""
    document = Document.objects.get()
    if route == "workspaces/deleted/":
        lifecycle.delete(workspace=run.workspace, deleted_by=run.asked_by, typed_name="Harbour")
    if "/restore" in route and "documents" in route:
        documents.remove(document=document, removed_by=run.asked_by)
    if route in {"c/<uuid:pk>/restore/", "api/conversations/<uuidstr:pk>/restore"}:
        chat.delete(conversation=run.conversation)
    if route.startswith("pictures"):
        Picture.objects.create(user=run.asked_by, large=b"png", small=b"png")
        User.objects.filter(pk=run.asked_by_id).update(picture="face")
    subjects = {"api/runs": run.pk, "api/conv": run.conversation_id, "c/<uuid:": run.conversation_id, "api/keys": ApiKey.objects.get().pk}
    subjects |= {"admin/pe": run.asked_by_id, "admin/wo": run.workspace_id}
    subject = {**subjects, "pictures": run.asked_by_id}.get(route[:8], document.pk)
    path = "/" + route.replace("<slug:slug>", "harbour").replace("<int:number>", "1").replace("<int:n>", "1")
    path = path.replace("<path:rest>", "x").replace("<path:name>", "x")
    path = path.replace("<uuid:message>", str(run.answer_id)).replace("<str:token>", "no-such-token")
    path = path.replace("<slug:name>/<int:side>", "face/64")
    path = path.replace("<uuidstr:pk>", str(subject)).replace("<uuid:pk>", str(subject))
    return client.generic(method, path, **_body(method, route, run)).status_code


def _body(method: str, route: str, run: Generation) -> dict[str, Any]:
    if route == "api/workspaces/<slug:slug>/documents" and method == "POST":
        request = Client().post("/nowhere", {"file": SimpleUploadedFile("new.txt", b"A new file about boats.")}).wsgi_request
        return {"data": request.body, "content_type": request.META["CONTENT_TYPE"]}
    if route in FORMS:
        data = FORMS[route].replace(b"%b", str(run.workspace_id).encode()).replace(b"%p", str(run.asked_by_id).encode())
        return {"data": data, "content_type": "application/x-www-form-urlencoded"}
    return {"data": b"" if method == "GET" else _json(BODIES.get(route, {})), "content_type": "application/json"}


def _json(body: dict[str, Any]) -> bytes:
    return b"{" + b",".join(f'"{name}": "{value}"'.encode() for name, value in body.items()) + b"}"


def test_every_route_is_in_the_matrix() -> None:
    listed = {row[1] for row in ROWS[1:]}
    assert set(routes(get_resolver().url_patterns)) == listed


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: f"{row[0]} {row[1]}")
def test_everybody_gets_what_the_matrix_says(row: list[str], run: Generation, browser_of: Callable[[str], Client]) -> None:
    method, route, *expected = row
    got = []
    for actor in ACTORS:
        with transaction.atomic():  # each finds the team's things as they were
            got.append(str(ask(browser_of(actor), method, route, run)))
            transaction.set_rollback(True)
    assert dict(zip(ACTORS, got, strict=True)) == dict(zip(ACTORS, expected, strict=True))
