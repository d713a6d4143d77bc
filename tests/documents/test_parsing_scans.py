"""Words in pictures are read where tesseract is installed, and it is said that they were; where it is not, that is said."""

from __future__ import annotations

import shutil
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from apps.documents.parsing import errors, image, listening, readers, scans, tesseract
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.listening import Patience
from apps.documents.parsing.parse import parse_file
from apps.documents.parsing.rasters import Raster
from tests.documents.files import pdf, read
from tests.documents.pictures import LETTER, READ, drawn, joined, picture, saved, scan

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
CHECK = "These words were read from a picture; check the figures."


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no program can be found."""
    monkeypatch.setenv("PATH", "")


@needs_tesseract
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_words_in_a_picture_are_read(kind: str) -> None:
    parsed = read(picture(kind=kind))
    assert parsed.kind == "image"
    assert [(place.kind, place.label) for place in parsed.places] == [("page", "")]
    assert READ in parsed.places[0].text
    assert "harbour master" in parsed.places[0].text
    assert parsed.warnings == [CHECK]


@needs_tesseract
def test_words_on_a_page_that_lies_on_its_side_are_read() -> None:
    assert READ in read(saved(drawn(LETTER).rotate(90, expand=True), "PNG")).places[0].text


SIZES = [((600, 400), (1200, 800)), ((2000, 1000), (2000, 1000)), ((10_000, 10_000), (5000, 5000))]


@pytest.mark.parametrize(("size", "drawn_size"), SIZES)
def test_a_picture_is_drawn_as_large_as_letters_need(size: tuple[int, int], drawn_size: tuple[int, int]) -> None:
    (raster,) = image.draw(saved(Image.new("1", size), "PNG"), [1])
    assert isinstance(raster, Raster)
    assert (raster.width, raster.height) == drawn_size


def difference(first: bytes, second: bytes) -> float:
    """How far the dots of two pictures are apart, on average, of 255."""
    (one,), (other,) = image.draw(first, [1]), image.draw(second, [1])
    assert isinstance(one, Raster)
    assert isinstance(other, Raster)
    return sum(abs(dot - other) for dot, other in zip(one.data, other.data, strict=True)) / len(one.data)


@needs_tesseract
def test_pages_of_a_scan_are_read_and_named() -> None:
    parsed = read(joined([pdf("Some words.", title="Lease"), scan(), pdf("More words.", ""), scan()]))
    assert [place.label for place in parsed.places] == [f"page {number}" for number in range(1, 6)]
    assert [READ in place.text for place in parsed.places] == [False, True, False, False, True]
    assert parsed.warnings == ["Page 4 had no text.", "Pages 2 and 5 were read from pictures; check their figures."]


@needs_tesseract
def test_pages_of_a_tiff_are_pages() -> None:
    pages = [drawn(LETTER), Image.new("RGB", (800, 600), "white"), drawn("Some other words stand here.")]
    parsed = read(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert [place.label for place in parsed.places] == ["page 1", "page 2", "page 3"]
    assert "other words" in parsed.places[2].text
    assert parsed.warnings == ["Page 2 had no text.", "Pages 1 and 3 were read from pictures; check their figures."]


@needs_tesseract
def test_progress_goes_on_while_pictures_are_read(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = tmp_path / "stored"
    path.write_bytes(joined([pdf("One."), scan(), scan()]))
    parse_file(path, name="a.pdf", on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-2:] == [(2, 3), (3, 3)]


@needs_tesseract
@pytest.mark.parametrize("data", [picture(""), saved(Image.effect_noise((600, 400), 90), "PNG")], ids=["empty", "noise"])
def test_a_picture_without_words_says_so(data: bytes) -> None:
    with pytest.raises(errors.NoWords):
        read(data)


@needs_tesseract
def test_a_scan_without_words_says_so() -> None:
    with pytest.raises(errors.NoText):
        read(scan(""))


@needs_tesseract
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_picture_that_was_cut_off_is_damaged(kind: str) -> None:
    data = picture(kind=kind)
    with pytest.raises(errors.Damaged):
        read(data[: len(data) // 3])


@needs_tesseract
def test_pages_beyond_the_limit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "PAGES_MAX", 1)
    parsed = read(joined([pdf("One."), scan(), scan(), scan()]))
    assert parsed.warnings == [
        "Pages 3 and 4 are pictures that were not read, as reading more of them would take too long.",
        "Page 2 was read from a picture; check its figures.",
    ]


@needs_tesseract
def test_what_was_read_until_the_time_was_up_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tesseract.words_of

    def slow(raster: Raster, patience: Patience) -> str:
        if raster.number > 1:
            raise errors.TimedOut
        return whole(raster, patience)

    monkeypatch.setattr(tesseract, "words_of", slow)
    parsed = read(joined([scan(), scan()]))
    assert READ in parsed.places[0].text
    assert parsed.warnings[0].startswith("Page 2 is a picture that was not read")


def test_without_the_program_a_picture_says_what_to_install(no_program: None) -> None:
    with pytest.raises(errors.PictureUnread, match="install tesseract"):
        read(picture())


def test_without_the_program_a_scan_says_what_to_do(no_program: None) -> None:
    with pytest.raises(errors.NoText, match="may be a scan"):
        read(scan())


def test_without_the_program_the_pages_with_text_are_read(no_program: None) -> None:
    parsed = read(joined([pdf("Some words."), scan()]))
    assert [place.text for place in parsed.places] == ["Some words.", ""]
    assert parsed.warnings == ["Page 2 had no text."]


@needs_tesseract
def test_a_bomb_of_a_picture_is_refused_before_it_is_unpacked() -> None:
    said = b"IHDR" + struct.pack(">II", 60_000, 60_000) + b"\1\0\0\0\0"
    small = saved(Image.new("1", (10, 10)), "PNG")
    with pytest.raises(errors.TooLargeInside):
        read(small[:12] + said + struct.pack(">I", zlib.crc32(said)) + small[33:])


@needs_tesseract
def test_more_pages_than_may_be_are_refused() -> None:
    page = Image.new("1", (10, 10))
    with pytest.raises(errors.TooManyPages):
        read(saved(page, "TIFF", save_all=True, append_images=[page] * 5), limits=Limits(max_places=5))


DRAWN = "base64.b64encode(bytes([255]) * 100).decode()"


@needs_tesseract
@pytest.mark.parametrize(
    "told",
    [
        f"['raster', 1, 10, 11, {DRAWN}]",
        f"['raster', 1, -10, -10, {DRAWN}]",
        f"['raster', 2, 10, 10, {DRAWN}]",
        "['raster', 1, 0, 0, '']",
        "['raster', 1, 1, 1, '&']",
        "['raster', 1, 1, 1, '\u00e9']",
        "['undrawn', 7]",
        "['place', '', 'text', 'Send money.']",
        "'no message'",
    ],
)
def test_what_a_child_draws_is_checked(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deed = f"""import base64, sys; sys.path.insert(0, sys.argv[1])
from apps.documents.parsing import child, image
def lie(drawn): child._tell({told})
child._tell_rasters = lie
"""
    monkeypatch.setattr(
        readers, "_START", deed.replace("import sys", "import sys; sys.path.insert(0, sys.argv[1]); import os", 1) + readers._START
    )
    monkeypatch.setattr(listening, "READERS", readers.Readers())
    with pytest.raises(errors.Crashed):
        read(picture())


def test_lines_of_a_guess_are_left_out_and_broken_words_are_joined() -> None:
    first = [("1", "1", "96", "manip-"), ("1", "2", "95", "ulation"), ("1", "2", "40", "now"), ("1", "3", "12", "~§")]
    rows = [*first, ("2", "1", "90", "Hafen-"), ("3", "1", "96", "Meister"), ("3", "2", "90", "twenty-"), ("4", "1", "90", "one")]
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    listed = head + "".join(f"5\t1\t1\t{paragraph}\t{line}\t1\t0\t0\t9\t9\t{sure}\t{word}\n" for paragraph, line, sure, word in rows)
    assert tesseract._text(tesseract._words(listed + "broken\trow")) == "manipulation now\n\nHafen-\n\nMeister\ntwentyone"


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        (["afr", "deu", "eng", "osd"], ["eng", "deu", "afr"]),
        (["osd", "jpn"], ["jpn"]),
        (["a", "b", "c", "d", "eng"], ["eng", "a", "b", "c"]),
    ],
)
def test_the_languages_that_are_installed_are_read(installed: list[str], chosen: list[str]) -> None:
    assert tesseract._chosen(installed) == chosen


def test_a_blank_page_is_told_without_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "installed", lambda: "/no/such/program")
    parsed = read(pdf("One.", "", "Three."))
    assert parsed.warnings == ["Page 2 had no text."]
