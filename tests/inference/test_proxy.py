"""Downloads go through the proxy that HTTPS_PROXY names, by a tunnel: it sees neither the file nor the token."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.inference import downloader, downloads
from apps.inference.catalogue import Entry
from apps.inference.models import Download
from apps.inference.proxy import BadProxy, read_proxy

from .hub_server import LocalHub, cut_after, lead_to
from .proxy_server import LocalProxy, by_https, write_certificate
from .test_transfer import DATA, entry, failure, folder, transfer

__all__ = ["entry", "folder"]
HUB, STORE = "https://hub.example", "https://store.example"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub that speaks https under two names, whose certificate is believed."""
    running = LocalHub()
    running.serve(DATA)
    certificate = write_certificate(tmp_path / "hub.pem", "hub.example", "store.example")
    by_https(running, certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    yield running
    running.close()


@pytest.fixture
def proxy(hub: LocalHub) -> Iterator[LocalProxy]:
    """The only way to it: no other machine knows its names."""
    running = LocalProxy(leads_to=hub._server.server_port)
    yield running
    running.close()


def through(proxy: LocalProxy, *, login: str = "", exceptions: str = "") -> dict[str, Any]:
    """Go through the proxy."""
    return {"proxy": read_proxy(f"http://{login}127.0.0.1:{proxy.port}", exceptions)}


def test_the_file_comes_through_the_tunnel(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy) -> None:
    assert transfer(entry, folder, HUB, **through(proxy)).run().read_bytes() == DATA
    assert [target for target, _ in proxy.asked] == ["hub.example:443"]
    assert hub.asked[0][1]["host"] == "hub.example"


def test_the_token_goes_only_inside_of_it(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy) -> None:
    transfer(entry, folder, HUB, token="hf_secret", **through(proxy, login="ada:pass%20word@")).run()
    assert hub.asked[0][1]["authorization"] == "Bearer hf_secret"
    assert "proxy-authorization" not in hub.asked[0][1]
    _, headers = proxy.asked[0]
    assert "authorization" not in headers
    assert headers["proxy-authorization"] == "Basic YWRhOnBhc3Mgd29yZA=="
    assert b"hf_secret" not in proxy.passed
    assert DATA[:64] not in proxy.passed
    assert len(proxy.passed) > len(DATA)


def test_a_redirect_opens_another_one_without_the_token(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy) -> None:
    hub.answers = [lead_to(STORE)]
    assert transfer(entry, folder, HUB, token="hf_secret", **through(proxy)).run().read_bytes() == DATA
    assert [target for target, _ in proxy.asked] == ["hub.example:443", "store.example:443"]
    assert [headers.get("authorization") for _, headers in hub.asked] == ["Bearer hf_secret", None]


def test_it_goes_on_where_it_broke_off(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy) -> None:
    hub.answers = [cut_after(300_000)]
    assert transfer(entry, folder, HUB, **through(proxy)).run().read_bytes() == DATA
    assert len(proxy.asked) == 2
    assert hub.ranges[0] is None
    assert hub.ranges[1]


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_told(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy, status: int) -> None:
    proxy.status = status
    attempt = transfer(entry, folder, HUB, **through(proxy))
    assert failure(attempt) == "proxy_refused"
    assert len(proxy.asked) == 1  # a refusal is not asked for thrice
    assert hub.asked == []


def test_a_proxy_that_is_not_there_is_as_no_connection(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy) -> None:
    proxy.close()
    assert failure(transfer(entry, folder, HUB, **through(proxy))) == "hub_unreachable"


def test_who_is_excepted_is_asked_directly(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy) -> None:
    assert failure(transfer(entry, folder, HUB, **through(proxy, exceptions="store.example,.example"))) == "hub_unreachable"
    assert proxy.asked == []


def test_a_mirror_of_one_s_own_network_is_asked_directly(entry: Entry, folder: Path, proxy: LocalProxy) -> None:
    mirror = LocalHub()
    mirror.serve(DATA)
    assert transfer(entry, folder, mirror, token="hf_secret", **through(proxy)).run().read_bytes() == DATA
    assert proxy.asked == []
    mirror.close()


def test_a_hub_with_another_name_is_not_believed(entry: Entry, folder: Path, hub: LocalHub, proxy: LocalProxy) -> None:
    assert failure(transfer(entry, folder, "https://other.example", token="hf_secret", **through(proxy))) == "hub_unreachable"
    assert hub.asked == []
    assert b"hf_secret" not in proxy.passed


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [("http://door:3128", "door", 3128), ("door.example", "door.example", 8080), ("http://a:b@[::1]:1/", "::1", 1)],
)
def test_addresses_as_people_write_them(address: str, host: str, port: int) -> None:
    found = read_proxy(address)
    assert found
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize("address", ["https://door:3128", "socks5://door", "http://", "http://door:port", "http://[", "http://door:99999"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadProxy):
        read_proxy(address)


@pytest.mark.parametrize(
    "address", ["http://ada:s3cret/x@door:1", "http://ada:s3cret#x@door:1", "ada:s3cret\u2100@door:1", "http://[s3cret"]
)
def test_no_word_of_a_password_is_said(address: str) -> None:
    with pytest.raises(BadProxy, match="no address of the form http://host:port") as caught:
        read_proxy(address)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value, chain=True)).replace(address, "")


@pytest.mark.parametrize(
    ("exceptions", "host", "serves"),
    [("", "hub.example", True), ("*", "hub.example", False), ("example", "hub.example", False), ("b.example", "hub.example", True)],
)
def test_no_proxy_names_hosts_and_their_domains(exceptions: str, host: str, serves: bool) -> None:
    found = read_proxy("http://door:3128", exceptions)
    assert found
    assert found.serves(host) is serves


def test_no_address_is_no_proxy() -> None:
    assert read_proxy("") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("address", "code"), [("", "proxy_refused"), ("socks5://door", "proxy_unusable")])
def test_the_settings_count(
    alice: User, entry: Entry, folder: Path, proxy: LocalProxy, settings: Any, tmp_path: Path, address: str, code: str
) -> None:
    proxy.status = 403
    settings.HTTPS_PROXY, settings.NO_PROXY = address or f"http://127.0.0.1:{proxy.port}", "elsewhere.example"
    settings.HF_ENDPOINTS, settings.HF_HUB_OFFLINE, settings.MODELS = [HUB], False, folder
    settings.CATALOGUE = tmp_path / "catalogue.toml"
    downloads.ask_for(name=entry.key, asked_by=alice)
    downloader.run_all()
    found = Download.objects.get()
    assert (found.status, found.reason_code) == ("failed", code)
    assert "PROXY" in found.reason
