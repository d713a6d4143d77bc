"""An embedder or a reranker in this process, run by llama.cpp. Only the engine host imports this."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .base import EngineError, RequestRefused
from .gguf_header import read_header
from .llama import error_of, load_server
from .llama_prompt import Neutraliser
from .llama_tokens import tokens_of
from .vectors import packed

POOLINGS = {"mean": "MEAN", "cls": "CLS", "last": "LAST"}
RANK = "RANK"
REFUSED = "invalid_request_error"
SPECIAL_TOKENS = 4  # that llama.cpp puts around and between texts; no tokenizer needs more
QUESTION_SHARE = 0.5  # of the context, where question and passage are too long together
MARGIN = 0.95

Text = str | list[int]


class _Finder:
    """What both have: a server with one batch a text, and texts made to fit."""

    def __init__(self, path: Path, *, slots: int, context_tokens: int, pooling: str) -> None:
        self.slots = slots
        header = read_header(path, chats=False)
        self.context_tokens = min(context_tokens, header.context_length)
        self._neutral = Neutraliser(header.control_tokens)
        self._key = secrets.token_urlsafe(32)
        adjust = _adjuster(self.context_tokens, pooling)
        self._server = load_server(path, self._key, slots=slots, context_tokens=self.context_tokens, adjust=adjust)

    def _fitted(self, text: str, room: int) -> tuple[str, bool]:
        """As much of the beginning of `text` as has room, and whether something was left out. No token is shorter than a byte."""
        text = self._neutral(text)
        if len(text.encode("utf-8", "replace")) <= room:
            return text, False
        is_cut = False
        while text and (tokens := self._count(text)) > room:
            text, is_cut = text[: int(len(text) * room / tokens * MARGIN)], True
        return text, is_cut

    def _count(self, text: str) -> int:
        return len(tokens_of(self._server.listening_address, self._key, text))

    def _handled(self, handle: Callable[[dict[str, Any]], Any], body: dict[str, Any]) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = handle(body)
        except (RuntimeError, ValueError) as error:
            raise RequestRefused(f"The model refused the request: {error}") from error
        if "error" in answer:
            reported = error_of(answer["error"])
            raise RequestRefused(str(reported)) if answer["error"].get("type") == REFUSED else reported
        return answer


class LlamaEmbedder(_Finder):
    """Makes a vector of each text."""

    def __init__(self, path: Path, *, slots: int, context_tokens: int, pooling: str = "") -> None:
        """Without `pooling` the file decides. Raises BadModelFile, and EngineUnavailable if llama.cpp refuses the file."""
        super().__init__(path, slots=slots, context_tokens=context_tokens, pooling=POOLINGS.get(pooling, ""))

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """{"vectors", "tokens", "cut"} to {"texts"}: vectors of length 1, all tokens together, which texts were too long.

        A text may be a list of the model's own tokens. Raises EngineError.
        """
        inputs, cut = self._inputs(message["texts"])
        answer = self._handled(self._server.handle_embeddings, {"input": inputs})
        rows = sorted(answer["data"], key=lambda row: int(row["index"]))
        vectors = [_normalised(row["embedding"]) for row in rows]
        return {"vectors": [packed(vector) for vector in vectors], "tokens": int(answer["usage"]["prompt_tokens"]), "cut": cut}

    def _inputs(self, texts: Sequence[Text]) -> tuple[list[Text], list[bool]]:
        inputs: list[Text] = []
        cut = []
        for text in texts:
            is_cut = isinstance(text, list) and len(text) > self.context_tokens
            if isinstance(text, str):
                text, is_cut = self._fitted(text, self.context_tokens - SPECIAL_TOKENS)
            inputs.append(text[: self.context_tokens])
            cut.append(is_cut)
        return inputs, cut


class LlamaReranker(_Finder):
    """Says how well each text answers a question."""

    def __init__(self, path: Path, *, slots: int, context_tokens: int) -> None:
        """Raises BadModelFile, and EngineUnavailable if llama.cpp refuses the file."""
        super().__init__(path, slots=slots, context_tokens=context_tokens, pooling=RANK)

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """{"scores"} to {"question", "texts"}, one a text; higher is better, comparable inside one answer only. Raises EngineError."""
        room = self.context_tokens - SPECIAL_TOKENS
        question, _ = self._fitted(message["question"], int(room * QUESTION_SHARE))
        left = room - self._count(question)
        texts = [self._fitted(text, left)[0] for text in message["texts"]]
        answer = self._handled(self._server.handle_rerank, {"query": question, "documents": texts})
        scores = {int(row["index"]): float(row["relevance_score"]) for row in answer["results"]}
        if len(scores) != len(texts) or not all(map(math.isfinite, scores.values())):
            raise EngineError("The model gives no scores that mean something.")
        return {"scores": [scores[at] for at in range(len(texts))]}


def _adjuster(context_tokens: int, pooling: str) -> Callable[[Any], None]:
    def adjust(params: Any) -> None:
        import xllamacpp  # heavy

        params.embedding = True
        params.n_batch = params.n_ubatch = context_tokens  # a text is read in one go, or refused
        params.cache_ram_mib = 0  # a reranker would leave 23 MB of each request in it (llama.cpp #26293), and nothing is ever gone on with
        params.n_ctx_checkpoints = 0
        if pooling:
            params.pooling_type = getattr(xllamacpp.llama_pooling_type, f"LLAMA_POOLING_TYPE_{pooling}")

    return adjust


def _normalised(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(math.fsum(value * value for value in vector))
    if not math.isfinite(length):
        raise EngineError("The model gives no numbers. EmbeddingGemma does not work as F16: take a Q8_0, BF16 or F32 file.")
    return [value / (length or 1.0) for value in vector]  # a text of which the model knows no word may have none
