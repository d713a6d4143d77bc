"""What runs in the child: one file from standard input, messages as JSON lines on standard output."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from types import TracebackType
from typing import get_args

from apps.documents.parsing import jail
from apps.documents.parsing.errors import Damaged, OutOfMemory, ParseError
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.places import Kind, Message, Reading

_MODULES = {"odt": "odf", "odp": "odf", "ods": "odf"}  # where the module has not the kind's own name
PARSERS = {kind: f"apps.documents.parsing.{_MODULES.get(kind, kind)}" for kind in get_args(Kind)}


def main() -> None:
    """Read one file as the order in `argv` says, and tell what is found."""
    order = json.loads(sys.argv[-1])
    sys.excepthook = _say_where
    limits = Limits(**order["limits"])
    jail.die_with(order["parent_pid"])
    jail.set_limits(limits)
    try:
        parser = importlib.import_module(PARSERS[order["kind"]])
        jail.lock()
        reading = Reading(limits, _tell)
        parser.read(sys.stdin.buffer.read(), reading)
        reading.finish()
    except ParseError as error:
        _tell(["failed", error.code, error.sentence])
    except MemoryError:
        _tell(["failed", OutOfMemory.code, ""])
    except RecursionError:  # XML nested deeper than any program writes it
        _tell(["failed", Damaged.code, ""])


def _tell(message: Message) -> None:
    line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
    while line:
        line = line[os.write(sys.stdout.fileno(), line) :]


def _say_where(kind: type[BaseException], _: BaseException, trace: TracebackType | None) -> None:
    """The place of an error that nobody expected, without its message: that may quote the document."""
    traceback.print_tb(trace)
    sys.stderr.write(f"{kind.__name__}\n")
