"""Who may speak to a model: its worker, and nobody else on the machine."""

from __future__ import annotations

import os
import stat
from http.client import HTTPConnection
from pathlib import Path

import pytest

from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.model_file import read_model_file

ORIGIN = "http://evil.example"
PATHS = ("/v1/models", "/models", "/props", "/slots", "/metrics", "/lora-adapters", "/tokenize", "/completion", "/v1/chat/completions")


def listening_port(pid: int) -> int:
    """The TCP port on which process `pid` listens, as the kernel tells it."""
    descriptors = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = row.split()[:10]
        if state == "0A" and f"socket:[{inode}]" in descriptors:
            address, port = local.split(":")
            assert address == "0100007F", "loopback alone"
            return int(port, 16)
    raise AssertionError("it listens nowhere")


def environment_of(pid: int | None) -> list[str]:
    """What process `pid` was started with, as NAME=value."""
    return Path(f"/proc/{pid}/environ").read_text().split("\0")


def ask(port: int, method: str, path: str, **headers: str) -> tuple[int, str | None]:
    """Status and the origin that may read the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={"Origin": ORIGIN, **headers})
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.getheader("Access-Control-Allow-Origin")


@pytest.fixture
async def pid(hosts: HostKeeper, engine: LocalEngine) -> int:
    """The process of the running host."""
    await engine.count_tokens("a")
    pid = hosts.status().pid
    assert pid
    return pid


async def test_every_path_wants_the_key_but_health(pid: int) -> None:
    port = listening_port(pid)
    for method in ("GET", "POST"):
        assert {ask(port, method, path)[0] for path in PATHS} == {401}
        assert {ask(port, method, path, Authorization="Bearer guess")[0] for path in PATHS} == {401}
    assert ask(port, "GET", "/health")[0] == 200
    assert ask(port, "GET", "/")[0] == 404


async def test_no_web_page_may_read_it(pid: int) -> None:
    port = listening_port(pid)
    for path in (*PATHS, "/health"):
        assert ask(port, "GET", path)[1] not in (ORIGIN, "*", "null")


def test_its_socket_is_its_owners_alone(pid: int, sockets: Path) -> None:
    (socket,) = sockets.iterdir()
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600


def test_it_gets_none_of_our_secrets(pid: int) -> None:
    assert "GEMMAWEB_HOME" in os.environ
    assert "GEMMAWEB" not in str(environment_of(pid))


@pytest.mark.parametrize(("ours", "its"), [("", "10000"), ("500", "500")])
async def test_its_threads_spin_shortly_unless_told_otherwise(
    hosts: HostKeeper, tiny: Path, monkeypatch: pytest.MonkeyPatch, ours: str, its: str
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    if ours:
        monkeypatch.setenv("GOMP_SPINCOUNT", ours)
    await hosts.engine(read_model_file(tiny, "tiny")).count_tokens("a")
    assert f"GOMP_SPINCOUNT={its}" in environment_of(hosts.status().pid)


def test_nothing_of_django_is_in_it(pid: int) -> None:
    mapped = Path(f"/proc/{pid}/maps").read_text()
    assert "xllamacpp" in mapped
    assert "psycopg" not in mapped
