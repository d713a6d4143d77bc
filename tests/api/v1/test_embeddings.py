"""Vectors for programs, by the official client, from a real embedder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, InternalServerError, NotFoundError
from redis import ConnectionPool
from redis.client import Pipeline

from apps.core import live
from apps.core.database import in_database
from apps.inference import finding
from apps.inference.engines.base import EngineUnavailable
from apps.inference.engines.vectors import unpacked
from apps.inference.models import InstalledModel
from tests.finder_writer import FinderShape
from tests.finding import install_finder, opened_desk

from .conftest import Client

pytestmark = pytest.mark.django_db(transaction=True)
MODEL = "finder"


@pytest.fixture
def embedder(tmp_path: Path) -> Iterator[InstalledModel]:
    """An embedder in use, and a worker that listens."""
    model = install_finder(tmp_path)
    with opened_desk():
        yield model


async def vectors_of(client: Client, texts: Any, **asked: Any) -> Any:
    return await client.openai.embeddings.create(model=MODEL, input=texts, **asked)


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


async def test_a_text_gets_its_vector(client: Client, embedder: InstalledModel) -> None:
    made = await vectors_of(client, "The harbour closes.")
    assert (made.object, made.model, len(made.data)) == ("list", MODEL, 1)
    assert (made.data[0].object, made.data[0].index, len(made.data[0].embedding)) == ("embedding", 0, 64)
    assert cosine(made.data[0].embedding, made.data[0].embedding) == pytest.approx(1, abs=1e-5)
    assert made.usage.prompt_tokens == made.usage.total_tokens > 3


async def test_many_texts_keep_their_order(client: Client, embedder: InstalledModel) -> None:
    made = await vectors_of(client, ["cats"] * 40 + ["The harbour closes."], encoding_format="float")
    alone = await vectors_of(client, "The harbour closes.")
    assert [one.index for one in made.data] == list(range(41))
    assert cosine(made.data[40].embedding, alone.data[0].embedding) == pytest.approx(1, abs=1e-4)


async def test_both_encodings_are_the_same_numbers(client: Client, embedder: InstalledModel) -> None:
    plain = await vectors_of(client, "cats", encoding_format="float")
    short = await vectors_of(client, "cats", encoding_format="base64")
    text: Any = short.data[0].embedding
    assert isinstance(text, str)
    assert list(unpacked(text)) == pytest.approx(plain.data[0].embedding)


async def test_tokens_are_taken_too(client: Client, embedder: InstalledModel) -> None:
    one = await vectors_of(client, [2, 150, 151, 3])
    two = await vectors_of(client, [[2, 150, 151, 3], [2, 152, 3]])
    assert len(one.data) == 1
    assert one.data[0].embedding == pytest.approx(two.data[0].embedding, abs=1e-4)


async def test_shorter_vectors_are_of_length_one(client: Client, embedder: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    gemma = InstalledModel(role="embed", catalogue_key="embeddinggemma-300m").known
    monkeypatch.setattr(InstalledModel, "known", gemma)
    monkeypatch.setattr(finding, "question_text", lambda *_: "")
    whole = (await vectors_of(client, "cats", dimensions=768)).data[0].embedding
    assert len(whole) == 64  # of the small model behind the name; 768 asks for all
    with pytest.raises(BadRequestError, match="one of 512, 256, 128"):
        await vectors_of(client, "cats", dimensions=100)


async def test_a_model_of_one_length_refuses_another(client: Client, embedder: InstalledModel) -> None:
    with pytest.raises(BadRequestError) as refused:
        await vectors_of(client, "cats", dimensions=32)
    assert refused.value.param == "dimensions"


@pytest.mark.parametrize("wrong", ["", [], [""], [[]], ["a", 5], [["a"]], {"a": 1}, ["a"] * 2049, [-1], [1.5]])
async def test_what_is_no_text_is_refused(client: Client, embedder: InstalledModel, wrong: Any) -> None:
    with pytest.raises(BadRequestError) as refused:
        await vectors_of(client, wrong)
    assert str(refused.value.param).startswith("input")


async def test_tokens_that_the_model_does_not_have_are_refused(client: Client, embedder: InstalledModel) -> None:
    with pytest.raises(BadRequestError, match="invalid tokens"):
        await vectors_of(client, [10**6])


async def test_a_text_that_is_too_long_is_refused_by_its_place(client: Client, embedder: InstalledModel) -> None:
    with pytest.raises(BadRequestError, match="Text 1 is longer than this model reads"):
        await vectors_of(client, ["cats", "harbour " * 2000])


async def test_another_name_is_not_found(client: Client, embedder: InstalledModel) -> None:
    with pytest.raises(NotFoundError):
        await client.openai.embeddings.create(model="quote", input="cats")
    await in_database(InstalledModel.objects.update)(is_active=False)
    with pytest.raises(NotFoundError):
        await vectors_of(client, "cats")


async def test_it_is_listed_and_does_not_chat(client: Client, embedder: InstalledModel) -> None:
    assert MODEL in [model.id async for model in client.openai.models.list()]
    assert (await client.openai.models.retrieve(MODEL)).id == MODEL
    with pytest.raises(NotFoundError):
        await client.chat(MODEL)


async def test_a_model_that_is_away_is_a_503(client: Client, embedder: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise EngineUnavailable("The model does not load.")

    monkeypatch.setattr(finding, "embed_as_is", away)
    with pytest.raises(InternalServerError, match="does not load"):
        await vectors_of(client, "cats")


def test_it_stands_behind_the_questions_of_people(embedder: InstalledModel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    redis = live.client()
    monkeypatch.setattr(redis, "pipeline", lambda: SeeingPipeline(redis.connection_pool, asked))
    finding.embed_as_is(embedder, ["A program's."])
    finding.embed_question(embedder, "A person's?")
    assert asked == [finding.PATIENT, finding.URGENT]


class SeeingPipeline(Pipeline):
    """Redis' own, which notes the lists that it adds to."""

    def __init__(self, pool: ConnectionPool, asked: list[str]) -> None:
        super().__init__(pool, {}, transaction=True, shard_hint=None)
        self._asked = asked

    def rpush(self, name: Any, *values: Any) -> Any:
        """Note it, and add."""
        self._asked.append(str(name))
        return super().rpush(name, *values)


async def test_a_reranker_makes_no_vectors(client: Client, tmp_path: Path) -> None:
    await in_database(install_finder)(tmp_path, FinderShape(name=MODEL, ranks=True))
    with pytest.raises(NotFoundError):
        await vectors_of(client, "cats")
