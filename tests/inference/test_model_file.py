"""Whether a model's file is still the one that was checked."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from apps.inference import model_file
from apps.inference.model_file import ModelFile, ModelFileChanged, read_model_file, refuse_if_changed


@pytest.fixture
def file(tmp_path: Path) -> ModelFile:
    """Some bytes, known as a model."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"weights")
    return read_model_file(path, "m")


def test_it_knows_size_time_and_sum(file: ModelFile) -> None:
    assert file.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert (file.name, file.size_bytes, file.modified_ns) == ("m", 7, file.path.stat().st_mtime_ns)


def test_an_untouched_file_is_not_read_again(file: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "read_model_file", None)
    refuse_if_changed(file)


def test_a_touched_file_is_read_again_and_taken(file: ModelFile) -> None:
    os.utime(file.path, (1, 1))
    refuse_if_changed(file)


def test_other_bytes_of_the_same_length_are_refused(file: ModelFile) -> None:
    file.path.write_bytes(b"WEIGHTS")
    os.utime(file.path, (1, 1))
    with pytest.raises(ModelFileChanged, match="has changed since"):
        refuse_if_changed(file)


def test_a_missing_file_is_refused(file: ModelFile) -> None:
    file.path.unlink()
    with pytest.raises(ModelFileChanged, match="No such file"):
        refuse_if_changed(file)


def test_a_folder_in_its_place_is_refused(file: ModelFile) -> None:
    file.path.unlink()
    file.path.mkdir()
    with pytest.raises(ModelFileChanged, match="cannot be read"):
        refuse_if_changed(file)
