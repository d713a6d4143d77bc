"""The models that find passages: which are in use, what is written around their texts, and how they are asked from any process.

Their hosts belong to the worker that generates, like those of the models that answer. Whoever needs vectors leaves a request in a list of
Redis and waits for the answer in another (`desk.py` is the other side): so web, readers and workers ask alike, in one container or in five.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from redis.exceptions import RedisError

from apps.core import live

from . import wire
from .engines.base import EngineUnavailable
from .engines.local import EMBED, RERANK
from .engines.vectors import Vector
from .finders import Embedded, Text, embedded
from .models import InstalledModel

URGENT, PATIENT = "gemmaweb:find:urgent", "gemmaweb:find:patient"
ANSWERS = "gemmaweb:find:answer:"
KEPT_S = 60  # what nobody fetches any more
WAIT_S = 1  # less than the time limit of a connection
QUESTION_S = 4.0  # a person waits for this
RERANK_S = 6.0
PASSAGES_S = 180.0  # a model that is not loaded yet is loaded first
PROGRAM_S = 60.0
ASKED_S = int(PASSAGES_S)  # nobody waits for longer: what was asked is not lost before
PLACE = re.compile(r"\{(?:text|title)\}")
FINDERS = (InstalledModel.Role.EMBED, InstalledModel.Role.RERANK)


class NoAnswer(EngineUnavailable):
    """Nobody answered in time: no worker runs, the model loads, or it is busy."""


def finder_in_use(role: str) -> InstalledModel | None:
    """The embedder or the reranker in use."""
    return InstalledModel.objects.filter(role=role, is_active=True).first()


def question_text(model: InstalledModel, question: str) -> str:
    """`question` as the model wants it."""
    return _written(model.known.query if model.known else "", question)


def passage_text(model: InstalledModel, title: str, text: str) -> str:
    """A passage of a document as the model wants it."""
    return _written(model.known.document if model.known else "", text, title or "none")


def embed_question(model: InstalledModel, question: str) -> Vector:
    """Where `question` stands among the model's vectors. Raises EngineError."""
    message = {"do": EMBED, "texts": [question_text(model, question)]}
    return embedded(ask(model.pk, message, within_s=QUESTION_S)).vectors[0]


def embed_passages(model: InstalledModel, passages: Sequence[tuple[str, str]]) -> Embedded:
    """Vectors of passages, each with its title. People come first. Raises EngineError."""
    texts = [passage_text(model, title, text) for title, text in passages]
    return embedded(ask(model.pk, {"do": EMBED, "texts": texts}, within_s=PASSAGES_S, is_patient=True))


def embed_as_is(model: InstalledModel, texts: Sequence[Text]) -> Embedded:
    """Vectors of texts, with nothing of ours around them. People come first. Raises EngineError."""
    return embedded(ask(model.pk, {"do": EMBED, "texts": list(texts)}, within_s=PROGRAM_S, is_patient=True))


def rerank(model: InstalledModel, question: str, texts: Sequence[str]) -> list[float]:
    """How well each text answers the question; comparable inside one list only. Raises EngineError."""
    message = {"do": RERANK, "question": question, "texts": list(texts)}
    return [float(score) for score in ask(model.pk, message, within_s=RERANK_S)["scores"]]


def ask(model: UUID, message: dict[str, Any], *, within_s: float, is_patient: bool = False) -> dict[str, Any]:
    """The answer of the model's host. The calling thread waits. Raises NoAnswer, and the EngineError that the host met."""
    until = time.time() + within_s
    request = {"id": uuid4().hex, "model": str(model), "message": message, "until": until}
    asked, answers = (PATIENT if is_patient else URGENT), f"{ANSWERS}{request['id']}"
    redis = live.client()
    try:
        pipeline = redis.pipeline()
        pipeline.rpush(asked, json.dumps(request))
        pipeline.expire(asked, ASKED_S)
        pipeline.execute()
        while (left := until - time.time()) > 0:
            if found := redis.blpop([answers], timeout=min(WAIT_S, left)):
                return _read(str(found[1]))
    except RedisError as error:
        raise NoAnswer(f"The model that finds passages cannot be asked: {error}") from error
    raise NoAnswer(f"The model that finds passages did not answer within {within_s:.0f} s.")


def _read(answer: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(answer)
    if "error" in message:
        raise wire.read_error(message)
    return message


def _written(form: str, text: str, title: str = "") -> str:
    """`form` with its places filled, in one go: what is put in may hold such a place itself."""
    return PLACE.sub(lambda place: text if place.group() == "{text}" else title, form or "{text}")
