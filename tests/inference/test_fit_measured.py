"""What the formula says about a model's memory, beside what a real engine host takes and what llama.cpp reports."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from apps.inference.engines.gguf_header import read_header
from apps.inference.engines.llama import BATCH_TOKENS, PROMPT_CACHE_MIB
from apps.inference.engines.model_shape import ModelShape
from apps.inference.fit import MIB, PROCESS_BYTES, PROMPT_TOKEN_BYTES, TOKEN_BYTES, Setting, need_of
from apps.inference.host_keeper import HostKeeper
from apps.inference.host_process import HostPlan
from apps.inference.model_file import read_model_file
from tests.gguf_writer import Shape, write_gemma4

from .answers import pieces_of

WITHIN = 0.10
SMALL = Shape(name="small")
WIDE = Shape(name="wide", width=512, layers=12, heads=4, head_dim=256, feed_forward=2048, per_layer=64, words=8000, context=32768)
MANY_WORDS = Shape(name="many-words", words=100_000, context=32768)
REPORTED = """
import os, sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_parallel, params.n_ctx = sys.argv[1], int(sys.argv[2]), int(sys.argv[2]) * int(sys.argv[3])
params.n_batch = params.n_ubatch = int(sys.argv[4])
params.verbosity, params.hostnames, params.port, params.ui = 5, ["127.0.0.1"], 0, False
server = xllamacpp.Server(params)
os._exit(0)  # a server that is taken down as soon as it is up may wait for itself for ever
"""


def written(folder: Path, shape: Shape) -> tuple[Path, ModelShape]:
    """A file of this shape, and what our header reader makes of it."""
    path = write_gemma4(folder / f"{shape.name}.gguf", shape)
    known = read_header(path).shape
    assert known
    return path, known


def resident_bytes(pid: int) -> int:
    """What the process has in memory: its own, and the pages of the model's file that it maps."""
    found = re.search(r"^Rss: +(\d+) kB$", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize(
    ("shape", "slots", "context_tokens"),
    [(SMALL, 1, 2048), (SMALL, 4, 4096), (WIDE, 1, 1024), (WIDE, 3, 512), (MANY_WORDS, 2, 2048)],
    ids=lambda value: getattr(value, "name", str(value)),
)
async def test_a_busy_host_takes_what_was_predicted(shape: Shape, slots: int, context_tokens: int, sockets: Path, tmp_path: Path) -> None:
    path, known = written(tmp_path, shape)
    hosts = HostKeeper(HostPlan(sockets, slots, context_tokens))
    try:
        engine = hosts.engine(read_model_file(path, shape.name))
        question = "the " * int(context_tokens * 0.9)  # what was only reserved is touched now, in every slot
        await asyncio.gather(*(pieces_of(engine, f"{slot} {question}", max_tokens=8) for slot in range(slots)))
        pid = hosts.status().pid
        assert pid
        real = resident_bytes(pid)
    finally:
        await hosts.close()
    need = need_of(known, Setting(context_tokens, slots))
    predicted = need.total - PROMPT_CACHE_MIB * MIB  # which is filled by many conversations, not by one in each slot
    assert predicted == pytest.approx(real, rel=WITHIN)


@pytest.mark.parametrize(
    ("shape", "slots", "context_tokens"),
    [(SMALL, 4, 8192), (WIDE, 1, 32768), (WIDE, 8, 1024), (MANY_WORDS, 3, 4096)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_llama_cpp_reports_what_was_predicted(shape: Shape, slots: int, context_tokens: int, tmp_path: Path) -> None:
    path, known = written(tmp_path, shape)
    command = [sys.executable, "-c", REPORTED, str(path), str(slots), str(context_tokens), str(BATCH_TOKENS)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr
    context = sum(float(size) for size in re.findall(r"kv_cache: size = +([\d.]+) MiB", said))
    buffers = sum(float(size) for size in re.findall(r"CPU +(?:output|compute) buffer size = +([\d.]+) MiB", said))
    loads = said.count("n_ctx_seq  ")  # a trial without memory comes first, and reports as well
    need = need_of(known, Setting(context_tokens, slots))
    assert need.context == pytest.approx(context / loads * MIB, abs=0.02 * MIB)  # it rounds to hundredths
    outside = PROCESS_BYTES + known.vocabulary * TOKEN_BYTES + slots * context_tokens * PROMPT_TOKEN_BYTES
    reserved = need.buffers - outside
    assert reserved == pytest.approx(buffers / loads * MIB, rel=WITHIN)
