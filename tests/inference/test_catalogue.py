"""The list of models that can be had."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import override

from apps.inference.catalogue import ALONE, GOOD_FOR, SHIPPED, Entry, Role, catalogue, find_entry, read_catalogue

GOOD = """
[[model]]
key = "small"
name = "Small"
role = "chat"
repository = "team/small"
revision = "0123456789012345678901234567890123456789"
file = "small.gguf"
size_bytes = 1000
sha256 = "0123456789012345678901234567890123456789012345678901234567890123"
licence = "MIT"
context_length = 512
modalities = ["text"]
"""
ENTRIES = list(read_catalogue(SHIPPED).values())


def kv_cache_bytes(entry: Entry, tokens: int) -> int:
    """Of one slot, in f16: global layers see all of the context, sliding ones their window and a batch of 512."""
    memory = entry.memory
    assert memory is not None
    cells = min(tokens, -(-(memory.window + 512) // 256) * 256)
    return (
        tokens * memory.global_layers * memory.global_kv_heads * 512 * 4 + cells * memory.sliding_layers * memory.sliding_kv_heads * 256 * 4
    )


def test_the_family_and_its_companions_are_there() -> None:
    keys = set(catalogue())
    for size in ("e2b", "e4b", "12b", "26b-a4b", "31b"):
        assert {f"gemma-4-{size}", f"gemma-4-{size}-images", f"gemma-4-{size}-unsloth"} <= keys
    assert {Role.EMBED, Role.RERANK, Role.PROJECTOR, Role.DRAFTER, Role.CHAT} == {entry.role for entry in ENTRIES}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_an_entry_names_one_file_for_ever(entry: Entry) -> None:
    assert re.fullmatch("[0-9a-f]{40}", entry.revision)
    assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
    assert entry.path == f"/{entry.repository}/resolve/{entry.revision}/{entry.file}"
    assert entry.licence
    assert entry.modalities


def test_no_two_entries_are_one_file() -> None:
    for field in ("key", "name", "sha256", "path", "size_bytes"):
        assert len({getattr(entry, field) for entry in ENTRIES}) == len(ENTRIES), field
    assert "main" not in {entry.revision for entry in ENTRIES}


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.role in ALONE], ids=lambda entry: entry.key)
def test_a_person_is_told_what_a_model_is_good_for(entry: Entry) -> None:
    with override("en"):
        assert entry.good_for.endswith(".")
        assert len(entry.good_for) <= 120
    assert entry.context_length >= 512
    assert (entry.dimensions > 0) == (entry.role == Role.EMBED) == bool(entry.pooling)


def test_no_sentence_is_left_over() -> None:
    assert set(GOOD_FOR) == {entry.key for entry in ENTRIES if entry.role in ALONE}


@pytest.mark.parametrize(
    ("key", "mebibytes"),
    [("gemma-4-e2b", 60), ("gemma-4-e4b", 168), ("gemma-4-12b", 608), ("gemma-4-26b-a4b", 460), ("gemma-4-31b", 1840)],
)
def test_the_numbers_give_the_known_size_of_the_cache(key: str, mebibytes: int) -> None:
    for name in (key, f"{key}-unsloth"):
        assert kv_cache_bytes(catalogue()[name], 8192) == mebibytes * 2**20


def test_a_companion_belongs_to_a_model_that_chats_or_embeds() -> None:
    for entry in ENTRIES:
        assert (entry.of == "") == (entry.role in ALONE)
        assert not entry.of or catalogue()[entry.of].role in ALONE


def test_a_model_is_found_by_key_and_by_name() -> None:
    assert find_entry("gemma-4-e4b") == find_entry("Gemma 4 E4B") == catalogue()["gemma-4-e4b"]
    assert find_entry("Gemma 4 E4B (images)") == catalogue()["gemma-4-e4b-images"]
    assert find_entry("gemma-5") is None


def test_an_installation_can_have_its_own(settings: Any, tmp_path: Path) -> None:
    settings.CATALOGUE = tmp_path / "own.toml"
    settings.CATALOGUE.write_text(GOOD)
    assert list(catalogue()) == ["small"]
    assert catalogue()["small"].good_for == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("0123456789012345678901234567890123456789\"\nfile", "main\"\nfile"),
        ("01234567890123456789012345678901234567890123456789012345678901", "01"),
        ('"small.gguf"', '"../small.gguf"'),
        ('"small.gguf"', '"small.safetensors"'),
        ('"team/small"', '"team/small/../../other"'),
        ('"small"\n', '"../small"\n'),
        ('"chat"', '"guess"'),
        ('"chat"', '"projector"'),
        ("1000", "0"),
        ("1000", "60000000000"),
        ('licence = "MIT"', 'license = "MIT"'),
        ('licence = "MIT"', 'licence = "MIT"\nof = "other"'),
        (GOOD, GOOD + GOOD),
        (GOOD, "model = 3"),
        (GOOD, "[[model"),
        ('"chat"', '"drafter"\nof = "nobody"'),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_place(tmp_path: Path, right: str, wrong: str) -> None:
    path = tmp_path / "own.toml"
    assert right in GOOD
    path.write_text(GOOD.replace(right, wrong))
    with pytest.raises(ImproperlyConfigured, match="cannot be used"):
        read_catalogue(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="No such file"):
        read_catalogue(tmp_path / "none.toml")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_what_is_written_around_texts_has_a_place_for_them(entry: Entry) -> None:
    assert all("{text}" in form for form in (entry.query, entry.document) if form)
    assert "{title}" not in entry.query
    assert all(0 < length < entry.dimensions for length in entry.shorter)
    assert bool(entry.query or entry.document or entry.shorter or entry.family) <= (entry.role == Role.EMBED)
