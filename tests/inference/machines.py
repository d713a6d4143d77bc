"""Machines of other sizes than this one, as folders that stand for `/`, and a model on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.inference import fitting
from apps.inference.engines.gguf_header import read_header
from apps.inference.model_file import read_model_file
from apps.inference.models import InstalledModel

GIB = 2**30


def pretend(root: Path, monkeypatch: pytest.MonkeyPatch, *, total: float, free: float, flags: str = "avx avx2") -> None:
    """From now on this machine has `total` GiB of memory, `free` of them available, and such a processor."""
    for name, text in (
        ("meminfo", f"MemTotal: {int(total * GIB) // 1024} kB\nMemAvailable: {int(free * GIB) // 1024} kB\n"),
        ("cpuinfo", f"flags : {flags}\n"),
    ):
        path = root / "proc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(fitting, "ROOT", root)


def installed(path: Path, name: str = "tiny") -> InstalledModel:
    """The file as a model that was added, without its trial. The tiny one needs 594 MiB as it is, 562 at the least."""
    file, header = read_model_file(path, name), read_header(path)
    facts = {"architecture": header.architecture, "quantisation": header.quantisation, "context_length": header.context_length}
    known = {"path": str(path), "sha256": file.sha256, "size_bytes": file.size_bytes, "modified_ns": file.modified_ns}
    model = InstalledModel.objects.create(name=name, **facts, **known)
    fitting.keep_shape(model, header.shape)
    return model
