"""What the OpenAI API refuses: its own codes where it has one, its own words where programs read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from apps.core.errors import ProductError

STATUS_OF_CODE = {"prompt_too_long": 400, "request_refused": 400, "engine_unavailable": 503}


class InvalidKey(ProductError):
    """No key, a wrong or revoked one, or its person may no longer come in."""

    code = "invalid_api_key"
    status = 401
    sentence = _("Send a valid API key as `Authorization: Bearer <key>`. Keys are made on the page Keys for programs.")
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class ModelNotFound(ProductError):
    """Nothing of this name answers here."""

    code = "model_not_found"
    status = 404
    sentence = _("There is no model of this name here. Ask for `GET /v1/models` to see which there are.")

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence, fields={"model": "unknown"})


class BadRequest(ProductError):
    """The request cannot be done as it is; its first field says where."""

    code = "invalid_value"

    def __init__(self, sentence: str, *, param: str = "", code: str = "") -> None:
        super().__init__(sentence, fields={param: sentence} if param else None)
        self.code = code or self.code


class RunFailed(ProductError):
    """The answer failed, after some of it was written or before; `code` is the run's, and the status goes by it."""

    code = "run_failed"
    status = 503

    def __init__(self, code: str, sentence: str) -> None:
        is_too_long = code == "prompt_too_long"
        super().__init__(sentence, fields={"messages": sentence} if is_too_long else None)
        self.code = "context_length_exceeded" if is_too_long else code
        self.status = STATUS_OF_CODE.get(code, 500)


def invalid(error: ValidationError) -> BadRequest:
    """The first thing that is wrong with a body, never what it held."""
    wrong = error.errors(include_input=False, include_url=False)[0]
    param = path_of(wrong["loc"])
    if wrong["type"] == "extra_forbidden":
        return BadRequest(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
    if wrong["type"] == "missing":
        return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    return BadRequest(f"Invalid value for '{param}': {wrong['msg'].removeprefix('Value error, ')}.", param=param)


def path_of(location: tuple[str | int, ...]) -> str:
    """`messages[0].content`, as the real API writes it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
