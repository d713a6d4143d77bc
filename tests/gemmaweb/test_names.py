"""The names of this machine, as its network cards and its administrator gave them."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from gemmaweb import checks
from gemmaweb.hosts import own_names

CARDS = {
    "lo": [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")],
    "en0": [(socket.AF_INET, "192.168.7.20"), (socket.AF_INET6, "fe80::1%en0"), (psutil.AF_LINK, "02:42:ac:11:00:02")],
}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two cards and a long name in mixed letters."""
    cards = {name: [SimpleNamespace(family=family, address=address) for family, address in card] for name, card in CARDS.items()}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: cards)
    monkeypatch.setattr(socket, "gethostname", lambda: "Harbour.Example.ORG")
    monkeypatch.setattr(socket, "getfqdn", lambda: "Harbour.Lan.Example.ORG")


def test_it_is_asked_by_all_its_names_and_addresses(machine: None) -> None:
    assert own_names() == [
        "127.0.0.1", "192.168.7.20", "[::1]", "[fe80::1]", "harbour.example.org", "harbour.lan.example.org", "harbour.local", "localhost",
    ]  # fmt: skip


def test_a_machine_without_a_name_has_its_addresses(machine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gethostname", "getfqdn"):
        monkeypatch.setattr(socket, name, lambda: "")
    assert {"127.0.0.1", "localhost"} <= set(own_names())
    assert "" not in own_names()


def test_its_names_are_good_settings(machine: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = own_names()
    assert checks.check_hosts(None) == []
