"""What runs in the child: one file from standard input, messages as JSON lines on standard output."""

from __future__ import annotations

import base64
import json
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from apps.core import jail
from apps.documents.parsing.errors import NestedTooDeeply, OutOfMemory, ParseError
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.parsers import load
from apps.documents.parsing.places import Message, Reading
from apps.documents.parsing.rasters import Raster


def read_file(order: Mapping[str, Any]) -> None:
    """Read the one file that is standard input as the `order` says, and tell what is found."""
    sys.excepthook = _say_where
    limits = Limits(**order["limits"])
    jail.set_limits(memory_bytes=limits.memory_bytes, cpu_s=limits.cpu_s)
    try:
        parser = load(order["kind"])
        jail.lock()
        if "pages" in order:
            _tell_rasters(parser.draw(_standard_input(), order["pages"]))
        else:
            reading = Reading(limits, _tell, first_part=order.get("first_part", 0))
            parser.read(_standard_input(), reading)
            reading.finish()
    except ParseError as error:
        _tell(["failed", error.code])
    except MemoryError:
        _tell(["failed", OutOfMemory.code])
    except RecursionError:
        _tell(["failed", NestedTooDeeply.code])


def _tell_rasters(drawn: Iterable[Raster | int]) -> None:
    """Each page as its dots, or only as its number where it could not be drawn."""
    for page in drawn:
        if isinstance(page, Raster):
            _tell(["raster", page.number, page.width, page.height, base64.b64encode(page.data).decode()])
        else:
            _tell(["undrawn", page])
    _tell(["done"])


def _standard_input() -> bytes:
    with open(0, "rb", closefd=False) as source:
        return source.read()


def _tell(message: Message) -> None:
    line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]


def _say_where(kind: type[BaseException], _: BaseException, trace: TracebackType | None) -> None:
    """The place of an error that nobody expected, without its message: that may quote the document."""
    traceback.print_tb(trace)
    sys.stderr.write(f"{kind.__name__}\n")
