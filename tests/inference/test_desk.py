"""Requests for vectors and scores, from any process by Redis to the hosts and back."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from apps.core import live
from apps.core.database import in_database
from apps.inference import desk as desks
from apps.inference import finding
from apps.inference.engines.base import EngineError, EngineUnavailable
from apps.inference.finding import NoAnswer
from apps.inference.fitting import need_bytes_of
from apps.inference.host_keeper import HostKeeper
from apps.inference.host_process import HostPlan
from apps.inference.models import InstalledModel
from tests.finder_writer import FinderShape
from tests.finding import install_finder, opened_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def embedder(tmp_path: Path) -> InstalledModel:
    """An embedder in use."""
    return install_finder(tmp_path)


@pytest.fixture
def open_desk() -> Iterator[None]:
    """A worker listens."""
    with opened_desk():
        yield


def test_a_question_and_passages_get_vectors(embedder: InstalledModel, open_desk: None) -> None:
    made = finding.embed_passages(embedder, [("Harbour", "The harbour closes."), ("", "Cats sleep.")])
    assert [len(vector) for vector in made.vectors] == [64, 64]
    assert len(finding.embed_question(embedder, "When?")) == 64


def test_a_reranker_is_asked_beside_the_embedder(embedder: InstalledModel, tmp_path: Path, open_desk: None) -> None:
    reranker = install_finder(tmp_path, FinderShape(name="reranker", ranks=True))
    assert len(finding.rerank(reranker, "When?", ["The harbour closes.", "Cats."])) == 2
    assert finding.embed_question(embedder, "When?")


async def test_two_that_do_not_fit_together_do_not_end_each_other(embedder: InstalledModel, tmp_path: Path) -> None:
    await in_database(install_finder)(tmp_path, FinderShape(name="reranker", ranks=True))
    first, second = await in_database(desks._finders)()
    opened = desks.Desk()
    with tempfile.TemporaryDirectory(prefix="gw-") as sockets:
        opened._hosts = HostKeeper(HostPlan(Path(sockets), 1, 512, memory_bytes=1))
        try:
            for _ in range(3):
                opened._look_at = 0.0
                await opened._look()
                assert list(opened._hosts._hosts) == [first.file]
                assert not opened._hosts._ending
            assert opened._hosts._hosts[first.file].need_bytes == need_bytes_of(first)
            opened._finder(second, [first, second])  # who is asked for it gets it
            assert list(opened._hosts._hosts) == [second.file]
        finally:
            await opened.close()


def test_nobody_there_is_told_in_time(embedder: InstalledModel) -> None:
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="did not answer within 1 s"):
        finding.ask(embedder.pk, {"do": "embed", "texts": ["a"]}, within_s=1)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(("is_patient", "requests"), [(True, finding.PATIENT), (False, finding.URGENT)])
def test_what_was_asked_is_kept_for_as_long_as_anybody_waits(embedder: InstalledModel, is_patient: bool, requests: str) -> None:
    with pytest.raises(NoAnswer):
        finding.ask(embedder.pk, {"do": "embed", "texts": ["a"]}, within_s=0.1, is_patient=is_patient)
    longest_s = max(finding.PASSAGES_S, finding.PROGRAM_S, finding.RERANK_S, finding.QUESTION_S)
    assert longest_s - 2 < live.client().ttl(requests) <= longest_s


def test_what_came_too_late_is_not_done(embedder: InstalledModel, open_desk: None) -> None:
    request = {"id": uuid4().hex, "model": str(embedder.pk), "message": {"do": "embed", "texts": ["a"]}, "until": time.time() - 1}
    live.client().rpush(finding.URGENT, json.dumps(request))
    finding.embed_question(embedder, "Later.")
    assert not live.client().exists(f"{finding.ANSWERS}{request['id']}")


def test_a_model_that_is_not_in_use_is_not_loaded(embedder: InstalledModel, open_desk: None) -> None:
    InstalledModel.objects.update(is_active=False)
    with pytest.raises(EngineUnavailable, match="not in use"):
        finding.embed_question(embedder, "When?")


def test_the_hosts_own_refusal_comes_back(embedder: InstalledModel, open_desk: None) -> None:
    with pytest.raises(EngineError, match="invalid tokens"):
        finding.embed_as_is(embedder, [[10**6]])


def test_files_wait_while_an_answer_is_written_and_people_do_not(
    embedder: InstalledModel, open_desk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding.embed_question(embedder, "Loaded?")
    monkeypatch.setattr("apps.inference.host_keeper.HostKeeper.is_busy", True)
    monkeypatch.setattr(desks, "GIVES_WAY_S", 60)
    files = threading.Thread(target=finding.embed_passages, args=(embedder, [("", "Files do.")]))
    files.start()
    assert finding.embed_question(embedder, "People do not wait.")
    assert files.is_alive()
    monkeypatch.setattr("apps.inference.host_keeper.HostKeeper.is_busy", False)
    files.join(30)
    assert not files.is_alive()


def test_files_do_not_wait_for_ever(embedder: InstalledModel, open_desk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.inference.host_keeper.HostKeeper.is_busy", True)
    monkeypatch.setattr(desks, "GIVES_WAY_S", 0.3)
    assert finding.embed_passages(embedder, [("", "Files do.")]).vectors


def test_one_batch_follows_the_other_at_once(embedder: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "LOOK_EVERY_S", 30)
    with opened_desk():
        finding.embed_passages(embedder, [("", "Loaded?")])
        began = time.monotonic()
        for _ in range(5):
            finding.embed_passages(embedder, [("", "Cats sleep.")])
        assert time.monotonic() - began < desks.LOOK_EVERY_S  # not one of them waited for a listener to wake up


def test_prompts_are_the_makers_own() -> None:
    gemma = InstalledModel(role="embed", catalogue_key="embeddinggemma-300m")
    assert finding.question_text(gemma, "Who {title}?") == "task: search result | query: Who {title}?"
    assert finding.passage_text(gemma, "", "A {text}.") == "title: none | text: A {text}."
    assert finding.passage_text(gemma, "Lease {text}", "A.") == "title: Lease {text} | text: A."
    qwen = InstalledModel(role="embed", catalogue_key="qwen3-embedding-0.6b")
    assert finding.question_text(qwen, "Who?").endswith("\nQuery:Who?")
    assert finding.passage_text(qwen, "Lease", "A.") == "A."


def test_a_file_of_ones_own_has_the_prompts_of_its_family() -> None:
    own = InstalledModel(role="embed", architecture="gemma-embedding")
    assert finding.question_text(own, "Who?").startswith("task: ")
    assert own.file.pooling == "mean"
    assert finding.question_text(InstalledModel(role="embed", architecture="bert"), "Who?") == "Who?"
    assert InstalledModel(role="chat", architecture="qwen3").known is None
