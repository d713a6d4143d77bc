"""What goes over the engine host's socket: one connection a request, one JSON object a line. Closing the connection stops the request.

The worker sends {"do": "chat" | "count" | "embed" | "rerank", ...}; the host answers with pieces, and at the end with "done" or "error", or
with the one message that holds the count, the vectors or the scores.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from .engines.base import (
    CallPiece,
    ChatRequest,
    ContextPiece,
    EngineError,
    EngineUnavailable,
    Passage,
    Piece,
    PromptTooLong,
    RequestRefused,
    Sampling,
    TextPiece,
    ThinkingPiece,
    ToolCall,
    Turn,
    UsagePiece,
    Wanted,
)

GREETING = b"ready\n"  # the host's, on each connection
LINE_MAX_BYTES = 64 * 1024 * 1024
ERRORS: dict[str, type[EngineError]] = {error.code: error for error in (EngineError, EngineUnavailable, PromptTooLong, RequestRefused)}


def line(message: dict[str, Any]) -> bytes:
    """`message` as it is sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def chat_message(request: ChatRequest) -> dict[str, Any]:
    """The message that asks for an answer; what only other engines need stays behind."""
    return {"do": "chat", "request": asdict(request) | {"weights": {}}}


def read_request(fields: dict[str, Any]) -> ChatRequest:
    """The request in a chat message."""
    turns, since = _turns(fields.pop("turns")), _turns(fields.pop("since"))
    passages = tuple(Passage(**passage) for passage in fields.pop("passages"))
    asked = fields.pop("sampling")
    sampling = Sampling(**asked | {"stop": tuple(asked["stop"])})
    wanted = Wanted(**fields.pop("wanted"))
    images = tuple(fields.pop("images"))
    return ChatRequest(images=images, turns=turns, since=since, passages=passages, sampling=sampling, wanted=wanted, **fields)


def _turns(turns: list[dict[str, Any]]) -> tuple[Turn, ...]:
    return tuple(
        Turn(**turn | {"calls": tuple(ToolCall(**call) for call in turn["calls"]), "images": tuple(turn["images"])}) for turn in turns
    )


def piece_message(piece: Piece) -> dict[str, Any]:
    """The message that carries `piece`; a local model quotes nothing, so there are five kinds."""
    match piece:
        case TextPiece(text):
            return {"text": text}
        case ThinkingPiece(text):
            return {"thinking": text}
        case CallPiece(call):
            return {"call": asdict(call)}
        case UsagePiece():
            return {"usage": asdict(piece)}
        case ContextPiece():
            return {"context": asdict(piece)}
    raise TypeError(piece)


def read_piece(message: dict[str, Any]) -> Piece:
    """The piece in a message. Raises the EngineError that it carries instead."""
    if "text" in message:
        return TextPiece(message["text"])
    if "thinking" in message:
        return ThinkingPiece(message["thinking"])
    if "call" in message:
        return CallPiece(ToolCall(**message["call"]))
    if "usage" in message:
        return UsagePiece(**message["usage"])
    if "context" in message:
        told = message["context"]
        return ContextPiece(**told | {"passages_left": tuple(told["passages_left"])})
    raise read_error(message)


def error_message(error: EngineError) -> dict[str, Any]:
    """The message that ends a request which failed."""
    return {"error": {"code": error.code, "message": str(error)}}


def read_error(message: dict[str, Any]) -> EngineError:
    """The error in a message, of its own class."""
    error = message["error"]
    return ERRORS[error["code"]](error["message"])
