"""Words in pictures, by the program tesseract where it is installed: a process for each page, jailed like a reader of files.

0.5 s a page at 300 dots an inch. Of 22 sentences in scans 20 were found, and by `--psm 1` those on pages that lie on their side.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple

from apps.documents.parsing.limits import MIB
from apps.documents.parsing.listening import LOOK_EVERY_S, Patience
from apps.documents.parsing.rasters import Raster

MEMORY_BYTES = 1024 * MIB
CPU_S = 60
OUTPUT_MAX_BYTES = 8 * MIB
LIST_WITHIN_S = 10
LANGUAGES_MAX = 4  # each one more takes longer
FIRST_LANGUAGES = ("eng", "deu", "fra", "spa", "ita", "nld", "por", "pol")
CONFIDENCE_MIN = 40  # of a line, in percent: what is read out of leaves and waves has less
_LANGUAGE = re.compile(r"(?m)^[a-z]{3}(?:_[a-z]+)?$")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-\n{1,2}(?P<next>[^\W\d_])")
_ROOT = Path(__file__).resolve().parents[3]
_START = "import json, sys; sys.path.insert(0, sys.argv[1]); from apps.core.jail import become; become(**json.loads(sys.argv[2]))"


class _Word(NamedTuple):
    """A word as tesseract lists it: where in the page's order it stands, and how sure it is."""

    paragraph: tuple[str, ...]
    line: str
    confidence: float
    text: str


def installed() -> str:
    """The path of the program, or "" where there is none."""
    return shutil.which("tesseract") or ""


def words_of(raster: Raster, patience: Patience) -> str:
    """The text of a page; "" where none was found, or none within the limits. Raises Stopped, TimedOut."""
    program = installed()
    mode = "1" if "osd" in _languages(program) else "3"  # without it nobody can tell which side of a page is up
    arguments = ["stdin", "stdout", "--psm", mode, "-l", "+".join(_chosen(_languages(program))), "tsv"]
    with tempfile.TemporaryFile() as picture, tempfile.TemporaryFile() as listed:
        picture.write(raster.as_pgm())
        picture.seek(0)
        _run(program, arguments, picture, listed, patience)
        listed.seek(0)
        return _text(_words(listed.read().decode(errors="replace")))


def _environment() -> dict[str, str]:
    """One thread each: two of them on two cores are slower than one after the other."""
    return {"OMP_THREAD_LIMIT": "1", **{name: os.environ[name] for name in ("TESSDATA_PREFIX",) if name in os.environ}}


@lru_cache(maxsize=4)
def _languages(program: str) -> tuple[str, ...]:
    """What it can read: the names of its languages, and "osd" for the way up."""
    listed = subprocess.run(
        [program, "--list-langs"], capture_output=True, text=True, timeout=LIST_WITHIN_S, env=_environment(), check=False
    )
    return tuple(_LANGUAGE.findall(listed.stdout))


def _chosen(languages: Sequence[str]) -> list[str]:
    known = [name for name in FIRST_LANGUAGES if name in languages]
    return [*known, *(name for name in languages if name not in (*known, "osd"))][:LANGUAGES_MAX]


def _run(program: str, arguments: Sequence[str], picture: IO[bytes], listed: IO[bytes], patience: Patience) -> None:
    """Have it write what it reads into `listed`; gone when this returns, however it does."""
    limits = {"memory_bytes": MEMORY_BYTES, "cpu_s": CPU_S, "output_max_bytes": OUTPUT_MAX_BYTES, "parent_pid": os.getpid()}
    order = json.dumps({"program": program, "arguments": arguments, "environment": _environment(), **limits})
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _START, str(_ROOT), order],
        stdin=picture, stdout=listed, stderr=subprocess.DEVNULL, env={}, cwd="/", start_new_session=True,
    ) as process:  # fmt: skip
        try:
            while process.poll() is None:
                patience.check()
                _wait(process)
        finally:
            process.kill()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return


def _words(listed: str) -> Iterator[_Word]:
    """The words of a table whose columns are level, page, block, paragraph, line, word, four of place, confidence and text."""
    for row in listed.split("\n"):
        cells = row.split("\t")
        if len(cells) == 12 and cells[0] == "5":
            yield _Word(tuple(cells[1:4]), cells[4], float(cells[10]), cells[11])


def _text(words: Iterator[_Word]) -> str:
    """Paragraphs of lines, without the lines that are a guess; words broken at a line's end are joined."""
    paragraphs = ("\n".join(_lines(list(paragraph))) for _, paragraph in groupby(words, key=lambda word: word.paragraph))
    return _HYPHEN.sub(lambda broken: broken["next"] if broken["next"].islower() else broken[0], "\n\n".join(filter(None, paragraphs)))


def _lines(words: list[_Word]) -> Iterator[str]:
    for _, group in groupby(words, key=lambda word: word.line):
        line = list(group)
        if sum(word.confidence for word in line) >= CONFIDENCE_MIN * len(line):
            yield " ".join(word.text for word in line if word.text.strip())
