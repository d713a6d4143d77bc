"""The OpenAPI document: each operation by a name that stays, with every answer that it may give."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.conf import settings
from django.utils.translation import override
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from apps.api.refusals import DifferentMedia, NoKey, NotOurPage, Unreadable
from apps.core.bodies import BodyTooLarge
from apps.core.errors import Invalid, ProductError
from apps.core.ratelimit import TooMany
from apps.workspaces.middleware import NotSetUp

Refusals = Iterable[type[ProductError]]
Json = dict[str, Any]

EVERYWHERE: Refusals = (NoKey, TooMany, NotSetUp)
OF_A_BODY: Refusals = (BodyTooLarge, DifferentMedia, Invalid)
OF_JSON: Refusals = (*OF_A_BODY, Unreadable)
MARK = "x-refusals"  # where the classes stand until the document is written
UNSAFE = {"post", "put", "patch", "delete"}
EXAMPLE_MB = {"mb": 2}

ABOUT = """\
Everything that a program needs of Gemmaweb: files, search, conversations, and answers as they are written.

A program sends an API key (*Keys for programs*, in the account menu) as `Authorization: Bearer <key>`. A key acts for one person in one
workspace, with that person's role there and never more. Pages of this site come in by their session, and send `X-CSRFToken` with
whatever changes something.

Every refusal has one form: `{"error": {"code", "message", "fields"?}}`. `code` stays as it is, `message` is a sentence for people: for a
session in the language that the person has chosen, for a key in that of `Accept-Language`, and without one in the person's.
What is missing and what belongs to others is answered alike, with 404.

Long lists come in pages: `next` of one page is the `cursor` of the page after it, and null on the last.
"""
TAGS = [
    {"name": "me", "description": "Who asks, and what they may reach."},
    {"name": "workspaces", "description": "Teams, and who is on them."},
    {"name": "documents", "description": "Files of a workspace, how far each has been read, and search in them."},
    {"name": "conversations", "description": "A person's own talks: questions, answers, and the runs that write them."},
]
SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: it begins with `gemma_`."},
    "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME, "description": "Our own pages, once signed in."},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken", "description": "With a session, for whatever changes something."},
}
ERROR = {
    "type": "object",
    "title": "Error",
    "description": "Why something was refused.",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "For programs; it never changes."},
                "message": {"type": "string", "description": "For people: what went wrong and what to do next."},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}, "description": "What is wrong, by field."},
                "document": {"$ref": "#/components/schemas/DocumentRef", "description": "Of `duplicate`: the one that is here already."},
            },
        }
    },
}


def told(name: str, summary: str, *refused: type[ProductError], takes: Refusals = (), **more: Any) -> Json:
    """What a route says about itself: its operation id, its summary, and what it refuses besides EVERYWHERE; `more` is OpenAPI."""
    return {"operation_id": name, "summary": summary, "openapi_extra": {MARK: [*EVERYWHERE, *takes, *refused], **more}}


def leads_to(status: int, operations: str, **parameters: str) -> dict[int, Json]:
    """For `responses`: what can be asked next, with what was sent or answered here."""
    return {status: {"links": {name: {"operationId": name, "parameters": parameters} for name in operations.split()}}}


class DescribedAPI(NinjaAPI):
    """An API whose document is written once: it is the same for everybody, and everybody may ask for it."""

    _written: OpenAPISchema | None = None

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Json | None = None) -> OpenAPISchema:
        """The document."""
        if self._written is None:
            with override("en"):
                self._written = _complete(super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params))
        return self._written


def _complete(document: OpenAPISchema) -> OpenAPISchema:
    for path in document["paths"].values():
        for method, operation in path.items():
            refused = operation.pop(MARK) + ([NotOurPage] if method in UNSAFE else [])
            operation["responses"] |= _refusals(refused)
            for parameter in operation["parameters"]:
                parameter["schema"] = _sendable(parameter["schema"])
            operation["security"] = [{"key": []}, {"session": [], "csrf": []} if method in UNSAFE else {"session": []}]
    named = document["components"]["schemas"] | {"Error": ERROR}
    document["components"]["schemas"] = {
        name: schema for name, schema in named.items() if f'/schemas/{name}"' in json.dumps([document, ERROR])
    }
    document["components"]["securitySchemes"] = SECURITY
    return document


def _sendable(schema: Json) -> Json:
    """What can stand in an address: there is no null."""
    kinds: list[Json] = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name not in {"anyOf", "default"}}, **kinds[0]}


def _refusals(refused: list[type[ProductError]]) -> Json:
    """The answers that are none, by status: each code with its sentence."""
    ordered = sorted(dict.fromkeys(refused), key=lambda error: (error.status, error.code))
    return {str(status): _refusal(list(errors)) for status, errors in groupby(ordered, key=lambda error: error.status)}


def _refusal(errors: list[type[ProductError]]) -> Json:
    examples = {
        error.code: {"summary": _says(error), "value": {"error": {"code": error.code, "message": _sentence(error)}}} for error in errors
    }
    answer: Json = {
        "description": " ".join(f"`{error.code}`: {_says(error)}" for error in errors),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "examples": examples}},
    }
    if headers := {name: value for error in errors for name, value in error.headers.items()}:
        answer["headers"] = {name: {"required": True, "schema": {"type": "string", "const": value}} for name, value in headers.items()}
    return answer


def _says(error: type[ProductError]) -> str:
    return (error.__doc__ or "").strip().split("\n")[0]


def _sentence(error: type[ProductError]) -> str:
    sentence = str(error.sentence)
    return sentence % EXAMPLE_MB if "%(mb)s" in sentence else sentence
