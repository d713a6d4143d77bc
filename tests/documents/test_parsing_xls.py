"""An XLS gives the same as an XLSX of the same cells, or a reason."""

from __future__ import annotations

import struct

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import read, zipped
from tests.documents.ole_files import numbers, ole, record, shared_cell, unicode_string, workbook, xls

FEES = numbers(["Berth", "Length", "Fee"], ["North 7", 120, 1500.5], ["South 3", 80, 900])
STYLE_0 = record(0xE0, struct.pack("<HH", 0, 0) + bytes(16))


def style(format_number: int) -> bytes:
    return record(0xE0, struct.pack("<HH", 0, format_number) + bytes(16))


def format_code(number: int, code: str) -> bytes:
    return record(0x41E, struct.pack("<H", number) + unicode_string(code))


def texts(parsed: Parsed) -> list[str]:
    return [place.text for place in parsed.places]


def test_a_row_says_what_its_numbers_are() -> None:
    parsed = read(xls({"Fees": FEES, "Empty": b"", "Größe": numbers(["Nur hier."])}))
    assert parsed.kind == "xls"
    assert [(place.label, place.kind) for place in parsed.places] == [("Fees, rows 1-3", "sheet"), ("Größe, row 1", "sheet")]
    assert texts(parsed) == [
        "Berth | Length | Fee\n\nBerth: North 7\nLength: 120\nFee: 1500.5\n\nBerth: South 3\nLength: 80\nFee: 900",
        "Nur hier.",
    ]


def test_numbers_and_days_are_shown_in_their_formats() -> None:
    settings = STYLE_0 + format_code(164, '#,##0.00 "€"') + style(164) + style(10) + style(14)
    cells = (
        numbers([1234.5], style=1)
        + numbers([None, 0.125], style=2)
        + numbers([None, None, 45658], style=3)
        + numbers([None] * 3 + [7], style=9)
    )
    assert texts(read(xls({"A": cells}, settings=settings))) == ["1,234.50 € | 12.50% | 2025-01-01 | 7"]


def test_days_may_count_from_1904() -> None:
    settings = STYLE_0 + style(14) + record(0x22, b"\1\0")
    assert texts(read(xls({"A": numbers([0], style=1)}, settings=settings))) == ["1904-01-01"]


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (7 << 2 | 2, "7"),
        ((-7 << 2 | 2) & 0xFFFFFFFF, "-7"),
        (1234 << 2 | 3, "12.34"),
        (struct.unpack("<Q", struct.pack("<d", 2.5))[0] >> 32, "2.5"),
    ],
)
def test_packed_numbers_are_unpacked(packed: int, text: str) -> None:
    assert texts(read(xls({"A": record(0x27E, struct.pack("<HHHI", 0, 0, 0, packed))}))) == [text]
    several = struct.pack("<HH", 0, 0) + struct.pack("<HI", 0, packed) * 2 + struct.pack("<H", 1)
    assert texts(read(xls({"A": record(0xBD, several)}))) == [f"{text} | {text}"]


def test_cells_share_texts_of_both_widths_with_styles_and_readings() -> None:
    rich = struct.pack("<HBHI", 4, 0x1 | 0x4 | 0x8, 1, 6) + "東京 x".encode("utf-16-le") + bytes(4) + bytes(6)
    record_of_texts = record(0xFC, struct.pack("<II", 3, 3) + unicode_string("Plain") + rich + unicode_string("last"))
    cells = shared_cell(0, 0, 0) + shared_cell(0, 1, 1) + shared_cell(0, 2, 2) + shared_cell(0, 3, 99)
    assert texts(read(xls({"A": cells}, settings=record_of_texts))) == ["Plain | 東京 x | last"]


def test_a_text_that_goes_on_in_another_record_may_change_its_width() -> None:
    head = struct.pack("<II", 2, 2) + struct.pack("<HB", 8, 0) + b"Harb"
    settings = record(0xFC, head, b"\1" + "our€".encode("utf-16-le") + struct.pack("<HB", 3, 0), b"\0end")
    assert texts(read(xls({"A": shared_cell(0, 0, 0) + shared_cell(1, 0, 1)}, settings=settings))) == ["Harbour€\n\nend"]


def formula(row: int, result: bytes) -> bytes:
    return record(0x06, struct.pack("<HHH", row, 0, 0) + result + bytes(8))


def test_a_formula_shows_its_value() -> None:
    cells = formula(0, struct.pack("<d", 14)) + formula(1, b"\0" * 6 + b"\xff\xff") + record(0x207, unicode_string("said"))
    cells += formula(2, b"\1\0\1\0\0\0\xff\xff") + formula(3, b"\2\0\x2a\0\0\0\xff\xff") + formula(4, b"\3" + bytes(5) + b"\xff\xff")
    assert texts(read(xls({"A": cells}))) == ["14\n\nsaid\n\nTRUE\n\n#N/A"]


def test_truths_and_errors_are_said() -> None:
    assert texts(read(xls({"A": numbers([True, False]) + record(0x205, struct.pack("<HHH", 0, 2, 0) + b"\x07\1")}))) == [
        "TRUE | FALSE | #DIV/0!"
    ]


def test_rows_come_in_order_whatever_order_they_stand_in() -> None:
    cells = record(0x203, struct.pack("<HHHd", 5, 1, 0, 3)) + record(0x203, struct.pack("<HHHd", 5, 0, 0, 2)) + numbers([1])
    assert [(place.label, place.text) for place in read(xls({"A": cells})).places] == [("A, rows 1-6", "1\n\n2 | 3")]


def test_comments_and_boxes_are_read() -> None:
    comment = record(0x1B6, bytes(10) + struct.pack("<H", 12) + bytes(6), b"\0Leased later", bytes(8))
    parsed = read(xls({"A": FEES + comment}))
    assert (parsed.places[1].label, parsed.places[1].text) == ("A, notes", "Leased later")


def test_a_chart_inside_a_sheet_does_not_end_it() -> None:
    chart = record(0x809, struct.pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 0)) + numbers(["of the chart"]) + record(0x0A, b"")
    assert texts(read(xls({"A": chart + numbers(["after it"])}))) == ["after it"]


def test_the_format_before_is_read_in_its_code_page() -> None:
    settings = record(0x42, struct.pack("<H", 1251))
    label = record(0x204, struct.pack("<HHHH", 0, 0, 0, 6) + "Привет".encode("cp1251"))
    parsed = read(ole({"Book": workbook({"A": label}, settings=settings, version=0x500)}))
    assert [(place.label, place.text) for place in parsed.places] == [("A, row 1", "Привет")]


def test_a_password_is_told() -> None:
    with pytest.raises(errors.Encrypted):
        read(xls({"A": FEES}, settings=record(0x2F, bytes(54))))


@pytest.mark.parametrize("name", ["EncryptedPackage", "EncryptionInfo"])
def test_a_new_file_with_a_password_is_told(name: str) -> None:
    with pytest.raises((errors.Encrypted, errors.UnsupportedKind)) as caught:
        read(ole({name: b"x" * 5000, "DataSpaces": b""}))
    assert isinstance(caught.value, errors.Encrypted) == (name == "EncryptedPackage")


def test_more_cells_than_anybody_reads_are_refused() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(xls({"A": numbers(*[[1, 2, 3]] * 40)}), limits=Limits(max_cells=100))


def test_sheets_without_cells_are_a_reason() -> None:
    with pytest.raises(errors.NoText):
        read(xls({"A": b"", "B": record(0x201, bytes(6))}))


@pytest.mark.parametrize("data", [ole({"Workbook": b"no records at all" * 400}), xls({})])
def test_what_holds_no_sheets_is_damaged(data: bytes) -> None:
    with pytest.raises(errors.Damaged):
        read(data)


def test_records_that_are_cut_off_say_nothing() -> None:
    cells = (
        record(0xFD, b"\0")
        + record(0x06, b"\0" * 8)
        + record(0xBD, b"\0")
        + record(0x1B6, b"\0")
        + record(0x204, struct.pack("<HHHH", 0, 0, 0, 99))
        + FEES
    )
    assert texts(read(xls({"A": cells})))[0].startswith("Berth")


def test_a_binary_workbook_without_its_parts_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(zipped({"xl/workbook.bin": b"no records"}), "a.xlsb")
