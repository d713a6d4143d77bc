"""What this machine has: memory, processors, graphics cards. Read from Linux' own files and from the tools of the cards' makers. No Django.

The folder that stands for `/` is passed in. What a system does not tell is 0 or empty, never a failure.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOOL_TIMEOUT_S = 5
KIB = 1024
MIB = 1024 * 1024
ROOT = Path("/")
HOST_MODULE = b"apps.inference.host"
# As Linux names them, and as people do.
INSTRUCTIONS = {
    "avx": "AVX", "avx2": "AVX2", "fma": "FMA", "f16c": "F16C", "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX512", "avx512_vnni": "AVX512-VNNI", "avx512_bf16": "AVX512-BF16",
    "amx_tile": "AMX", "amx_int8": "AMX-INT8", "amx_bf16": "AMX-BF16",
    "asimd": "NEON", "asimddp": "DOTPROD", "i8mm": "I8MM", "sve": "SVE", "sme": "SME",
}  # fmt: skip
RESTRICTION_MAX = 1 << 60  # what the first version of control groups writes where there is no limit is larger


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card, with its memory in bytes."""

    name: str
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is for this process: where a container or a service is given less than the machine has, that counts."""

    memory_bytes: int
    available_bytes: int
    swap_bytes: int
    cores: float
    is_x86: bool
    instructions: tuple[str, ...]
    gpus: tuple[Gpu, ...] = ()

    @property
    def lacks_avx2(self) -> bool:
        """Whether llama.cpp, as it is installed, cannot run: its wheel for Intel and AMD needs AVX2."""
        return self.is_x86 and "AVX2" not in self.instructions


def read_gpus(path: str | None = None) -> tuple[Gpu, ...]:
    """The graphics cards that their makers' programs tell of; those are looked for in `path`, PATH by default."""
    return (*_nvidia(path), *_amd(path))


def read_machine(root: Path = ROOT, *, gpus: tuple[Gpu, ...] = ()) -> Machine:
    """This machine as it is now, with these graphics cards: they change so seldom that they are looked for once."""
    memory = _memory(root)
    total, available = memory.get("MemTotal", 0), memory.get("MemAvailable", 0)
    for limit, used in _memory_limits(root):
        total, available = min(total, limit), min(available, max(0, limit - used))
    names, is_x86 = _instructions(root)
    return Machine(
        memory_bytes=total,
        available_bytes=min(available, total),
        swap_bytes=memory.get("SwapTotal", 0),
        cores=_cores(root),
        is_x86=is_x86,
        instructions=names,
        gpus=gpus,
    )


def host_bytes(sockets: Path, root: Path = ROOT) -> int:
    """Memory of the engine hosts that listen in `sockets`, without what they map from files: it comes back when another model is loaded."""
    mark = b"\0" + str(sockets).encode() + b"/"
    return sum(
        _kib(_text(folder / "status"), "RssAnon")
        for folder in (root / "proc").glob("[0-9]*")
        if HOST_MODULE in (command := _bytes(folder / "cmdline")) and mark in command
    )


def _memory(root: Path) -> dict[str, int]:
    found = {name: int(number) * KIB for name, number in re.findall(r"^(\w+): +(\d+) kB$", _text(root / "proc/meminfo"), re.MULTILINE)}
    if found or root != ROOT:
        return found
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")  # a system without /proc; what is free it tells nobody
    return {"MemTotal": whole, "MemAvailable": whole}


def _kib(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * KIB if found else 0


def _memory_limits(root: Path) -> Iterator[tuple[int, int]]:
    """The limit and the use of each control group that this process is in, where it has a limit. What of files is kept is given back."""
    for folder in _groups(root, ""):
        yield from _limit(folder, "memory.max", "memory.current", "inactive_file")
    for folder in _groups(root, "memory"):
        yield from _limit(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _limit(folder: Path, limit_name: str, used_name: str, cached_name: str) -> Iterator[tuple[int, int]]:
    limit, used = _number(folder / limit_name), _number(folder / used_name)
    if limit is None or limit >= RESTRICTION_MAX:
        return
    cached = re.search(rf"^{cached_name} (\d+)$", _text(folder / "memory.stat"), re.MULTILINE)
    yield limit, max(0, (used or 0) - (int(cached[1]) if cached else 0))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the control group of this process and of those around it; the second version's has no name of a controller."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _number_of, controllers, place = line.split(":", 2) if line.count(":") >= 2 else ("", "-", "")
        if controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / controller
        inner = top / place.strip("/")
        yield from (folder for folder in (inner, *inner.parents) if folder == top or top in folder.parents)


def _cores(root: Path) -> float:
    """How many processors this process may use, by its affinity and by its control group's quota."""
    allowed = re.search(r"^Cpus_allowed_list:\s+(\S+)$", _text(root / "proc/self/status"), re.MULTILINE)
    cores = float(_count(allowed[1]) if allowed else os.cpu_count() or 1)
    for folder in _groups(root, ""):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        cores = _less(cores, quota, period)
    for folder in _groups(root, "cpu"):
        cores = _less(cores, _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us"))
    return cores


def _less(cores: float, quota: str, period: str) -> float:
    if quota.strip().isdecimal() and period.strip().isdecimal() and int(period):
        return min(cores, int(quota) / int(period))
    return cores


def _count(ranges: str) -> int:
    """How many numbers `0-3,8` stands for."""
    ends = [part.partition("-")[::2] for part in ranges.split(",")]
    return sum(int(last or first) - int(first) + 1 for first, last in ends)


def _instructions(root: Path) -> tuple[tuple[str, ...], bool]:
    found = re.search(r"^(flags|Features)\s*: (.*)$", _text(root / "proc/cpuinfo"), re.MULTILINE)
    if not found:
        return (), False
    has = set(found[2].split())
    return tuple(name for flag, name in INSTRUCTIONS.items() if flag in has), found[1] == "flags"


def _nvidia(path: str | None) -> Iterator[Gpu]:
    said = _said("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits", path=path)
    for name, total, free in re.findall(r"^(.+), (\d+), (\d+)$", said, re.MULTILINE):
        yield Gpu(name, int(total) * MIB, int(free) * MIB)


def _amd(path: str | None) -> Iterator[Gpu]:
    said = _said("rocm-smi", "--showproductname", "--showmeminfo", "vram", "--json", path=path)
    try:
        cards = json.loads(said) if said else {}
    except ValueError:
        return
    for name, card in sorted(cards.items()) if isinstance(cards, dict) else ():
        if isinstance(card, dict) and str(card.get("VRAM Total Memory (B)", "")).isdecimal():
            yield _amd_card(name, card)


def _amd_card(name: str, card: dict[str, Any]) -> Gpu:
    total, used = int(card["VRAM Total Memory (B)"]), str(card.get("VRAM Total Used Memory (B)", ""))
    shown = card.get("Card Series") or card.get("Card series") or name
    return Gpu(str(shown), total, total - int(used) if used.isdecimal() else total)


def _said(program: str, *arguments: str, path: str | None) -> str:
    """What the program prints; nothing where it is not there, fails, or hangs."""
    found = shutil.which(program, path=path)
    if found is None:
        return ""
    try:
        return subprocess.run([found, *arguments], capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None


def _text(file: Path) -> str:
    return _bytes(file).decode("utf-8", "replace").rstrip("\n")


def _bytes(file: Path) -> bytes:
    """What stands in the file; nothing where there is none, or it is not ours to read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""
