"""Refusals in the form that clients of the OpenAI API read: below /v1/ nothing else is sent."""

from __future__ import annotations

from apps.core.errors import ProductError

PREFIX = "/v1/"
TYPES = {429: "rate_limit_error", 500: "server_error", 503: "server_error"}


def error_body(path: str, error: ProductError) -> dict[str, object]:
    """The body that says `error` to whoever asked at `path`."""
    return {"error": openai_error(error) if path.startswith(PREFIX) else error.as_dict()}


def openai_error(error: ProductError) -> dict[str, object]:
    """`{"message", "type", "param", "code"}`; `param` is the first of the fields that are wrong."""
    kind = TYPES.get(error.status, "invalid_request_error")
    return {"message": str(error), "type": kind, "param": next(iter(error.fields), None), "code": error.code}
