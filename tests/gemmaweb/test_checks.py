"""Settings that cannot work together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gemmaweb import checks
from gemmaweb.local.folder import REPOSITORY

ALL = (
    checks.check_hosts,
    checks.check_proxies,
    checks.check_https,
    checks.check_services,
    checks.check_tokens,
    checks.check_models,
    checks.check_way_out,
)


def found() -> list[str | None]:
    """The ids of what all checks say."""
    return [message.id for check in ALL for message in check(None)]


def test_the_defaults_are_good() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALLOWED_HOSTS", ["http://chat.example.org"], "gemmaweb.E001"), ("ALLOWED_HOSTS", ["chat.example.org:8000"], "gemmaweb.E001"),
        ("ALLOWED_HOSTS", ["*"], "gemmaweb.W001"), ("TRUSTED_PROXIES", ["proxy.example.org"], "gemmaweb.E002"),
        ("HTTPS", True, "gemmaweb.E003"), ("DATABASE_URL", "mysql://x/y", "gemmaweb.E004"), ("REDIS_URL", "here:6379", "gemmaweb.E004"),
        ("ANSWER_MAX_TOKENS", 8192, "gemmaweb.E005"), ("HF_ENDPOINTS", ["huggingface.co"], "gemmaweb.E006"),
        ("HF_ENDPOINTS", ["https://user:secret@hub.example"], "gemmaweb.E006"), ("HF_ENDPOINTS", ["ftp://hub.example"], "gemmaweb.E006"),
        ("CATALOGUE", "/nonexistent.toml", "gemmaweb.E007"), ("HTTPS_PROXY", "socks5://door.example:1080", "gemmaweb.W002"),
    ],
)  # fmt: skip
def test_an_impossible_setting_is_told(settings: Any, name: str, value: object, said: str) -> None:
    setattr(settings, name, value)
    assert found() == [said]


@pytest.mark.parametrize("host", ["chat.example.org", ".example.org", "192.168.1.7", "[::1]", "my_box", "chat.example.org."])
def test_hosts_as_people_write_them_are_good(settings: Any, host: str) -> None:
    settings.ALLOWED_HOSTS = [host]
    assert found() == []


@pytest.mark.parametrize("endpoint", ["https://huggingface.co", "http://127.0.0.1:8080", "https://mirror.lan/hub"])
def test_a_hub_as_people_write_it_is_good(settings: Any, endpoint: str) -> None:
    settings.HF_ENDPOINTS = [endpoint]
    assert found() == []


def test_https_behind_a_proxy_is_good(settings: Any) -> None:
    settings.HTTPS, settings.TRUSTED_PROXIES = True, ["10.0.0.5", "10.1.0.0/16", "::1"]
    assert found() == []


def test_the_deployment_behind_https_is_clean(tmp_path: Path) -> None:
    profile = {"GEMMAWEB_HOME": str(tmp_path / "home"), "GEMMAWEB_HTTPS": "1", "GEMMAWEB_TRUSTED_PROXIES": "127.0.0.1"}
    words = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(words, cwd=REPOSITORY, env=os.environ | profile, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
