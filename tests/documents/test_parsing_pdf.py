"""A PDF gives its pages, repaired, or a reason."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.parse import parse_file
from tests.documents.files import LAM_ALEF, drawn_pdf, encrypted_pdf, form_pdf, multiplying_pdf, packed_pdf, pdf, read


def test_each_page_is_a_place_with_its_number() -> None:
    parsed = read(pdf("Apples are red.", "Plums are blue."))
    assert parsed.kind == "pdf"
    assert [(place.number, place.label, place.kind, place.text) for place in parsed.places] == [
        (1, "page 1", "page", "Apples are red."),
        (2, "page 2", "page", "Plums are blue."),
    ]


def test_lines_end_as_one_sign() -> None:
    assert read(pdf("The first line\nand the second.")).places[0].text == "The first line\nand the second."


def test_a_word_broken_at_the_end_of_a_line_is_whole() -> None:
    assert read(pdf("Rules of manip-\nulation in trade.")).places[0].text == "Rules of manipulation in trade."


def test_a_hyphen_inside_a_line_stays() -> None:
    assert read(pdf("A well-known fact.")).places[0].text == "A well-known fact."


def test_lam_comes_before_alef() -> None:
    assert read(pdf("CAB", letters=LAM_ALEF)).places[0].text == "\u0633\u0644\u0627\u0645"


def test_a_right_to_left_word_reads_as_it_is_read() -> None:
    drawn = b"BT /F 11 Tf 100 700 Td [(C) 1400 (B) 1400 (D)] TJ ET"
    assert read(drawn_pdf(drawn, letters=LAM_ALEF + " <44> <0628>")).places[0].text == "\u0645\u0633\u0628"


def test_lam_comes_before_alef_in_a_word_that_was_turned() -> None:
    drawn = b"BT /F 11 Tf 100 700 Td [(B) 1400 (A) 1400 (C)] TJ ET"
    assert read(drawn_pdf(drawn, letters=LAM_ALEF)).places[0].text == "\u0633\u0644\u0627\u0645"


def test_accents_and_quotes_come_through() -> None:
    assert read(pdf("Größe “fünf” – 5 €")).places[0].text == "Größe “fünf” – 5 €"


def test_pages_without_text_are_named_and_keep_their_number() -> None:
    parsed = read(pdf("One.", "", "Three.", ""))
    assert [place.text for place in parsed.places] == ["One.", "", "Three.", ""]
    assert parsed.warnings == ["Pages 2 and 4 had no text."]


def test_many_pages_without_text_are_named_in_short() -> None:
    (warning,) = read(pdf("One.", *[""] * 14)).warnings
    assert warning == "Pages 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more had no text."


def test_a_page_that_cannot_be_read_is_named_and_the_others_are_read() -> None:
    data = pdf("One.", "Two.", "Three.")
    second = data.index(b"/Type/Page/", data.index(b"/Type/Page/") + 1)
    parsed = read(data[:second] + b"/Type/Pale/" + data[second + 11 :])
    assert [place.text for place in parsed.places] == ["One.", "", "Three."]
    assert parsed.warnings == ["Page 2 could not be read."]


def test_as_many_pages_as_may_be_are_read() -> None:
    assert len(read(pdf(*["Text."] * 3), limits=Limits(max_places=3)).places) == 3


def test_the_title_comes_from_the_file() -> None:
    assert read(pdf("Text.", title="Annual report 2025")).title == "Annual report 2025"


FILLERS = ["", "untitled", "about:blank", "https://example.org/page", "Microsoft Word - draft7.doc", "report_final.pdf"]


@pytest.mark.parametrize("filler", FILLERS)
def test_a_filler_is_no_title(filler: str) -> None:
    assert read(pdf("Text.", title=filler)).title == ""


def test_a_scan_fails_with_a_reason() -> None:
    with pytest.raises(errors.NoText, match="may be a scan"):
        read(pdf("", ""))


def test_a_password_is_named() -> None:
    with pytest.raises(errors.Encrypted):
        read(encrypted_pdf("Secret."))


def test_a_file_that_anyone_may_read_is_read() -> None:
    assert read(encrypted_pdf("Open to all.", owner_only=True)).places[0].text == "Open to all."


def test_a_truncated_file_is_damaged() -> None:
    whole = pdf(*["Page of text."] * 5)
    with pytest.raises(errors.Damaged):
        read(whole[:60])


def test_what_only_begins_like_a_pdf_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(b"%PDF-1.7\n" + b"lies " * 400, "report.pdf")


def test_too_many_pages_are_refused_before_reading() -> None:
    with pytest.raises(errors.TooManyPages):
        read(pdf(*["Text."] * 4), limits=Limits(max_places=3))


def test_a_surrogate_pair_is_one_character() -> None:
    assert read(pdf("A B", letters="<41> <D83DDE00>")).places[0].text == "😀 B"


def test_half_a_pair_and_a_nul_are_left_out() -> None:
    text = read(pdf("xAyBz", letters="<41> <D83D> <42> <0000>")).places[0].text
    assert "\0" not in text
    assert text.encode()
    assert text.startswith("x")


def test_two_columns_are_read_one_after_the_other() -> None:
    columns = (
        b"BT /F 11 Tf 50 700 Td (Left one) Tj 0 -14 Td (left two.) Tj ET BT /F 11 Tf 320 700 Td (Right one) Tj 0 -14 Td (right two.) Tj ET"
    )
    assert read(drawn_pdf(columns)).places[0].text == "Left one\nleft two.\nRight one\nright two."


def test_what_people_wrote_into_a_form_is_read() -> None:
    assert read(form_pdf("Name:", "Ada Lovelace")).places[0].text == "Name:\nAda Lovelace"


def test_a_file_that_ends_too_early_is_read_as_far_as_it_goes() -> None:
    whole = pdf(*[f"Text of page {number}." for number in range(1, 6)])
    parsed = read(whole[: whole.index(b"xref")])
    assert [place.text for place in parsed.places] == [f"Text of page {number}." for number in range(1, 6)]
    assert parsed.warnings == ["This file ends too early: what stood after that is missing."]


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_every_way_of_encrypting_is_known(algorithm: str) -> None:
    assert read(encrypted_pdf("Open to all.", owner_only=True, algorithm=algorithm)).places[0].text == "Open to all."
    with pytest.raises(errors.Encrypted):
        read(encrypted_pdf("Secret.", algorithm=algorithm))


def test_a_number_of_pages_that_is_a_lie_costs_a_note() -> None:
    parsed = read(pdf("One.").replace(b"/Count 1", b"/Count 9999"))
    assert parsed.places[0].text == "One."
    assert parsed.warnings == ["Pages 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 9986 more could not be read."]


def test_pages_that_contain_themselves_end() -> None:
    with pytest.raises(errors.ParseError):
        read(pdf("One.").replace(b"/Kids[5 0 R]", b"/Kids[2 0 R]"))


def test_a_page_that_unpacks_to_a_gigabyte_needs_too_much_memory() -> None:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 10**6) for _ in range(1000)) + packer.flush()
    with pytest.raises(errors.OutOfMemory):
        read(packed_pdf(packed))


def test_a_drawing_that_multiplies_itself_is_a_reason() -> None:
    with pytest.raises((errors.OutOfMemory, errors.TimedOut)):
        read(multiplying_pdf(10), limits=Limits(cpu_s=20))


def test_seven_hundred_pages_are_counted_as_they_are_read(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = tmp_path / "stored"
    path.write_bytes(pdf(*["Some words stand on this page. " * 30] * 700))
    parsed = parse_file(path, name="a.pdf", on_progress=lambda done, total: seen.append((done, total)))
    assert len(parsed.places) == 700
    assert seen[-1] == (700, 700)
