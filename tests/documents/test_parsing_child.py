"""The child has nothing to steal and cannot outlive its file; whatever it does, the parent has a reason to show."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from apps.documents.parsing import errors, listening, parse, readers
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.parse import parse_file
from apps.documents.parsing.places import Parsed
from tests.documents.files import docx, drawn_pdf, paragraph, pdf, read

ROOT = Path(parse.__file__).parents[3]
MANY_PAGES = 3000  # more than the pipe holds: the child is still there when the first page is told
WORDS = b"Some words. "


@pytest.fixture
def long_pdf(tmp_path: Path) -> Path:
    path = tmp_path / "stored"
    path.write_bytes(pdf(*["Some words stand on this page. " * 3] * MANY_PAGES))
    return path


def child_pid(parent_pid: int = 0) -> int:
    """The one child that reads for `parent_pid` (default: for this process): it is a child of a child."""
    parents = {pid: parent for pid, parent in map(parent_of, Path("/proc").glob("[0-9]*/stat")) if parent}
    for pid, parent in parents.items():
        if parents.get(parent) == (parent_pid or os.getpid()) and b"parsing.forking" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise AssertionError("no child")


def parent_of(status: Path) -> tuple[int, int]:
    """A process and its parent; 0 where it has ended."""
    try:
        return int(status.parent.name), int(status.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return int(status.parent.name), 0


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_end(pid: int) -> bool:
    deadline = monotonic() + 5
    while is_running(pid) and monotonic() < deadline:
        sleep(0.01)
    return not is_running(pid)


def parsed_with(path: Path, during: Callable[[int, int], None]) -> Parsed:
    """`path`, with `during` called once, while the child is reading."""
    calls: list[int] = []

    def once(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 1:
            during(done, total)

    return parse_file(path, name="a.pdf", on_progress=once)


def test_progress_comes_while_it_reads(long_pdf: Path) -> None:
    seen: list[tuple[int, int]] = []
    parse_file(long_pdf, name="a.pdf", on_progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (1, MANY_PAGES)
    assert seen[-1] == (MANY_PAGES, MANY_PAGES)
    assert seen == sorted(seen)


def test_a_small_file_takes_a_moment(tmp_path: Path) -> None:
    read(WORDS)
    started = monotonic()
    read(WORDS)
    assert monotonic() - started < 0.5  # 45 ms on a quiet machine


def test_the_child_has_no_variable_and_no_other_file(long_pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    seen: dict[str, Any] = {}

    def look(_done: int, _total: int) -> None:
        process = Path(f"/proc/{child_pid()}")
        seen["environ"] = (process / "environ").read_bytes()
        seen["cwd"] = (process / "cwd").readlink()
        seen["files"] = {file.readlink().name.split(":")[0].split(" ")[0] for file in (process / "fd").iterdir()}

    parsed_with(long_pdf, look)
    assert seen["environ"] == b""
    assert seen["cwd"] == Path("/")
    assert len(seen["files"]) <= 3


def locked(code: str) -> str:
    """What `code` prints in a process that is locked as the child is."""
    start = (
        f"import sys, os, socket; sys.path.insert(0, {str(ROOT)!r}); from apps.core import jail;"
        "from apps.documents.parsing.limits import Limits; known = Limits(); "
        "jail.set_limits(memory_bytes=known.memory_bytes, cpu_s=known.cpu_s); jail.lock()\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", start + code], capture_output=True, text=True, check=False, env={})
    return done.stdout + done.stderr.strip().rpartition("\n")[2]


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux'")
@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/hostname')",
        f"open({str(ROOT / 'manage.py')!r})",
        "open('/proc/self/environ')",
        "os.listdir('/')",
        "open('/tmp/written', 'w')",
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "os.execv('/bin/true', ['true'])",
        "os.fork()",
        "os.kill(os.getppid(), 0)",
    ],
)
def test_a_locked_child_cannot(deed: str) -> None:
    assert locked(deed).startswith("PermissionError")


def test_a_locked_child_can_still_import_and_compute() -> None:
    assert locked("import colorsys; print(max(3, 4), 'é'.encode('cp1252'))") == "4 b'\\xe9'\n"


def test_it_does_not_load_the_site() -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import apps.documents.parsing.child; print('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize(("deed", "error"), [(signal.SIGKILL, errors.OutOfMemory), (signal.SIGSEGV, errors.Crashed)])
def test_a_killed_child_is_a_reason(long_pdf: Path, deed: signal.Signals, error: type[errors.ParseError]) -> None:
    with pytest.raises(error):
        parsed_with(long_pdf, lambda done, total: os.kill(child_pid(), deed))


def test_it_stops_when_asked(long_pdf: Path) -> None:
    children: list[int] = []
    with pytest.raises(errors.Stopped):
        parse_file(long_pdf, name="a.pdf", on_progress=lambda done, total: children.append(child_pid()), should_stop=lambda: bool(children))
    assert wait_for_end(children[0])


def test_an_error_of_the_caller_ends_the_child(long_pdf: Path) -> None:
    children: list[int] = []

    def fail(_done: int, _total: int) -> None:
        children.append(child_pid())
        raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        parsed_with(long_pdf, fail)
    assert wait_for_end(children[0])


@pytest.mark.skipif(sys.platform != "linux", reason="PDEATHSIG is Linux'")
def test_the_child_dies_with_its_parent(long_pdf: Path) -> None:
    code = f"""
import sys, time; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from apps.documents.parsing.parse import parse_file
parse_file(Path({str(long_pdf)!r}), name="a.pdf", on_progress=lambda done, total: (print("reading", flush=True), time.sleep(60)))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"reading\n"
        child = child_pid(parent.pid)
        parent.kill()
    assert wait_for_end(child)


def test_too_much_time_is_a_reason() -> None:
    with pytest.raises(errors.TimedOut):
        read(pdf(*["Words. " * 200] * 200), limits=Limits(wall_s=0.01))


def test_too_much_work_is_a_reason() -> None:
    bomb = drawn_pdf(b"BT /F 11 Tf " + b"1 0 0 1 50 700 Tm (Some more words to place.) Tj " * 1_200_000 + b"ET")
    assert len(bomb) < MIB
    with pytest.raises(errors.TimedOut):
        read(bomb, limits=Limits(cpu_s=1, max_characters=10**9))


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"<!doctype html>" + b"<p>word" * 2_000_000, "a.html"), (WORDS * 3_000_000, "a.txt"), (b"a,b\n" * 8_000_000, "a.csv")],
)
def test_too_much_memory_is_a_reason(data: bytes, name: str) -> None:
    with pytest.raises(errors.OutOfMemory):
        read(data, name, Limits(memory_bytes=96 * MIB))


def test_memory_too_small_to_begin_is_the_same_reason() -> None:
    with pytest.raises((errors.OutOfMemory, errors.Crashed)):
        read(pdf(*["Some words. " * 99] * 999), limits=Limits(memory_bytes=24 * MIB))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (WORDS * 100, "a.txt"),
        (pdf("Some words " * 9, "and more " * 9), "a.pdf"),
        (docx(paragraph("Words. " * 50)), "a.docx"),
        (b"a,b\n" + b"1,2\n" * 99, "a.csv"),
    ],
)
def test_too_much_text_is_a_reason(data: bytes, name: str) -> None:
    with pytest.raises(errors.TooLargeInside):
        read(data, name, Limits(max_characters=100))


def tells(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have the child run `code` in place of a parser, as one that a file has taken over may do."""
    taken_over = f"import sys, os, json; from apps.documents.parsing import child; sys.excepthook = child._say_where; {code}"
    start = f"from apps.documents.parsing import child; child.read_file = lambda *_: (exec({taken_over!r}, {{}}), sys.stdout.flush()); from"
    monkeypatch.setattr(readers, "_START", readers._START.replace("from", start, 1))
    monkeypatch.setattr(listening, "READERS", readers.Readers())


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("print('no message of ours')", errors.Crashed),
        ("print('[1e999, {}]')", errors.Crashed),
        ("print('[' * 100_000)", errors.Crashed),
        ("print(json.dumps(['place', 'x', 'elsewhere', 'text']))", errors.Crashed),
        ("print(json.dumps(['failed', 'made_up']))", errors.Crashed),
        ("print(json.dumps(['failed', 'encrypted', 'Send money.']))", errors.Crashed),
        ("print(json.dumps(['failed', 'encrypted']))", errors.Encrypted),
        ("print(json.dumps(['notice', 'made_up', {}, '']))", errors.Crashed),
        ("print(json.dumps(['notice', 'page_without_text', {'more': 1}, '']))", errors.Crashed),
        ("print(json.dumps(['notice', 'page_without_text', {'pages': []}, '']))", errors.Crashed),
        ("print(json.dumps(['notice', 'page_without_text', {'pages': [1] * 13}, '']))", errors.Crashed),
        ("print(json.dumps(['notice', 'page_without_text', {'pages': {'a': 1}}, '']))", errors.Crashed),
        ("print(json.dumps(['notice', 'page_without_text', {'pages': 1e99}, '']))", errors.Crashed),
        ("print(json.dumps(['notice', 'page_without_text', {'pages': 10**4000}, '']))", errors.Crashed),
        ("print(json.dumps(['done']))", errors.NoText),
        ("print(json.dumps(['place', '', 'text', 'a' * 2000]))", errors.TooLargeInside),
        ("[print(json.dumps(['place', '', 'text', ''])) for _ in range(99)]", errors.TooLargeInside),
        ("[print(json.dumps(['notice', 'cut_off', {}, ''])) for _ in range(9999)]", errors.Crashed),
        ("[sys.stdout.write('x' * 10**6) for _ in range(99)]", errors.TooLargeInside),
        ("print(json.dumps(['place', '', 'text', 'unfinished']))", errors.Crashed),
        ("sys.exit(0)", errors.Crashed),
        ("os.abort()", errors.OutOfMemory),
        ("print('free(): invalid pointer', file=sys.stderr, flush=True); os.abort()", errors.Crashed),
        ("print(json.dumps(['unreadable']))", errors.Crashed),
        ("print(json.dumps(['left_out', 'made_up', 'a.pdf']))", errors.Crashed),
        ("[print(json.dumps(['left_out', 'damaged', 'a.pdf'])) for _ in range(9)]; print(json.dumps(['done']))", errors.NothingReadable),
        ("print(json.dumps(['part', 1, 'a.pdf'])); sys.exit(0)", errors.Crashed),
        ("raise MemoryError", errors.OutOfMemory),
        ("\nwhile True: pass", errors.TimedOut),
        ("\nimport time; os.close(1); time.sleep(60)", errors.Crashed),
    ],
)
def test_whatever_the_child_says_there_is_a_reason(monkeypatch: pytest.MonkeyPatch, code: str, error: type[errors.ParseError]) -> None:
    tells(monkeypatch, code)
    with pytest.raises(error) as caught:
        read(WORDS, limits=Limits(wall_s=1.5, max_characters=1000, max_places=50))
    assert "money" not in caught.value.sentence


def test_what_the_child_says_is_storable_whoever_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tells(monkeypatch, "[print(json.dumps(m)) for m in (['title', 'T\\0' * 999], ['place', 'l\\ud800' * 999, 'text', 'a\\0b'], ['done'])]")
    parsed = read(WORDS)
    assert json.dumps([parsed.title, parsed.places[0].label, parsed.places[0].text], ensure_ascii=False).encode()
    assert parsed.places[0].text == "ab"
    assert max(len(parsed.title), len(parsed.places[0].label)) <= 200


def test_every_reason_is_a_sentence_and_has_a_code_of_its_own() -> None:
    known = list(errors.every())
    assert len({error.code for error in known}) == len(known) >= 15
    assert all(error().sentence.endswith(".") and len(error().sentence) > 30 for error in known)


@pytest.mark.parametrize("error", list(errors.every()), ids=lambda error: error.code)
def test_a_reason_comes_back_from_its_code(error: type[errors.ParseError]) -> None:
    assert type(errors.by_code(error.code)) is error
