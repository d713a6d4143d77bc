"""Vectors for programs: the embedder that search uses, with nothing of ours written around the texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from apps.api.caller import Caller
from apps.api.v1.bodies import Passed, Taken
from apps.api.v1.refusals import BadRequest, ModelNotFound, RunFailed
from apps.api.v1.tools import Text
from apps.core.database import give_connection_back
from apps.inference import finding
from apps.inference.engines.base import EngineError
from apps.inference.engines.vectors import Vector, packed
from apps.inference.models import InstalledModel

INPUTS_MAX = 2048  # the real API's
BATCH = 32

TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Tokens = Annotated[list[TokenId], Field(min_length=1)]
Filled = Annotated[Text, Field(min_length=1)]


def _inputs(value: object) -> object:
    """A single text, or the tokens of one, as a list of one."""
    is_one = isinstance(value, str) or (isinstance(value, list) and value and all(type(token) is int for token in value))
    return [value] if is_one else value


class EmbeddingsIn(Taken):
    """`POST /v1/embeddings`. Tokens are the model's own."""

    model: str
    input: Annotated[list[Filled | Tokens], Field(min_length=1, max_length=INPUTS_MAX), BeforeValidator(_inputs)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: Passed = None


def embedder_of(caller: Caller, name: str) -> InstalledModel:
    """The embedder in use, if that is its name. Raises ModelNotFound."""
    model = finding.finder_in_use(InstalledModel.Role.EMBED)
    if model is None or name not in (model.name, model.catalogue_key or None) or not caller.workspaces().exists():
        raise ModelNotFound
    return model


def embeddings_of(model: InstalledModel, body: EmbeddingsIn) -> dict[str, Any]:
    """The answer as the real API has it. Raises BadRequest, RunFailed."""
    length = _length(model, body.dimensions)
    vectors: list[Vector] = []
    tokens = 0
    give_connection_back()
    for start in range(0, len(body.input), BATCH):
        try:
            made = finding.embed_as_is(model, body.input[start : start + BATCH])
        except EngineError as error:
            raise RunFailed(error.code, str(error)) from error
        if True in made.cut:
            raise BadRequest(f"Text {start + made.cut.index(True)} is longer than this model reads. Split it.", param="input")
        vectors += made.vectors
        tokens += made.tokens
    form = packed if body.encoding_format == "base64" else list
    data = [{"object": "embedding", "index": at, "embedding": form(_shorter(vector, length))} for at, vector in enumerate(vectors)]
    return {"object": "list", "data": data, "model": model.name, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def _length(model: InstalledModel, wanted: int | None) -> int | None:
    """How many numbers a vector has; None for all. Raises BadRequest where the model was not made for so few."""
    known = model.known
    if wanted is None or (known and wanted == known.dimensions):
        return None
    possible = known.shorter if known else ()
    if wanted not in possible:
        words = f"one of {', '.join(map(str, possible))}" if possible else "left out"
        raise BadRequest(f"The vectors of this model have a fixed length: `dimensions` can only be {words}.", param="dimensions")
    return wanted


def _shorter(vector: Vector, length: int | None) -> Sequence[float]:
    """The first `length` numbers, of length 1 again: what Matryoshka models are trained for."""
    if length is None:
        return vector
    part = vector[:length]
    size = math.sqrt(math.fsum(value * value for value in part)) or 1.0
    return [value / size for value in part]
