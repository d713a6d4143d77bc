"""No log tells the secret of a link or the name of a workspace, whoever writes the line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import User
from gemmaweb.logs import LineFormatter

TOKEN = "gU9kVb3e_Zq-7x0mJt5wYc2aLs8dHf4rPiNoB1vC6uE"
PATHS = [f"/reset/{TOKEN}/", f"/invitations/{TOKEN}/", f"/reset/{TOKEN}", f"/invitations/{TOKEN}?next=/"]


class Lines(logging.Handler):
    """What stands in the log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[Lines]:
    """The log as the settings shape it."""
    shapes: Any = settings.LOGGING["formatters"]
    shape = shapes["line"]
    assert shape["class"] == "gemmaweb.logs.LineFormatter"
    handler = Lines()
    handler.setFormatter(LineFormatter(shape["format"], style=shape["style"]))
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("path", PATHS)
def test_a_link_that_opens_nothing(installation: object, log: Lines, path: str) -> None:
    Client().get(path, follow=True)
    assert any("Not Found: /" in line for line in log.lines)
    assert TOKEN not in "".join(log.lines)


@pytest.mark.parametrize("path", PATHS[:2])
def test_a_form_without_our_token(installation: object, log: Lines, path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path, {"password": "x"}).status_code == 403
    assert any("Forbidden (CSRF" in line for line in log.lines)
    assert TOKEN not in "".join(log.lines)


@pytest.mark.parametrize("path", PATHS[:2])
def test_one_try_too_many(installation: object, log: Lines, path: str) -> None:
    assert [Client().get(path).status_code for _ in range(31)][-1] == 429
    assert TOKEN not in "".join(log.lines)


@pytest.mark.parametrize("path", ["/w/heron/", "/w/heron/documents/", "/api/workspaces/heron", "/api/workspaces/heron/search"])
def test_a_workspace_that_is_not_found(charlie: User, log: Lines, path: str) -> None:
    client = Client()
    client.force_login(charlie)
    assert client.get(path).status_code in {404, 405}
    assert log.lines
    assert "heron" not in "".join(log.lines)


def test_a_fault_of_ours(log: Lines) -> None:
    try:
        raise ValueError(f"no row for /reset/{TOKEN}/")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", PATHS[1])
    assert ("Traceback" in log.lines[0], TOKEN in log.lines[0]) == (True, False)


@pytest.mark.parametrize("line", ["GET /w/ 200", "/workspaces/deleted/", "chat: run 0190 ended", "/invitations/ /reset/ preset/x"])
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert LineFormatter().format(logging.LogRecord("x", logging.INFO, "x", 1, line, None, None)) == line
