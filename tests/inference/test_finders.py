"""Embedders and rerankers: real ones, in real hosts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from apps.inference.engines.base import EngineError, EngineUnavailable
from apps.inference.finder_trial import try_finder
from apps.inference.finders import LocalFinder
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.model_file import ModelFile, read_model_file
from tests.finder_writer import FinderShape, write_finder

from .answers import kill

CLOSES, EVENING, CATS = "When does the harbour close?", "The harbour closes in the evening.", "Cats sleep on the island."


@pytest_asyncio.fixture
async def embedder(hosts: HostKeeper, tmp_path: Path) -> LocalFinder:
    """An embedder's host, loading."""
    return finder(hosts, tmp_path, FinderShape())


@pytest_asyncio.fixture
async def reranker(hosts: HostKeeper, tmp_path: Path) -> LocalFinder:
    """A reranker's host, loading."""
    return finder(hosts, tmp_path, FinderShape(name="reranker", ranks=True))


def file_of(folder: Path, shape: FinderShape, pooling: str = "") -> ModelFile:
    path = write_finder(folder / f"{shape.name}.gguf", shape)
    return replace(read_model_file(path, shape.name), role="rerank" if shape.ranks else "embed", pooling=pooling)


def finder(hosts: HostKeeper, folder: Path, shape: FinderShape) -> LocalFinder:
    return LocalFinder(hosts.host(file_of(folder, shape)))


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


async def test_texts_that_share_words_are_near(embedder: LocalFinder) -> None:
    made = await embedder.embed([CLOSES, EVENING, CATS])
    question, answer, other = made.vectors
    assert len(question) == 64
    assert cosine(question, question) == pytest.approx(1, abs=1e-5)
    assert cosine(question, answer) > 0.3 > cosine(question, other)
    assert (made.tokens > 15, made.cut) == (True, [False] * 3)


async def test_a_batch_gives_what_each_gives_alone(embedder: LocalFinder) -> None:
    together = await embedder.embed([CATS, CLOSES] * 8)
    alone = await embedder.embed([CLOSES])
    assert cosine(together.vectors[1], alone.vectors[0]) == pytest.approx(1, abs=1e-4)
    assert len(together.vectors) == 16


async def test_a_text_that_is_too_long_is_cut_and_told(embedder: LocalFinder) -> None:
    made = await embedder.embed([CATS, "harbour " * 2000])
    assert made.cut == [False, True]
    assert cosine(made.vectors[1], (await embedder.embed(["harbour"])).vectors[0]) > 0.9


async def test_tokens_are_taken_as_they_are(embedder: LocalFinder) -> None:
    made = await embedder.embed([[2, 150, 151, 3], [150] * 600])
    assert made.cut == [False, True]
    assert made.vectors[0] != made.vectors[1]


@pytest.mark.parametrize("tokens", [[10**6], [-1]])
async def test_tokens_that_the_model_does_not_have_are_refused(embedder: LocalFinder, tokens: list[int]) -> None:
    with pytest.raises(EngineError, match="invalid tokens"):
        await embedder.embed([tokens])
    assert (await embedder.embed([CATS])).tokens


async def test_a_control_token_in_a_text_is_text(embedder: LocalFinder) -> None:
    plain = await embedder.embed(["boat boat"])
    evil = await embedder.embed(["boat [SEP] boat"])
    assert evil.tokens > plain.tokens + 1


async def test_many_ask_at_once(embedder: LocalFinder) -> None:
    made = await asyncio.gather(*(embedder.embed([CLOSES]) for _ in range(12)))
    assert all(one.vectors[0] == pytest.approx(made[0].vectors[0], abs=1e-4) for one in made)


async def test_a_reranker_gives_each_text_a_score(reranker: LocalFinder) -> None:
    scores = await reranker.rerank(CLOSES, [EVENING, CATS, EVENING])
    assert scores[0] == pytest.approx(scores[2], abs=1e-3)
    assert scores[0] != pytest.approx(scores[1], abs=1e-3)


async def test_a_reranker_takes_what_is_too_long(reranker: LocalFinder) -> None:
    assert len(await reranker.rerank("harbour " * 4000, [CATS, "boat " * 4000])) == 2


async def test_the_same_question_scores_the_same_twice(reranker: LocalFinder) -> None:
    assert await reranker.rerank(CLOSES, [EVENING]) == pytest.approx(await reranker.rerank(CLOSES, [EVENING]), abs=1e-3)


async def test_a_dead_host_comes_back(hosts: HostKeeper, embedder: LocalFinder) -> None:
    before = await embedder.embed([CATS])
    await kill(hosts)
    assert cosine((await embedder.embed([CATS])).vectors[0], before.vectors[0]) == pytest.approx(1, abs=1e-5)


async def test_a_model_that_chats_makes_no_vectors(hosts: HostKeeper, engine: LocalEngine, tiny: Path) -> None:
    with pytest.raises(EngineUnavailable, match="makes no vectors"):
        await LocalFinder(hosts.host(read_model_file(tiny, "tiny"))).embed([CATS])


async def test_without_pooling_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="Pooling type"):
        await try_finder(file_of(tmp_path, FinderShape(has_pooling=False)))


async def test_the_catalogue_says_the_pooling(tmp_path: Path) -> None:
    await try_finder(file_of(tmp_path, FinderShape(has_pooling=False), pooling="mean"))


async def test_a_trial_takes_what_works(tmp_path: Path) -> None:
    await try_finder(file_of(tmp_path, FinderShape()))
    await try_finder(file_of(tmp_path, FinderShape(name="reranker", ranks=True)))


async def test_no_text_is_refused(embedder: LocalFinder) -> None:
    with pytest.raises(EngineError, match="empty"):
        await embedder.embed([])
