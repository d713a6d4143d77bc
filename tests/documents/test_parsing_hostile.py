"""Office files of all kinds that were damaged or made to do harm: each ends as text or as a reason, and never reads another file."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest

from apps.documents.parsing import docx as docx_parser
from apps.documents.parsing import epub as epub_parser
from apps.documents.parsing import errors
from apps.documents.parsing import odf as odf_parser
from apps.documents.parsing import pptx as pptx_parser
from apps.documents.parsing import rtf as rtf_parser
from apps.documents.parsing import xls as xls_parser
from apps.documents.parsing import xlsx as xlsx_parser
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.places import Parsed, Reading
from tests.documents.files import docx, paragraph, read, table
from tests.documents.office_files import Cell, epub, flat_odf, grid, odf, page, pptx, rows, shape, slide, xlsx
from tests.documents.ole_files import numbers, shared, shared_cell, xls

WORDS = "The quay opens in May. "
CHILD_TRIES = 24
QUICK_TRIES = 150
CELL = "<table:table-cell><text:p>Berth</text:p></table:table-cell>"
FEES = f'<table:table table:name="Fees"><table:table-row>{CELL}</table:table-row></table:table>'
PRICES: list[list[Cell]] = [[f"North {n}", n * 1.5] for n in range(40)]
FILES: Mapping[str, bytes] = {
    "docx": docx(paragraph("Plan", "Heading1") + paragraph(WORDS * 40) + table([["Berth", "Fee"], ["North 7", "1500"]])),
    "pptx": pptx(slide(shape("Plan", kind="title"), shape(WORDS * 9)), slide(grid([["Berth", "Fee"], ["North 7", "1500"]]))),
    "xlsx": xlsx({"Fees": rows(["Berth", "Fee"], *PRICES)}, formats=["0.00"]),
    "xls": xls({"Fees": numbers(["Berth", "Fee"], ["North", 7]) + shared_cell(9, 0, 1)}, settings=shared("One", WORDS)),
    "odt": odf("text", f"<text:h>Plan</text:h><text:p>{WORDS * 40}</text:p>{FEES}"),
    "odp": odf(
        "presentation", f"<draw:page><draw:frame><draw:text-box><text:p>{WORDS * 9}</text:p></draw:text-box></draw:frame></draw:page>"
    ),
    "ods": odf("spreadsheet", FEES),
    "rtf": rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}}\pard Plan\par\trowd\intbl a\cell b\cell\row " + WORDS.encode() * 40 + b"}",
    "epub": epub({"one.xhtml": f"<h1>Plan</h1><p>{WORDS * 40}</p>", "two.xhtml": f"<p>{WORDS}</p>"}, contents={"two.xhtml": "Two"}),
    "fodt": flat_odf("text", f"<text:p>{WORDS * 40}</text:p>"),
}
PARSERS = {"docx": docx_parser, "pptx": pptx_parser, "xlsx": xlsx_parser, "xls": xls_parser, "rtf": rtf_parser, "epub": epub_parser}
KINDS = pytest.mark.parametrize("kind", FILES)


def damaged(data: bytes, chance: random.Random, way: int) -> bytes:
    """`data` cut off, or with 20 or 400 of its bytes changed."""
    if way == 0:
        return data[: chance.randrange(1, len(data))]
    changed = bytearray(data)
    for _ in range(20 if way == 1 else 400):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def damaged_inside(data: bytes, chance: random.Random) -> bytes:
    """An archive that is whole, some of whose parts are not: cut off, changed, said twice, or with odd numbers."""
    if not data.startswith(b"PK"):
        return damaged(data, chance, chance.randrange(3))
    archive, out = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in archive.namelist():
            part = archive.read(name)
            packed.writestr(name, _changed(part, chance) if part and name != "mimetype" and chance.random() < 0.4 else part)
    return out.getvalue()


def _changed(part: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(part))
    end = min(len(part), at + chance.randrange(200))
    odd = [b'"-1"', b'"99999999999999999999"', b'"x"', b'""', b'"1.5"']
    ways: list[Callable[[], bytes]] = [
        lambda: part[:at],
        lambda: damaged(part, chance, 1),
        lambda: part[:end] + part[at:],
        lambda: part[:at] + part[end:],
        lambda: re.sub(rb'"\d+"', lambda match: chance.choice([*odd, match[0]]), part),
    ]
    return chance.choice(ways)()


def outcome(data: bytes) -> Parsed | errors.ParseError:
    try:
        return read(data, limits=Limits(wall_s=20))
    except errors.ParseError as error:
        return error


@KINDS
def test_each_file_is_read_as_long_as_it_is_whole(kind: str) -> None:
    parsed = outcome(FILES[kind])
    assert isinstance(parsed, Parsed)
    assert parsed.kind == {"fodt": "odt"}.get(kind, kind)


@KINDS
def test_a_damaged_file_is_read_or_has_a_reason(kind: str) -> None:
    chance = random.Random(kind)  # the same each time
    tries = [damaged(FILES[kind], chance, way % 3) for way in range(CHILD_TRIES)]
    started = monotonic()
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(outcome, tries))
    assert not [error for error in outcomes if isinstance(error, errors.Crashed | errors.TimedOut | errors.OutOfMemory)]
    assert monotonic() - started < 60


@KINDS
def test_a_whole_archive_of_damaged_parts_is_read_or_has_a_reason(kind: str) -> None:
    chance = random.Random(kind)  # the same each time
    parser = PARSERS.get(kind, odf_parser)
    told: list[object] = []
    for _ in range(QUICK_TRIES):
        try:
            parser.read(damaged_inside(FILES[kind], chance), Reading(Limits(), told.append))
        except (errors.ParseError, RecursionError):  # the child says of the second that it is nested too deeply
            continue
    assert told


def with_entities(canary: Path) -> Mapping[str, bytes]:
    """Files whose text calls another file, and an entity of their own, where their kind's programs would show it."""
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}"><!ENTITY p "{"PUMP" * 50}">]>'
    text = "A &e; &p; B"
    sheet = f"<row><c t='str'><v>{text}</v></c><c>&e;&p;</c><c t='inlineStr'><is><t>{text}</t></is></c></row>"
    plain_sheet = zipfile.ZipFile(io.BytesIO(xlsx({"Fees": sheet}))).read("xl/worksheets/sheet1.xml").decode()
    return {
        "pptx": pptx(slide(shape("HERE"), doctype=doctype).replace("HERE", text)),
        "xlsx": xlsx({"Fees": ""}, parts={"xl/worksheets/sheet1.xml": doctype + plain_sheet}),
        "odt": odf("text", f"<text:p>{text}</text:p>", doctype=doctype),
        "epub": epub({}, parts={"OPS/one.xhtml": doctype + page(f"<p>{text}</p>"), "OPS/book.opf": BOOK}),
    }


BOOK = '<package><manifest><item id="a" href="one.xhtml"/></manifest><spine><itemref idref="a"/></spine></package>'


@pytest.mark.parametrize("kind", ["pptx", "xlsx", "odt", "epub"])
def test_another_file_is_never_read_in(tmp_path: Path, kind: str) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY")
    text = "\n".join(place.text for place in read(with_entities(canary)[kind]).places)
    assert re.search(r"^A\b", text, re.MULTILINE)  # what follows an entity that is not known may be missing
    assert "CANARY" not in text
    assert "PUMP" not in text


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx", "odt", "ods", "epub"])
def test_more_parts_than_any_program_writes_are_refused(kind: str) -> None:
    out = io.BytesIO(FILES[kind])
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(60):
            archive.writestr(f"more/{number}", "")
    with pytest.raises(errors.TooLargeInside):
        read(out.getvalue(), limits=Limits(max_entries=50))


@KINDS
def test_too_much_text_is_a_reason(kind: str) -> None:
    with pytest.raises(errors.TooLargeInside):
        read(FILES[kind], limits=Limits(max_characters=3))
