"""OpenDocument texts, presentations and sheets give what people see, or a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import read
from tests.documents.office_files import ODF_SPACES, flat_odf, laughs, odf, typed

LONG = "Nothing of note happened that day. " * 30


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


def h(text: str) -> str:
    return f'<text:h text:outline-level="1">{text}</text:h>'


def cell(text: str, *, kind: str = "string", repeated: int = 1) -> str:
    said = p(text) if text else ""
    return f'<table:table-cell office:value-type="{kind}" table:number-columns-repeated="{repeated}">{said}</table:table-cell>'


def table_row(*cells: str, repeated: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(cells)}</table:table-row>'


def sheet(name: str, *rows: str) -> str:
    return f'<table:table table:name="{name}">{"".join(rows)}</table:table>'


FEES = sheet(
    "Fees",
    table_row(cell("Berth"), cell("Length"), cell("Fee")),
    table_row(cell("North 7"), cell("120", kind="float"), cell("1.500,50 €", kind="currency")),
)


def texts(parsed: Parsed) -> list[str]:
    return [place.text for place in parsed.places]


def body_text(body: str, **options: Any) -> str:
    return "\n\n".join(texts(read(odf("text", body, **options))))


def test_headings_begin_places() -> None:
    parsed = read(odf("text", h("Holidays") + p(LONG) + h("Sick leave") + p("Call us."), title="House rules"))
    assert (parsed.kind, parsed.title) == ("odt", "House rules")
    assert [(place.label, place.kind) for place in parsed.places] == [("Holidays", "section"), ("Sick leave", "section")]
    assert parsed.places[1].text == "Sick leave\n\nCall us."


def test_spaces_tabs_breaks_links_and_readings_are_as_seen() -> None:
    inline = 'a<text:s text:c="2"/>b<text:tab/>c<text:line-break/>d <text:a><text:span>link</text:span></text:a>'
    ruby = "<text:ruby><text:ruby-base>東京</text:ruby-base><text:ruby-text>とうきょう</text:ruby-text></text:ruby>"
    assert body_text(p(inline) + p(ruby)) == "a  b\tc\nd link\n\n東京"


def test_lists_sections_and_boxes_are_read() -> None:
    items = "".join(f"<text:list-item>{p(text)}</text:list-item>" for text in ("One.", "Two."))
    box = f"<draw:frame><draw:text-box>{p('In the box.')}</draw:text-box></draw:frame>"
    assert body_text(f"<text:list>{items}</text:list><text:section>{p('Inside.')}</text:section>" + p(f"Beside.{box}")) == (
        "One.\n\nTwo.\n\nInside.\n\nBeside.\n\nIn the box."
    )


def test_notes_and_comments_stand_after_their_paragraph() -> None:
    note = f"<text:note><text:note-citation>1</text:note-citation><text:note-body>{p('Not on Sundays.')}</text:note-body></text:note>"
    comment = f"<office:annotation><dc:creator>Ada</dc:creator>{p('Still so?')}</office:annotation>"
    assert body_text(p(f"Open{note} daily{comment}.") + p("Next.")) == "Open daily.\n\nNot on Sundays.\n\nStill so?\n\nNext."


def test_deleted_words_are_gone() -> None:
    region = f"<text:changed-region><text:deletion>{p('Gone.')}</text:deletion></text:changed-region>"
    changes = f"<text:tracked-changes>{region}</text:tracked-changes>"
    assert body_text(changes + p("Here.")) == "Here."


def test_a_table_is_read_row_by_row_and_one_in_a_cell_is_said_once() -> None:
    inner = sheet("Inner", table_row(cell("deep")))
    rows = f"<table:table-header-rows>{table_row(cell('Name'), cell('Rate'))}</table:table-header-rows>"
    rows += table_row(cell("Ada"), f"<table:table-cell>{p('outer')}{inner}</table:table-cell>") + table_row(cell(""), cell(""))
    assert body_text(sheet("Rates", rows)) == "Name | Rate\nAda | outer deep"


def test_a_letterhead_is_said_once() -> None:
    margins = (
        f"<style:header>{p('Acme Ltd, 5 Mill Road')}</style:header><style:header-left>{p('Acme Ltd, 5 Mill Road')}</style:header-left>"
    )
    master = f"<style:master-page>{margins}<style:footer>{p('1')}</style:footer></style:master-page>"
    styles = f"<office:document-styles {ODF_SPACES}>{master}</office:document-styles>"
    assert body_text(p("Dear all."), parts={"styles.xml": styles}) == "Dear all.\n\nAcme Ltd, 5 Mill Road"


def test_a_chart_is_read_with_its_numbers() -> None:
    data = sheet("local-table", table_row(cell("May"), cell("40", kind="float")))
    chart = f"<office:chart><chart:chart><chart:title>{p('Load')}</chart:title><chart:plot-area/>{data}</chart:chart></office:chart>"
    parts: dict[str, bytes | str] = {
        "Object 1/content.xml": f"<office:document-content {ODF_SPACES}><office:body>{chart}</office:body></office:document-content>"
    }
    frame = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
    assert body_text(p(frame), parts=parts) == "Load\nMay | 40"
    assert read(flat_odf("text", p(f"<draw:frame><draw:object>{chart}</draw:object></draw:frame>"))).places[0].text == "Load\nMay | 40"


def test_a_flat_file_is_read_too() -> None:
    parsed = read(flat_odf("text", h("Flat") + p("All in one.")))
    assert (parsed.kind, texts(parsed)) == ("odt", ["Flat\n\nAll in one."])


def slide(*shapes: str, notes: str = "") -> str:
    return f"<draw:page>{''.join(shapes)}<presentation:notes>{notes}</presentation:notes></draw:page>"


def frame(text: str, kind: str = "outline") -> str:
    return f'<draw:frame presentation:class="{kind}"><draw:text-box>{p(text)}</draw:text-box></draw:frame>'


def test_a_slide_is_a_place_with_its_number_and_title() -> None:
    group = f"<draw:g><draw:custom-shape>{p('In a shape.')}</draw:custom-shape></draw:g>"
    table = f"<draw:frame>{sheet('T', table_row(cell('Berth'), cell('Fee')))}</draw:frame>"
    parsed = read(
        odf("presentation", slide(frame("Below."), frame("Welcome", "title"), group, table, notes=frame("Say it.", "notes")) + slide())
    )
    assert parsed.kind == "odp"
    assert [(place.label, place.kind, place.text) for place in parsed.places] == [
        ("slide 1: Welcome", "slide", "Welcome\n\nBelow.\n\nIn a shape.\n\nBerth | Fee\n\nNotes: Say it."),
        ("slide 2", "slide", ""),
    ]
    assert [notice.sentence() for notice in parsed.notices] == ["Slide 2 had no text."]


def test_a_row_says_what_its_numbers_are_as_they_are_shown() -> None:
    parsed = read(
        odf("spreadsheet", FEES + sheet("Empty", table_row(cell(""), repeated=1048576)) + sheet("More", table_row(cell("Only."))))
    )
    assert parsed.kind == "ods"
    assert [(place.label, place.kind) for place in parsed.places] == [("Fees, rows 1-2", "sheet"), ("More, row 1", "sheet")]
    assert parsed.places[0].text == "Berth | Length | Fee\n\nBerth: North 7\nLength: 120\nFee: 1.500,50 €"


def test_what_repeats_itself_without_end_is_read_once() -> None:
    body = sheet("A", table_row(cell("x", repeated=16384), repeated=1048576), table_row(cell("end", kind="float")))
    parsed = read(odf("spreadsheet", body), limits=Limits(cpu_s=2))
    assert parsed.places[0].label == "A, rows 1-1048577"
    assert parsed.places[0].text.count("x") == 100
    assert parsed.places[0].text.endswith("end")


def test_a_row_after_empty_ones_has_its_number_and_column() -> None:
    comment = f"<office:annotation>{p('Leased.')}</office:annotation>"
    late = f'<table:table-cell table:number-columns-repeated="27"/><table:table-cell>{comment}{p("late")}</table:table-cell>'
    parsed = read(odf("spreadsheet", sheet("A", table_row(cell(""), repeated=41), table_row(late))))
    assert [(place.label, place.text) for place in parsed.places] == [("A, row 42", "late"), ("A, notes", "Comment at AB42: Leased.")]


def test_boxes_in_sheets_are_read() -> None:
    box = f"<draw:frame><draw:text-box>{p('In the box.')}</draw:text-box></draw:frame>"
    filled = table_row(f"<table:table-cell>{box}{p('7')}</table:table-cell>")
    body = sheet("A", f"<table:shapes>{box}</table:shapes>", filled)
    assert [(place.label, place.text) for place in read(odf("spreadsheet", body)).places] == [
        ("A, row 1", "7"),
        ("A, notes", "In the box.\n\nIn the box."),
    ]


def test_a_value_without_its_text_is_said() -> None:
    value = '<table:table-cell office:value-type="float" office:value="42"/>'
    assert texts(read(odf("spreadsheet", sheet("A", table_row(value))))) == ["42"]


def test_more_cells_than_anybody_reads_are_refused() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(odf("spreadsheet", sheet("A", *[table_row(cell("x", repeated=50))] * 3)), limits=Limits(max_cells=100))


@pytest.mark.parametrize("kind", ["text", "presentation", "spreadsheet"])
def test_a_password_is_told(kind: str) -> None:
    entry = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    with pytest.raises(errors.Encrypted):
        read(odf(kind, p("x"), parts={"META-INF/manifest.xml": f"<manifest:manifest {ODF_SPACES}>{entry}</manifest:manifest>"}))


def test_another_file_is_never_read_in(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}"><!ENTITY p "{"PUMP" * 50}">]>'
    for kind, body in (("text", p("A &e; &p; B")), ("spreadsheet", sheet("A", table_row(cell("A &e; &p; B"))))):
        text = texts(read(odf(kind, body, doctype=doctype)))[0]
        assert text.startswith("A")
        assert "CANARY" not in text
        assert "PUMP" not in text


@pytest.mark.parametrize("kind", ["text", "spreadsheet"])
def test_entities_that_multiply_do_not(kind: str) -> None:
    body = f"<office:body><office:{kind}>{sheet('A', table_row(cell('LAUGH')))}</office:{kind}></office:body>"
    bomb = laughs("office:document-content", f"<office:document-content {ODF_SPACES}>{body}</office:document-content>")
    with pytest.raises(errors.NestedTooDeeply):
        read(odf(kind, "", parts={"content.xml": bomb}))


@pytest.mark.parametrize("kind", ["text", "presentation", "spreadsheet"])
def test_a_bomb_is_refused_by_its_ratio(kind: str) -> None:
    with pytest.raises(errors.TooLargeInside):
        read(odf(kind, "", parts={"content.xml": b" " * (30 * MIB)}))


@pytest.mark.parametrize("kind", ["text", "presentation", "spreadsheet"])
def test_nothing_in_it_is_a_reason(kind: str) -> None:
    with pytest.raises(errors.NoText):
        read(odf(kind, ""))


def test_a_file_without_content_is_damaged() -> None:
    for data in (
        typed({"mimetype": "application/vnd.oasis.opendocument.text", "meta.xml": "<x/>"}),
        odf("text", "", parts={"content.xml": "<x/>"}),
        flat_odf("text", "").replace(b"office:body", b"office:corpse"),
        odf("text", p("x"))[:-40],
    ):
        with pytest.raises(errors.Damaged):
            read(data)


def test_the_format_before_is_read() -> None:
    content = f"<office:document-content {ODF_SPACES}><office:body>{{}}</office:body></office:document-content>"
    note = f"<text:footnote-citation>1</text:footnote-citation><text:footnote-body>{p('A note.')}</text:footnote-body>"
    parsed = read(
        typed(
            {
                "mimetype": "application/vnd.sun.xml.writer",
                "content.xml": content.format(h("Old") + p(f"Words<text:footnote>{note}</text:footnote>.")),
            }
        )
    )
    assert (parsed.kind, texts(parsed)) == ("odt", ["Old\n\nWords.\n\nA note."])
    assert read(typed({"mimetype": "application/vnd.sun.xml.calc", "content.xml": content.format(FEES)})).places[0].kind == "sheet"
