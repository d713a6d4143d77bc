"""Read a file in a child process that has no database, secrets or network, and dies in its place if the file is hostile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO

from apps.documents.parsing.errors import Crashed, NoText, OutOfMemory, TimedOut
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.listening import Patience, messages
from apps.documents.parsing.outcome import Outcome, Progress
from apps.documents.parsing.places import Parsed
from apps.documents.parsing.scans import DRAWN_KINDS, read_scans
from apps.documents.parsing.sniff import sniff


def never() -> bool:
    """A `should_stop` for readers that are not to be stopped."""
    return False


def parse_file(
    path: Path, *, name: str, on_progress: Progress, limits: Limits | None = None, should_stop: Callable[[], bool] = never
) -> Parsed:
    """The text of the file at `path`, uploaded as `name`, by place; `on_progress(done, total)` is called on the way for a PDF.

    Raises a ParseError with the reason, or Stopped soon after `should_stop()` is true.
    """
    limits = limits or Limits.for_file(path.stat().st_size)
    outcome = Outcome(sniff(path, name=name), limits, on_progress)
    patience = Patience(limits.wall_s, should_stop)
    with path.open("rb") as source:
        while not outcome.is_done:
            try:
                _read_on(source, outcome, patience)
            except (Crashed, OutOfMemory, TimedOut) as error:
                outcome.go_on_after(error, is_late=patience.is_over)
        read_scans(source, outcome, patience)
    return outcome.parsed()


def _read_on(source: IO[bytes], outcome: Outcome, patience: Patience) -> None:
    """Have a child read `source` to its end, or as far as it comes. Raises a ParseError, Stopped."""
    max_bytes = 4 * outcome.limits.max_characters + MIB
    with closing(messages(outcome.order(), source, max_bytes=max_bytes, patience=patience)) as told:
        try:
            while not outcome.is_done:
                outcome.take(next(told))
        except NoText:
            if outcome.kind not in DRAWN_KINDS:
                raise
            outcome.is_done = True  # its pages may be pictures; `parsed` asks again
