"""Where a server may be."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from apps.inference.engines import http_stream
from apps.inference.engines.base import EngineUnavailable
from apps.inference.engines.network import AddressRefused, find_addresses, is_private, read_address

from .openai_server import serving


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000"),
        ("http://10.0.0.5:8000/v1/", "http://10.0.0.5:8000"),
        (" https://gpu.lan/models/v1 ", "https://gpu.lan/models"),
        ("http://gpu.lan", "http://gpu.lan"),
        ("gpu:8000", "http://gpu:8000"),
        ("http://[fd00::1]:11434/", "http://[fd00::1]:11434"),
    ],
)
def test_an_address_is_read(typed: str, url: str) -> None:
    assert read_address(typed).url == url


NO_ADDRESSES = ["", "a b", "ftp://gpu", "http://", "http://a:b@gpu", "http://gpu?x=1", "http://gpu#x", "http://gpu:99999", "http://[::"]
NO_ADDRESSES += ["http://ü.lan/", "http://gpu/a b", "http://gpu/\r\nHost: x", "javascript:alert(1)", "file:///etc/passwd"]


@pytest.mark.parametrize("typed", [*NO_ADDRESSES, "http://" + "a" * 400])
def test_what_is_no_address_has_a_sentence(typed: str) -> None:
    with pytest.raises(AddressRefused):
        read_address(typed)


async def addresses(host: str, *, allow_public: bool = False) -> list[str]:
    """What `host` may be reached at."""
    return await find_addresses(read_address(f"http://{host}/"), allow_public=allow_public)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "[::1]", "[fd12::1]", "[::ffff:10.0.0.1]"]
)
async def test_one_s_own_network_is_free(host: str) -> None:
    assert await addresses(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "172.32.0.1", "[2001:4860:4860::8888]", "[::ffff:8.8.8.8]", "2130706433.8"])
async def test_another_network_needs_the_setting(host: str) -> None:
    with pytest.raises(EngineUnavailable):
        await addresses(host)


async def test_the_setting_opens_the_rest_of_the_world() -> None:
    assert await addresses("8.8.8.8", allow_public=True) == ["8.8.8.8"]
    with pytest.raises(AddressRefused, match="GEMMAWEB_PUBLIC_ENGINES=1"):
        await addresses("8.8.8.8")


EQUIPMENT = ["169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255"]  # noqa: S104
EQUIPMENT += ["[fe80::1]", "[::]", "[ff02::1]", "[::ffff:169.254.169.254]"]


@pytest.mark.parametrize("host", EQUIPMENT)
@pytest.mark.parametrize("allow_public", [True, False])
async def test_the_network_s_own_equipment_is_never_asked(host: str, allow_public: bool) -> None:
    with pytest.raises(AddressRefused):
        await addresses(host, allow_public=allow_public)


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have names lead to these addresses, one list a question; returns the names that were asked for."""
    asked: list[str] = []

    async def getaddrinfo(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in answers[min(len(asked), len(answers)) - 1]]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


async def test_each_address_of_a_name_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, ["10.0.0.1", "169.254.169.254"])
    with pytest.raises(AddressRefused):
        await addresses("gpu.lan", allow_public=True)


async def test_the_address_that_was_looked_at_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        asked = resolve(monkeypatch, ["127.0.0.1"], ["8.8.8.8"])  # a name that leads elsewhere at the second question
        address = read_address(f"http://gpu.lan:{server.server_port}")
        async with http_stream.request(address, "/v1/models", key="", allow_public=False) as response:
            assert (await response.json())["data"]
    assert [name for name in asked if name == "gpu.lan"] == ["gpu.lan"]
    assert server.headers_seen[0]["Host"] == f"gpu.lan:{server.server_port}"


async def test_a_name_that_leads_nowhere_has_a_sentence() -> None:
    with pytest.raises(EngineUnavailable, match=r"There is no address for nowhere\.invalid"):
        await addresses("nowhere.invalid")


async def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        resolve(monkeypatch, ["127.0.0.2", "127.0.0.1"])  # it listens at the second only
        address = read_address(f"http://gpu.lan:{server.server_port}")
        async with http_stream.request(address, "/v1/models", key="", allow_public=False) as response:
            assert response.status == 200


async def test_a_certificate_is_asked_for() -> None:
    with serving() as server:
        address = read_address(f"https://127.0.0.1:{server.server_port}")
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            async with http_stream.request(address, "/v1/models", key="", allow_public=False):
                pass


def test_private_means_one_s_own() -> None:
    assert is_private("192.168.0.9")
    assert not is_private("8.8.8.8")
