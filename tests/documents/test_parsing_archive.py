"""A ZIP from a stranger costs no more than its budget."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace

import pytest

from apps.documents.parsing.archive import RATIO_FROM_BYTES, Archive
from apps.documents.parsing.budget import Budget
from apps.documents.parsing.errors import Damaged, Encrypted, TooLargeInside, UnsupportedKind
from apps.documents.parsing.limits import MIB, Limits

LIMITS = Limits(max_unpacked_bytes=100, max_entries=3)


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_parts_are_read_by_name() -> None:
    archive = Archive(packed({"a.xml": b"one", "b.xml": b"two"}), Budget(LIMITS))
    assert list(archive) == ["a.xml", "b.xml"]
    assert (archive.read("b.xml"), archive.read("a.xml"), archive.read("c.xml")) == (b"two", b"one", None)


def test_a_part_of_the_whole_budget_is_read() -> None:
    assert Archive(packed({"a.xml": b"x" * 100}), Budget(LIMITS)).read("a.xml") == b"x" * 100


def test_a_part_over_the_budget_is_not() -> None:
    with pytest.raises(TooLargeInside):
        Archive(packed({"a.xml": b"x" * 101}), Budget(LIMITS)).read("a.xml")


def test_the_budget_is_for_all_parts_together() -> None:
    archive = Archive(packed({"a.xml": b"x" * 60, "b.xml": b"y" * 60}), Budget(LIMITS))
    assert archive.read("a.xml") is not None
    with pytest.raises(TooLargeInside):
        archive.read("b.xml")


def test_reading_one_part_again_and_again_is_paid_for() -> None:
    archive = Archive(packed({"a.xml": b"x" * 60}), Budget(LIMITS))
    archive.read("a.xml")
    with pytest.raises(TooLargeInside):
        archive.read("a.xml")


def test_what_is_not_asked_for_costs_nothing() -> None:
    archive = Archive(packed({"film.mp4": b"x" * 10_000, "a.xml": b"one"}), Budget(LIMITS))
    assert archive.read("a.xml") == b"one"


@pytest.mark.parametrize(("count", "is_too_many"), [(3, False), (4, True)])
def test_parts_are_counted(count: int, is_too_many: bool) -> None:
    data = packed({f"{number}.xml": b"" for number in range(count)})
    if is_too_many:
        with pytest.raises(TooLargeInside):
            Archive(data, Budget(LIMITS))
    else:
        assert len(list(Archive(data, Budget(LIMITS)))) == count


@pytest.mark.parametrize(("size_bytes", "is_a_bomb"), [(RATIO_FROM_BYTES, False), (RATIO_FROM_BYTES + 1, True)])
def test_a_large_part_that_was_nothing_packed_is_a_bomb(size_bytes: int, is_a_bomb: bool) -> None:
    archive = Archive(packed({"a.xml": bytes(size_bytes)}), Budget(Limits()))
    if is_a_bomb:
        with pytest.raises(TooLargeInside):
            archive.read("a.xml")
    else:
        assert archive.read("a.xml") == bytes(size_bytes)


def test_a_large_part_that_was_large_packed_is_none() -> None:
    content = bytes(RATIO_FROM_BYTES + MIB)
    assert Archive(packed({"a.xml": content}, zipfile.ZIP_STORED), Budget(replace(Limits(), max_ratio=1))).read("a.xml") == content


def test_a_part_with_a_password_is_told() -> None:
    data = bytearray(packed({"a.xml": b"one"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(Encrypted):
        Archive(bytes(data), Budget(LIMITS)).read("a.xml")


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + bytes(60), packed({"a.xml": b"one"})[:-10], b"no archive at all"])
def test_what_is_no_archive_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        Archive(data, Budget(LIMITS))


def test_a_part_with_other_bytes_than_promised_is_damaged() -> None:
    data = packed({"a.xml": b"one two three"}, zipfile.ZIP_STORED)
    with pytest.raises(Damaged):
        Archive(data.replace(b"one two", b"ONE TWO"), Budget(LIMITS)).read("a.xml")


def with_field(value: int, *, local: int, central: int) -> bytes:
    """A ZIP of one file with another number in its headers."""
    data = bytearray(packed({"a.xml": b"one"}))
    for mark, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        struct.pack_into("<H", data, data.index(mark) + offset, value)
    return bytes(data)


def test_a_way_of_packing_that_nobody_knows_is_said() -> None:
    with pytest.raises(UnsupportedKind):
        Archive(with_field(99, local=8, central=10), Budget(LIMITS)).read("a.xml")


def test_a_version_that_does_not_exist_is_damage() -> None:
    with pytest.raises(Damaged):
        Archive(with_field(250, local=4, central=6), Budget(LIMITS))
