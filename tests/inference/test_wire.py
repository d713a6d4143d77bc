"""What goes over the host's socket comes out as it went in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from apps.inference import wire
from apps.inference.engines.base import (
    ChatRequest,
    EngineError,
    EngineUnavailable,
    Passage,
    Piece,
    PromptTooLong,
    QuotePiece,
    TextPiece,
    ThinkingPiece,
    Turn,
    UsagePiece,
)

REQUEST = ChatRequest(
    "Why?\n\u2028\x00",
    turns=(Turn("user", "Who?", images=("AAAA",)), Turn("assistant", "Zoë")),
    images=("BBBB",),
    adapter="/models/letters.gguf",
    passages=(Passage(1, "Tides", "p 3", 'The "moon"', 1.5),),
    system="Be kind",
    written="It was",
    max_tokens=7,
    language="de",
    has_documents=True,
    relevance=0.5,
)


def sent(message: dict[str, object]) -> dict[str, Any]:
    """A message as it arrives."""
    line = wire.line(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    received: dict[str, Any] = json.loads(line)
    return received


def test_a_request_arrives_whole() -> None:
    message = sent(wire.chat_message(REQUEST))
    assert message["do"] == "chat"
    assert wire.read_request(message["request"]) == REQUEST


def test_what_only_quoting_needs_stays_behind() -> None:
    message = sent(wire.chat_message(replace(REQUEST, weights={"moon": 2.0})))
    assert wire.read_request(message["request"]) == REQUEST


@pytest.mark.parametrize("piece", [TextPiece(" moon\n"), TextPiece("北"), ThinkingPiece("Hm"), UsagePiece(3, 2, 9.5)])
def test_a_piece_arrives_whole(piece: Piece) -> None:
    assert wire.read_piece(sent(wire.piece_message(piece))) == piece


def test_half_a_character_does_not_end_the_stream() -> None:
    assert wire.read_piece(sent(wire.piece_message(TextPiece("a\ud83d")))) == TextPiece("a?")


def test_a_local_model_quotes_nothing() -> None:
    with pytest.raises(TypeError):
        wire.piece_message(QuotePiece(1, 1, "moon"))


@pytest.mark.parametrize("kind", [EngineError, EngineUnavailable, PromptTooLong])
def test_an_error_keeps_its_class_and_sentence(kind: type[EngineError]) -> None:
    error = wire.read_error(sent(wire.error_message(kind("No luck."))))
    assert (type(error), str(error)) == (kind, "No luck.")


def test_an_error_in_place_of_a_piece_is_raised() -> None:
    with pytest.raises(PromptTooLong):
        wire.read_piece(sent(wire.error_message(PromptTooLong("Too long."))))
