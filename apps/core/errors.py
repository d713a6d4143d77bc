"""What can go wrong, as one family: a code for programs, a status for HTTP, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.utils.translation import gettext_lazy as _


class ProductError(Exception):
    """The base of every error that a person or a program is told about; subclasses stand beside what raises them."""

    code = "error"
    status = 400
    sentence: object = _("Something went wrong. Try again.")
    headers: ClassVar[Mapping[str, str]] = {}  # of the answer by HTTP

    def __init__(self, sentence: str | None = None, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(*filter(None, (sentence,)))
        self.fields = dict(fields or {})

    def __str__(self) -> str:
        """The sentence, in the language of whoever is told: it may have been raised where that was not known."""
        return str(self.args[0] if self.args else self.sentence)

    def as_dict(self) -> dict[str, object]:
        """The body that every door sends: `{"code", "message", "fields"?}`."""
        body: dict[str, object] = {"code": self.code, "message": str(self)}
        if self.fields:
            body["fields"] = self.fields
        return body


class NotFound(ProductError):
    """Missing and foreign things look the same."""

    code = "not_found"
    status = 404
    sentence = _("This is not here, or it is not yours to see.")


class Forbidden(ProductError):
    """The person may see the thing, but not do this to it."""

    code = "forbidden"
    status = 403
    sentence = _("Your role in this workspace does not allow this.")


class Invalid(ProductError):
    """The request cannot be understood; `fields` says where."""

    code = "invalid"
    status = 422
    sentence = _("This request cannot be understood.")
