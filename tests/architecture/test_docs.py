"""The documents name what the code has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.budgets import sources

ROOT = Path(__file__).resolve().parents[2]
READERS = re.compile(r"env\.(?:text|number|flag|names)\(\s*\"([A-Z_]+)\"|environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"")
FRAME = re.compile(r"[\"']type[\"']:\s*[\"']([a-z_]+)[\"']")


def test_every_setting_is_named_in_the_docs() -> None:
    read = {name for source in sources("gemmaweb", "apps") for pair in READERS.findall(source.text) for name in pair if name}
    documented = (ROOT / "docs/settings.md").read_text()
    assert {name for name in read if name.startswith(("GEMMAWEB_", "DATABASE_", "REDIS_")) and f"`{name}`" not in documented} == set()


def test_every_frame_is_named_in_the_protocol() -> None:
    others = ("apps/api/", "apps/inference/engines/")  # there the types are those of JSON schemas
    apps = (source for source in sources("apps") if not source.name.startswith(others))
    sent = {name for source in apps for name in FRAME.findall(source.text)}
    documented = (ROOT / "docs/protocol.md").read_text()
    assert {name for name in sent if f"`{name}`" not in documented} == set()


@pytest.mark.parametrize("app", ["core", "audit", "inference", "accounts", "workspaces", "documents", "chat", "api"])
def test_the_map_shows_every_app(app: str) -> None:
    assert f"apps/{app}" in (ROOT / "docs/map.md").read_text()


def test_every_dependency_has_its_reason() -> None:
    wanted = re.findall(r'^  "([A-Za-z0-9-]+)', (ROOT / "pyproject.toml").read_text().split("[dependency-groups]")[0], re.MULTILINE)
    reasons = (ROOT / "docs/decisions/0001-dependencies.md").read_text().lower()
    assert [name for name in wanted if f"`{name.lower()}`" not in reasons] == []


def test_no_lock_names_a_registry() -> None:
    locks = ["requirements.lock", "requirements-dev.lock", "package-lock.json"]
    assert [name for name in locks if "://" in (ROOT / name).read_text().replace("https://opencollective.com/biome", "")] == []


def test_links_between_documents_lead_somewhere() -> None:
    pages = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    broken = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text())
        if not ((ROOT / page).parent / target).exists()
    ]
    assert broken == []
