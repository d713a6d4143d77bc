"""From llama.cpp's chunks to pieces."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from apps.inference.engines.base import ChatRequest, EngineError, Piece, PromptTooLong, TextPiece, ThinkingPiece, UsagePiece
from apps.inference.engines.llama import Chunk, ChunkReader


def delta(**fields: str | None) -> Chunk:
    """A chunk that carries some more of an answer."""
    return {"choices": [{"delta": fields}]}


def read(*chunks: Chunk, written: str = "") -> list[Piece]:
    """The pieces of `chunks`."""
    reader = ChunkReader(ChatRequest("Why?", written=written))
    return [piece for chunk in chunks for piece in reader.pieces(chunk)]


def test_the_first_chunk_says_nothing() -> None:
    assert read(delta(role="assistant", content=None)) == []


def test_thinking_is_no_part_of_the_answer() -> None:
    assert read(delta(reasoning_content="Hm"), delta(content="Yes")) == [ThinkingPiece("Hm"), TextPiece("Yes")]


def test_the_end_has_figures() -> None:
    end = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}, "timings": {"predicted_per_second": 9.5}}
    assert read(end) == [UsagePiece(3, 2, 9.5)]


def test_figures_come_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((10.0, 10.5, 12.0, 12.5))
    monkeypatch.setattr("apps.inference.engines.llama.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    progress = {**delta(content=None), "prompt_progress": {"total": 7}}
    pieces = read(progress, *(delta(content="x") for _ in range(4)))
    assert [piece for piece in pieces if isinstance(piece, UsagePiece)] == [UsagePiece(7, 3, 1.5)]


def test_what_was_written_does_not_come_again() -> None:
    assert read(delta(content=" wo"), delta(content="rld"), delta(content="s"), written="Hello wor") == [TextPiece("ld"), TextPiece("s")]


def test_white_space_that_the_parser_dropped_is_not_missed() -> None:
    assert read(delta(content="worl"), written="Hello wor") == [TextPiece("l")]


def test_another_text_than_the_written_one_is_an_error() -> None:
    with pytest.raises(EngineError):
        read(delta(content=" moon"), written="Hello wor")


def test_errors_keep_their_kind() -> None:
    too_long = {"type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 5}
    with pytest.raises(PromptTooLong, match="9 tokens long; 5 fit"):
        read({"error": too_long})
    with pytest.raises(EngineError, match="no luck"):
        read({"error": {"message": "no luck"}})
