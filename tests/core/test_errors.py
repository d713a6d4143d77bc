"""All that can go wrong: each has a code of its own for programs, a status, and a sentence for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from django.test import Client
from django.utils import translation
from django.utils.functional import Promise

from apps.accounts.models import User
from apps.accounts.pictures import PictureRefused
from apps.accounts.services import PersonRefused
from apps.chat import consumers, routing
from apps.chat.images import ImageRefused
from apps.core.errors import Forbidden, Invalid, NotFound, ProductError
from apps.core.http import error_response
from apps.documents.parsing import errors as parsing
from gemmaweb import urls
from tests.conftest import signed_in

SITE = (urls, routing, consumers)  # whoever loads these has loaded every module that a visitor meets
PEOPLE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}


def below(base: type[ProductError]) -> Iterator[type[ProductError]]:
    """Every error of the family, whole branches included."""
    for error in base.__subclasses__():
        yield error
        yield from below(error)


BASES = {PersonRefused, PictureRefused, ImageRefused}  # never raised themselves
ALL = [error for error in below(ProductError) if error.__module__.startswith(("apps.", "gemmaweb.")) and error not in BASES]


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_each_has_a_code_a_status_and_a_sentence(error: type[ProductError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert error.code != ProductError.code
    assert error.status in {400, 401, 403, 404, 405, 409, 410, 411, 413, 415, 422, 429, 503}
    assert str(error.sentence).endswith(".")
    assert isinstance(error.sentence, Promise)  # said in the language of whoever asks, not of whoever loads the module


def test_no_two_have_one_code() -> None:
    codes = Counter(error.code for error in ALL)
    assert [code for code, count in codes.items() if count > 1] == []


READING = list(parsing.every())


@pytest.mark.parametrize("error", READING, ids=lambda error: error.__name__)
def test_a_reason_of_the_reader_survives_the_way_from_the_child(error: type[parsing.ParseError]) -> None:
    came = parsing.by_code(error.code)
    assert (type(came), came.sentence) == (error, error.default)
    assert error.default.endswith(".")
    assert len(error.code) <= 40  # its column


@pytest.mark.parametrize("code", ["", "parse_error", "__class__", "Crashed", "ready"])
def test_a_reason_that_a_child_makes_up_is_a_crash(code: str) -> None:
    assert isinstance(parsing.by_code(code), parsing.Crashed)


def test_the_sentence_can_be_closer_to_the_case() -> None:
    assert NotFound("No page 7.").as_dict() == {"code": "not_found", "message": "No page 7."}
    assert Forbidden().as_dict() == {"code": "forbidden", "message": str(Forbidden.sentence)}


def test_it_says_which_field_is_wrong_where_one_is() -> None:
    assert Invalid(fields={"name": "Too long."}).as_dict()["fields"] == {"name": "Too long."}
    assert "fields" not in Invalid().as_dict()


@pytest.mark.parametrize(
    ("path", "headers", "is_page"),
    [
        ("/w/nowhere/", PEOPLE, True),
        ("/w/nowhere/", PROGRAM, False),
        ("/w/nowhere/", {}, False),
        ("/api/workspaces/nowhere/documents", PEOPLE, False),
    ],
)
def test_people_get_a_page_and_programs_their_form(alice: User, path: str, headers: dict[str, str], is_page: bool) -> None:
    answer = signed_in(alice).get(path, headers=headers)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].split(";")[0] == ("text/html" if is_page else "application/json")


def test_a_page_says_the_sentence_as_text() -> None:
    request = HttpRequest()
    request.META.update({"HTTP_ACCEPT": "text/html", "SERVER_NAME": "localhost", "SERVER_PORT": "80"})
    request.path = "/w/harbour/"
    page = error_response(request, Invalid("<script>alert(1)</script>"))
    assert page.status_code == 422
    assert b"<script>alert" not in page.content
    assert b"&lt;script&gt;alert" in page.content


@pytest.mark.parametrize("headers", [PEOPLE, PROGRAM])
def test_a_method_that_is_not_taken_is_told_with_those_that_are(alice: User, client: Client, headers: dict[str, str]) -> None:
    answer = client.delete("/", headers=headers)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.headers["Content-Type"].split(";")[0] == headers["Accept"].split(",")[0]


def test_it_speaks_the_language_of_whoever_is_told() -> None:
    error = NotFound()
    with translation.override("de"):
        assert str(error) == error.as_dict()["message"] == "Das gibt es hier nicht, oder es ist nicht für Sie bestimmt."
    assert str(error) == "This is not here, or it is not yours to see."
