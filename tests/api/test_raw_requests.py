"""Requests that no library would send, to the running product: each is refused at once, and web lives on as the same process."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.api.running import SLUG, Running

QUICK_S = 10  # two busy cores; each of these takes milliseconds
JSON_ROUTES = [("POST", "workspaces/{slug}/search"), ("POST", "workspaces/{slug}/conversations"), ("POST", "conversations/{talk}/messages")]
JSON_ROUTES += [("PATCH", "conversations/{talk}")]
DEEP = 10_000
BODIES: dict[str, bytes] = {
    "list": b"[]",
    "text": b'"x"',
    "number": b"7",
    "unknown field": b'{"surprise": 1}',
    "deep list": b"[" * DEEP + b"]" * DEEP,
    "deep object": b'{"text":' * DEEP + b"1" + b"}" * DEEP,
    "deep in a field": b'{"text": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "2 MB and more": b'{"text": "' + b"x" * 2 * 1024 * 1024 + b'"}',
    "a name twice": b'{"text": "a", "text": "b", "query": "a", "query": "b", "title": "a", "title": "b"}',
    "no UTF-8": b'{"text": "\xff\xfe", "query": "\xff", "title": "\xff"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "half a pair": b'{"text": "\\ud800", "query": "\\ud800", "title": "\\ud800"}',
    "NUL": b'{"text": "a\\u0000", "query": "a\\u0000", "title": "a\\u0000"}',
    "a long number": b'{"text": ' + b"9" * 100_000 + b', "query": 1, "title": 1}',
    "a number of another kind": b'{"text": NaN, "query": NaN, "title": NaN}',
    "cut off": b'{"text": "a',
}
TAKEN_BY_SOME = {"no body": b"", "null": b"null", "{}": b"{}"}  # a conversation needs no body


@pytest.fixture(autouse=True)
def same_process(running: Running) -> Iterator[None]:
    """Web is not another process afterwards, and says nothing of a fault of its own."""
    running.forget_tries()
    web, said = running.product.pid_of("web"), len(running.log())
    yield
    assert running.product.pid_of("web") == web
    assert "Traceback" not in running.log()[said:]


@pytest.fixture(scope="module")
def talk(running: Running) -> str:
    """A conversation of the owner's."""
    status, body = send(running, "POST", f"workspaces/{SLUG}/conversations", b"{}")
    assert status == 201
    return str(json.loads(body)["id"])


def send(running: Running, method: str, path: str, body: bytes = b"", media: str = "application/json", **headers: str) -> tuple[int, bytes]:
    """Status and body of the answer, which came quickly."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(urlsplit(running.address).netloc, timeout=30)
    sent = {"Authorization": f"Bearer {running.keys['owner']}", "Content-Type": media, **headers}
    connection.request(method, f"/api/{path}", body, sent)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    assert time.monotonic() - began < QUICK_S
    return found


def raw(running: Running, data: bytes) -> bytes:
    """All that comes back for these bytes until the server closes or there is an answer."""
    parts = urlsplit(running.address)
    assert parts.port
    answer = b""
    with socket.create_connection((parts.hostname or "", parts.port), timeout=30) as connection:
        began = time.monotonic()
        try:
            connection.sendall(data)
            while b"\r\n\r\n" not in answer and (more := connection.recv(65536)):
                answer += more
        except (ConnectionResetError, BrokenPipeError):  # it has heard enough
            pass
        assert time.monotonic() - began < QUICK_S
    return answer


def refusal(body: bytes) -> str:
    """The code of a refusal, in the one form."""
    error = json.loads(body)["error"]
    assert error["message"]
    return str(error["code"])


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
def test_a_wrong_body_is_refused(running: Running, talk: str, method: str, path: str, body: bytes) -> None:
    status, answer = send(running, method, path.format(slug=SLUG, talk=talk), body)
    assert 400 <= status < 500, answer
    assert refusal(answer) in {"invalid", "unreadable", "too_large", "question_unreadable"}


@pytest.mark.parametrize("body", TAKEN_BY_SOME.values(), ids=TAKEN_BY_SOME.keys())
@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
def test_a_body_of_nothing_is_refused_where_something_is_needed(running: Running, talk: str, method: str, path: str, body: bytes) -> None:
    status, answer = send(running, method, path.format(slug=SLUG, talk=talk), body)
    assert status == (201 if path.endswith("/conversations") else 422), answer


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=utf-16"])
def test_a_body_that_says_it_is_something_else(running: Running, talk: str, media: str) -> None:
    status, _ = send(running, "POST", f"conversations/{talk}/messages", '{"text": "a"}'.encode("utf-16"), media)
    assert status in {400, 415}


NO_FILE = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--\r\n'
MANY = b"".join(b'--x\r\nContent-Disposition: form-data; name="%d"\r\n\r\n\r\n' % number for number in range(2000)) + b"--x--\r\n"


@pytest.mark.parametrize("form", [b"", b"--x--", b"--x\r\n", b"not a form", NO_FILE, MANY, b"\0" * 1000])
def test_a_form_that_is_none(running: Running, form: bytes) -> None:
    status, answer = send(running, "POST", f"workspaces/{SLUG}/documents", form, "multipart/form-data; boundary=x")
    assert (status, refusal(answer)) in {(422, "invalid"), (400, "unreadable_form")}


@pytest.mark.parametrize("boundary", ["", ";", "; boundary=", "; boundary=" + "x" * 300, "; boundary=\xe4"])
def test_a_form_without_a_boundary(running: Running, boundary: str) -> None:
    status, answer = send(running, "POST", f"workspaces/{SLUG}/documents", NO_FILE, f"multipart/form-data{boundary}")
    assert (status, refusal(answer)) == (400, "unreadable_form")


@pytest.mark.parametrize("media", ["application/json", "text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_a_file_comes_in_a_form(running: Running, media: str) -> None:
    status, answer = send(running, "POST", f"workspaces/{SLUG}/documents", b"x", media)
    assert (status, refusal(answer)) == (415, "media_type")


NO_IDS = ["conversations/x", "conversations/1", "runs/%00", "runs/../me", "keys/%ff", "workspaces/a%20b", "workspaces/%F0%9F"]


@pytest.mark.parametrize("path", NO_IDS)
def test_an_id_that_is_none_is_not_found(running: Running, path: str) -> None:
    status, answer = send(running, "GET", path)
    assert (status, refusal(answer)) == (404, "not_found")


@pytest.mark.parametrize("query", ["limit=x", "limit=99999999999999999999", "limit=0", "cursor=1", "cursor=%00", "status=%F0", "name=%00"])
def test_a_query_that_is_none_is_refused(running: Running, query: str) -> None:
    status, answer = send(running, "GET", f"workspaces/{SLUG}/documents?{query}")
    assert (status, refusal(answer)) == (422, "invalid")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS", "TRACE", "BREW"])
def test_a_method_that_is_not_taken_says_which_are(running: Running, method: str) -> None:
    head = raw(running, f"{method} /api/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {running.keys['owner']}\r\n\r\n".encode())
    if method == "BREW":  # the parser knows no such word
        assert head.startswith(b"HTTP/1.1 400")
    else:
        assert head.startswith(b"HTTP/1.1 405")
        assert b"allow: GET\r\n" in head.lower().replace(b"get", b"GET")


def request_with(*headers: bytes) -> bytes:
    """A request of somebody unknown."""
    return b"\r\n".join((b"GET /api/me HTTP/1.1", b"Host: localhost", *headers, b"", b""))


def test_headers_have_an_end(running: Running) -> None:
    assert raw(running, request_with(*[b"X-Filler: x"] * 20_000)).startswith(b"HTTP/1.1 431")
    assert raw(running, request_with(b"X-Filler: " + b"x" * 200_000)).startswith(b"HTTP/1.1 431")
    assert raw(running, request_with(*[b"X-Filler: " + b"x" * 1000] * 100)).startswith(b"HTTP/1.1 431")
    assert raw(running, b"GET /api/" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 4")


def test_as_many_headers_as_anybody_needs_are_taken(running: Running) -> None:
    assert raw(running, request_with(*[b"X-Filler: " + b"x" * 200] * 150)).startswith(b"HTTP/1.1 401")


def test_the_same_header_twice_is_no_way_in(running: Running) -> None:
    key = running.keys["owner"].encode()
    twice = request_with(b"Authorization: Bearer wrong", b"Authorization: Bearer " + key)
    assert raw(running, twice).startswith(b"HTTP/1.1 401")


def test_a_file_of_nobody_is_not_read(running: Running) -> None:
    """The answer is there while 90 MB are still to come."""
    head = (
        f"POST /api/workspaces/{SLUG}/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {90 * 1024 * 1024}\r\n\r\n"
    )
    assert raw(running, head.encode()).startswith(b"HTTP/1.1 401")


def test_the_date_goes_on(running: Running) -> None:
    said = set()
    for _ in range(2):
        connection = http.client.HTTPConnection(urlsplit(running.product.address).netloc, timeout=QUICK_S)
        connection.request("GET", "/healthz")
        said.add(connection.getresponse().getheader("Date"))
        connection.close()
        time.sleep(2.1)  # it is renewed once a second
    assert len(said) == 2
    assert None not in said
