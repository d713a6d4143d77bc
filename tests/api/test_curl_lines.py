"""The lines that the page of keys shows, run as they stand."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from typing import Any

import httpx
import pytest

from tests.api.running import OWNER, SENTENCE, SLUG, Running
from tests.conftest import PASSWORD
from tests.product import wait_until

LINE = re.compile(r'<textarea id="line-(\w+)"[^>]*>(.*?)</textarea>', re.DOTALL)


@pytest.fixture(scope="module")
def owner(running: Running) -> httpx.Client:
    """A browser in which the owner has signed in."""
    browser = httpx.Client(base_url=running.address, follow_redirects=True)
    post(browser, "/accounts/login/", login=OWNER, password=PASSWORD)
    return browser


def post(browser: httpx.Client, path: str, **fields: str) -> str:
    """The page that comes after a form was sent."""
    browser.get(path)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(path).text)
    assert token
    answer = browser.post(path, data={**fields, "csrfmiddlewaretoken": token[1]}, headers={"Referer": str(browser.base_url)})
    assert answer.status_code == 200, answer.text
    return answer.text


def lines_on(page: str) -> dict[str, str]:
    """The lines by their names, as they are copied."""
    return {name: html.unescape(line) for name, line in LINE.findall(page)}


def run(line: str, **variables: str) -> str:
    """What a shell prints for the line."""
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=90, env={**os.environ, **variables})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def lines(owner: httpx.Client) -> dict[str, str]:
    """What is shown after a key was made."""
    return lines_on(post(owner, "/me/keys/", action="create", name="robot", workspace=SLUG))


@pytest.fixture(scope="module")
def uploaded(running: Running, lines: dict[str, str]) -> dict[str, Any]:
    """The file that the second line sends, once it has been read."""
    document: dict[str, Any] = json.loads(run(lines["upload"]))
    path = f"workspaces/{SLUG}/documents/{document['id']}"
    wait_until(lambda: running.get(path)["status"] == "ready", "the file to be read", within_s=60)
    return document


def test_a_file_is_uploaded_and_read(uploaded: dict[str, Any]) -> None:
    assert (uploaded["name"], uploaded["status"], uploaded["size"]) == ("notes.txt", "queued", len(SENTENCE) + 1)


def test_the_files_are_listed(lines: dict[str, str], uploaded: dict[str, Any]) -> None:
    assert uploaded["id"] in [result["id"] for result in json.loads(run(lines["list"]))["results"]]


def test_a_question_is_asked_and_its_answer_streams(lines: dict[str, str], uploaded: dict[str, Any]) -> None:
    events = re.findall(r"^event: (\w+)\ndata: (.*)$", run(lines["ask"]), re.MULTILINE)
    assert events[0][0] == "asked"
    last = json.loads(events[-1][1])
    assert (events[-1][0], last["status"]) == ("ended", "done")
    assert "three months" in last["text"]
    assert last["citations"]


def test_the_openai_api_answers_and_cites(lines: dict[str, str], uploaded: dict[str, Any]) -> None:
    message = json.loads(run(lines["completion"]))["choices"][0]["message"]
    assert "three months" in message["content"]
    assert message["citations"]


def test_later_the_lines_take_the_key_from_the_shell(running: Running, owner: httpx.Client, uploaded: object) -> None:
    later = lines_on(owner.get("/me/keys/").text)
    assert "gemma_" not in "".join(later.values())
    assert json.loads(run(later["list"], GEMMAWEB_KEY=running.keys["viewer"]))["results"]
    assert json.loads(run(later["list"], GEMMAWEB_KEY="wrong"))["error"]["code"] == "unauthorized"
