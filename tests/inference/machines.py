"""Machines of other sizes than this one, as folders that stand for `/`, and a model on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.inference import fitting
from apps.inference.engines.gguf_header import read_header
from apps.inference.engines.model_shape import ModelShape
from apps.inference.fit import Room
from apps.inference.model_file import read_model_file
from apps.inference.models import InstalledModel

MIB, GIB = 2**20, 2**30
MEMINFO = "MemTotal:       16384000 kB\nMemFree:         1000000 kB\nMemAvailable:    8192000 kB\nSwapTotal:       2048000 kB\n"
X86 = "processor\t: 0\nflags\t\t: fpu sse2 avx avx2 fma f16c avx512f amx_tile\n"
# The published numbers of Gemma 4 E4B: 24 layers with a cache of their own, 4 of which see everything, two KV heads of 512 or 256 each.
E4B = ModelShape(
    weight_bytes=5_154_941_280,
    context_length=131_072,
    vocabulary=262_144,
    layers=42,
    width=2560,
    feed_forward=10_240,
    attention_width=4096,
    per_layer_width=256,
    all_values=4 * 2 * 512 * 2,
    sliding_values=20 * 2 * 256 * 2,
    window=512,
)
LAPTOP = Room(total=24 * GIB, taken=4 * GIB)


def pretend(root: Path, monkeypatch: pytest.MonkeyPatch, *, total: float, free: float, flags: str = "avx avx2") -> None:
    """From now on this machine has `total` GiB of memory, `free` of them available, and such a processor."""
    meminfo = f"MemTotal: {int(total * GIB) // 1024} kB\nMemAvailable: {int(free * GIB) // 1024} kB\n"
    write(root, {"proc/meminfo": meminfo, "proc/cpuinfo": f"flags : {flags}\n"})
    monkeypatch.setattr(fitting, "ROOT", root)


def installed(path: Path, name: str = "tiny") -> InstalledModel:
    """The file as a model that was added, without its trial. The tiny one needs 594 MiB as it is, 562 at the least."""
    file, header = read_model_file(path, name), read_header(path)
    facts = {"architecture": header.architecture, "quantisation": header.quantisation, "context_length": header.context_length}
    known = {"path": str(path), "sha256": file.sha256, "size_bytes": file.size_bytes, "modified_ns": file.modified_ns}
    model = InstalledModel.objects.create(name=name, **facts, **known)
    fitting.keep_shape(model, header.shape)
    return model


def write(root: Path, files: dict[str, str]) -> Path:
    """A system with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def system(root: Path, **files: str) -> Path:
    """A machine of 16 GB with four processors; more files under their paths, with `__` for a slash."""
    known = {"proc/meminfo": MEMINFO, "proc/cpuinfo": X86, "proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-3\n"}
    return write(root, known | {name.replace("__", "/"): text for name, text in files.items()})


def program(folder: Path, name: str, script: str) -> str:
    """A folder with a program in it, to be looked for there."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(folder)
