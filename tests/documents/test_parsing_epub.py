"""A book gives its chapters in the order of reading, or a reason."""

from __future__ import annotations

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.limits import MIB
from apps.documents.parsing.places import Parsed
from tests.documents.files import read
from tests.documents.office_files import epub, laughs, page, typed

LONG = "Nothing of note happened that day. " * 30


def labels(parsed: Parsed) -> list[str]:
    return [place.label for place in parsed.places]


def test_chapters_come_in_the_order_of_the_spine() -> None:
    parsed = read(epub({"z.xhtml": "<h1>First</h1><p>One.</p>", "a.xhtml": "<h1>Second</h1><p>Two.</p>"}, title="A voyage"))
    assert (parsed.kind, parsed.title) == ("epub", "A voyage")
    assert [(place.label, place.kind, place.text) for place in parsed.places] == [
        ("First", "section", "First\n\nOne."),
        ("Second", "section", "Second\n\nTwo."),
    ]


def test_a_chapter_without_a_heading_has_the_title_of_the_table_of_contents() -> None:
    chapters = {"part 1/one.xhtml": "<p>It rained.</p>", "two.xhtml": "<p>The storm</p><p>It blew.</p>", "three.xhtml": "<p>Untold.</p>"}
    parsed = read(epub(chapters, contents={"part%201/one.xhtml#start": "The rain", "two.xhtml": "The storm", "two.xhtml#later": "Later"}))
    assert [place.text for place in parsed.places] == ["The rain\n\nIt rained.", "The storm\n\nIt blew.", "Untold."]
    assert labels(parsed) == ["The rain", "The storm", ""]


def test_the_mark_of_a_note_is_no_part_of_its_word() -> None:
    body = '<p>Open daily<sup><a epub:type="noteref" href="#n">1</a></sup> from nine.</p><aside>1 Not on Sundays.</aside>'
    assert read(epub({"one.xhtml": body})).places[0].text == "Open daily from nine.\n\n1 Not on Sundays."


def test_the_older_table_of_contents_counts_too() -> None:
    point = '<navPoint><navLabel><text>The rain</text></navLabel><content src="one.xhtml"/></navPoint>'
    items = '<item id="a" href="one.xhtml" media-type="application/xhtml+xml"/><item id="t" href="toc.ncx"/>'
    package = f'<package><manifest>{items}</manifest><spine toc="t"><itemref idref="a"/></spine></package>'
    parts: dict[str, bytes | str] = {"OPS/book.opf": package, "OPS/toc.ncx": f"<ncx><navMap>{point}</navMap></ncx>"}
    assert labels(read(epub({"one.xhtml": "<p>It rained.</p>"}, parts=parts))) == ["The rain"]


def test_headings_inside_a_chapter_begin_places_of_their_own() -> None:
    parsed = read(epub({"a.xhtml": f"<h1>One</h1><p>{LONG}</p><h2>Two</h2><p>{LONG}</p>", "b.xhtml": "<p>Short.</p>"}))
    assert labels(parsed) == ["One", "Two", ""]


def test_a_chapter_that_is_missing_is_told() -> None:
    package = """<package><manifest><item id="a" href="one.xhtml"/><item id="b" href="gone.xhtml"/></manifest>
        <spine><itemref idref="a"/><itemref idref="b"/><itemref idref="unheard-of"/></spine></package>"""
    parsed = read(epub({"one.xhtml": "<p>It rained.</p>"}, parts={"OPS/book.opf": package}))
    assert [(notice.code, notice.details) for notice in parsed.notices] == [("chapters_missing", {"count": 1})]


def encryption(*parts: str) -> dict[str, bytes | str]:
    data = "".join(f'<EncryptedData><CipherData><CipherReference URI="{part}"/></CipherData></EncryptedData>' for part in parts)
    return {"META-INF/encryption.xml": f"<encryption>{data}</encryption>"}


def test_a_book_that_its_shop_locked_is_told() -> None:
    with pytest.raises(errors.CopyProtected, match="protected against copying"):
        read(epub({"one.xhtml": "scrambled"}, parts=encryption("OPS/one.xhtml")))


def test_a_scrambled_font_locks_no_book() -> None:
    assert read(epub({"one.xhtml": "<p>It rained.</p>"}, parts=encryption("OPS/font.otf"))).places[0].text == "It rained."


@pytest.mark.parametrize("container", ["<container/>", "no markup"])
def test_a_book_is_found_without_its_container(container: str) -> None:
    assert read(epub({"one.xhtml": "<p>It rained.</p>"}, parts={"META-INF/container.xml": container})).places[0].text == "It rained."


def test_a_way_out_of_the_archive_leads_nowhere() -> None:
    package = '<package><manifest><item id="a" href="../../../../etc/passwd"/></manifest><spine><itemref idref="a"/></spine></package>'
    with pytest.raises(errors.NoText):
        read(epub({}, parts={"OPS/book.opf": package}))


def test_a_book_that_does_not_say_what_is_in_it_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(epub({"one.xhtml": "<p>x</p>"}, parts={"OPS/book.opf": b"no markup"}))


def test_a_book_cut_off_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(epub({"one.xhtml": f"<p>{LONG}</p>"})[:-50])


def test_a_book_without_a_package_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(typed({"mimetype": "application/epub+zip", "one.xhtml": page("<p>x</p>")}))


def test_a_book_of_pictures_is_a_reason() -> None:
    with pytest.raises(errors.NoText):
        read(epub({"one.xhtml": '<img src="x.png"/>'}))


def test_a_bomb_is_refused_by_its_ratio() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(epub({"one.xhtml": " " * (30 * MIB)}))


def test_entities_that_multiply_do_not() -> None:
    chapter = epub({"one.xhtml": "<p>Dry.</p>"}, parts={"OPS/one.xhtml": laughs("html", page("<p>Dry. LAUGH</p>"))})
    assert read(chapter).places[0].text.count("laugh") < 20  # HTML knows no entities of a page's own
    with pytest.raises(errors.NestedTooDeeply):
        read(epub({"one.xhtml": "<p>Dry.</p>"}, parts={"OPS/book.opf": laughs("package", "<package><metadata>LAUGH</metadata></package>")}))
