"""What a deleted workspace leaves behind in the home of a running product: nothing, in no file of any of its programs."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gemmaweb.local.folder import Home
from tests.conftest import PASSWORD
from tests.local.visitor import Visitor
from tests.product import Product, wait_until

ADA = "ada@example.org"
# A word of its own for each place, to tell where one was left. None is a word of any language, a name or an id.
WORDS = (
    "qzheronname", "qzherontitle", "qzheronquestion", "qzheronfile", "qzherontext", "qzheronsecond", "qzheronfailed", "qzheronreason",
    "qzheronthinking", "qzherondraft", "qzheronnote", "qzheronkey", "qzheronquery", "qzheronrefused",
)  # fmt: skip
BY_HAND = """
    UPDATE chat_message SET thinking = 'qzheronthinking' WHERE text LIKE '%qzherontext%';
    UPDATE chat_generation SET text = 'qzherondraft' WHERE status = 'done';
    UPDATE documents_documentversion SET reason = 'qzheronreason' WHERE status = 'failed';
"""


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """The running product, with Ada as its administrator and owner of the workspace `team`."""
    folder = Path(tempfile.mkdtemp(prefix="gemmaweb-canary-"))
    folder.chmod(0o755)
    running = Product(folder / "home")
    running.start()
    running.manage("createadmin", "--email", ADA, "--password-stdin", given=PASSWORD)
    yield running
    running.stop()
    shutil.rmtree(folder)


def in_the_database(product: Product, statement: str) -> list[tuple[object, ...]]:
    """What the database answers, if it answers with rows."""
    with psycopg.connect(Home(product.home).database_url(), autocommit=True) as connection:
        done = connection.execute(statement)
        return done.fetchall() if done.description else []


def found_in(product: Product) -> dict[str, set[str]]:
    """The files of the home in which each word stands; what PostgreSQL has in memory is written out first."""
    in_the_database(product, "CHECKPOINT")
    found: dict[str, set[str]] = {}
    for path in product.home.rglob("*"):
        content = read(path)
        for word in WORDS:
            if word.encode() in content or word in str(path):
                found.setdefault(word, set()).add(path.relative_to(product.home).as_posix())
    return found


def read(path: Path) -> bytes:
    """The bytes of a file; none where it is no file, or has just gone."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:
        return b""


def live_in(product: Product) -> str:
    """Let Ada live in a workspace until every word is somewhere in it; returns its short name."""
    product.manage("createworkspace", "qzheronname", "--owner", ADA)
    with Visitor(product, ADA, PASSWORD) as ada:
        slug = "qzheronname"
        ada.post(f"/w/{slug}/settings/", {"name": "Qzheronname qzheronname", "answering": "best", "language": "en"})
        ada.upload(slug, "qzheronfile.txt", b"The qzherontext waits at the seventh pier. The notice is six months.")
        ada.upload(slug, "second.txt", b"<html><title>qzheronsecond</title><p>The qzheronsecond leaves at noon.</p></html>")
        assert ada.upload(slug, "qzheronfailed.pdf", b"%PDF-1.7\nbroken qzheronfailed")["status"] == "failed"
        talk = ada.send(f"/api/workspaces/{slug}/conversations", {"title": "qzherontitle"})["id"]
        assert "qzherontext" in ada.ask(talk, "Where does the qzherontext wait? qzheronquestion")["text"]
        ada.send(f"/api/workspaces/{slug}/search", {"query": "qzheronquery"})
        ada.post(f"/w/{slug}/people/", {"action": "invite", "role": "member", "note": "qzheronnote"})
        ada.post("/me/keys/", {"action": "create", "name": "qzheronkey", "workspace": slug})
        ada.get(f"/c/{talk}/")
    in_the_database(product, BY_HAND)
    with pytest.raises(psycopg.Error):
        in_the_database(product, "INSERT INTO workspaces_workspace (id, name) VALUES (gen_random_uuid(), 'qzheronrefused')")
    in_the_database(product, "ANALYZE")
    return slug


def send_for_the_purge(product: Product) -> None:
    product.manage("shell", "--no-imports", "-c", "from apps.core import queue; queue.send('workspaces.sweep')")


def test_nothing_is_left(product: Product) -> None:
    with Visitor(product, ADA, PASSWORD) as ada:
        ada.upload("team", "kept.txt", b"The gull sleeps on the roof.")
    slug = live_in(product)
    before = found_in(product)
    assert set(WORDS) - set(before) == {"qzheronquery", "qzheronrefused"}, "what is searched for, and what is refused, is written nowhere"
    assert {"postgres-18", "files", "valkey"} == {place.split("/")[0] for places in before.values() for place in places}
    with Visitor(product, ADA, PASSWORD) as ada:
        ada.post(f"/w/{slug}/delete/", {"name": "Qzheronname qzheronname"})
        assert ada.get(f"/w/{slug}/").status_code == 404
    in_the_database(product, "UPDATE workspaces_workspace SET deleted_at = now() - interval '1 hour' WHERE deleted_at IS NOT NULL")
    send_for_the_purge(product)
    os.kill(product.pid_of("ingest"), signal.SIGKILL)  # somewhere on its way
    send_for_the_purge(product)  # as beat does, once a minute
    erased = "SELECT 1 FROM workspaces_workspace WHERE deleted_at IS NOT NULL"
    wait_until(lambda: in_the_database(product, erased) == [], "the workspace to be erased", within_s=150)
    wait_until(lambda: not any("valkey" in places for places in found_in(product).values()), "Valkey's file to be rewritten", within_s=30)
    assert found_in(product) == {}


def test_the_other_workspace_is_as_it_was(product: Product) -> None:
    with Visitor(product, ADA, PASSWORD) as ada:
        hits = ada.send("/api/workspaces/team/search", {"query": "Where does the gull sleep?"})["results"]
    assert [hit["text"] for hit in hits] == ["The gull sleeps on the roof."]
