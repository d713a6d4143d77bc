"""A DOCX gives its sections, or a reason; nothing in it reaches out."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import STRICT_W, R, W, docx, paragraph, read, relations, table
from tests.documents.office_files import A, lines

LONG = "Nothing of note happened that day. " * 30


def text_of(parsed: Parsed) -> str:
    return "\n\n".join(place.text for place in parsed.places)


def body_text(body: str, parts: dict[str, bytes | str] | None = None) -> str:
    return text_of(read(docx(body, parts=parts)))


def test_headings_begin_places() -> None:
    parsed = read(docx(paragraph("Holidays", "Heading1") + paragraph(LONG) + paragraph("Sick leave", "Heading1") + paragraph("Call us.")))
    assert parsed.kind == "docx"
    assert [(place.label, place.kind) for place in parsed.places] == [("Holidays", "section"), ("Sick leave", "section")]
    assert parsed.places[1].text == "Sick leave\n\nCall us."


@pytest.mark.parametrize("style", ["berschrift2", "Clause"])
def test_a_heading_is_known_by_name_or_by_what_it_is_based_on(style: str) -> None:
    assert read(docx(paragraph("Liability", style) + paragraph("None."))).places[0].label == "Liability"


def test_a_style_that_is_based_on_itself_is_no_heading() -> None:
    assert read(docx(paragraph("Round", "Loop"))).places[0].label == ""


def test_without_headings_there_is_text() -> None:
    parsed = read(docx(paragraph("One.") + paragraph("Two.")))
    assert [(place.label, place.kind, place.text) for place in parsed.places] == [("", "text", "One.\n\nTwo.")]


def test_text_that_stands_in_tables_alone_is_found() -> None:
    assert body_text(table([["Name", "Rate"], ["Ada", "40 %"]])) == "Name | Rate\nAda | 40 %"


def test_a_table_in_a_cell_is_said_once() -> None:
    inner = table([["deep"]])
    assert body_text(f"<w:tbl><w:tr><w:tc>{paragraph('outer')}{inner}</w:tc></w:tr></w:tbl>") == "outer deep"


def test_a_text_box_is_said_once() -> None:
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    both = f"<w:AlternateContent><w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback></w:AlternateContent>"
    assert body_text(f"<w:p><w:r><w:t>Beside.</w:t>{both}</w:r></w:p>") == "Beside.\n\nIn the box."


def test_a_note_stands_after_its_paragraph() -> None:
    notes = f'<w:footnotes xmlns:w="{W}"><w:footnote w:type="separator" w:id="0">{paragraph("---")}</w:footnote>'
    notes += f'<w:footnote w:id="2">{paragraph("Not on Sundays.")}</w:footnote></w:footnotes>'
    parts: dict[str, bytes | str] = {
        "word/footnotes.xml": notes,
        "word/_rels/document.xml.rels": relations({"f": ("footnotes", "footnotes.xml")}),
    }
    body = '<w:p><w:r><w:t>Open daily.</w:t><w:footnoteReference w:id="2"/></w:r></w:p>' + paragraph("Next.")
    assert body_text(body, parts=parts) == "Open daily.\n\nNot on Sundays.\n\nNext."


def test_a_comment_stands_after_its_paragraph() -> None:
    comments = f'<w:comments xmlns:w="{W}"><w:comment w:id="0" w:author="Ada">{paragraph("Is this still so?")}</w:comment></w:comments>'
    parts: dict[str, bytes | str] = {
        "word/comments.xml": comments,
        "word/_rels/document.xml.rels": relations({"c": ("comments", "comments.xml")}),
    }
    body = '<w:p><w:r><w:t>Open daily.</w:t></w:r><w:r><w:commentReference w:id="0"/></w:r></w:p>' + paragraph("Next.")
    assert body_text(body, parts=parts) == "Open daily.\n\nIs this still so?\n\nNext."


def test_a_chart_and_a_diagram_are_read_where_they_stand() -> None:
    parts: dict[str, bytes | str] = {
        "word/charts/c.xml": f'<c:chartSpace xmlns:c="c" xmlns:a="{A}"><c:title>{lines("Load in tons")}</c:title></c:chartSpace>',
        "word/diagrams/d.xml": f'<dgm:dataModel xmlns:dgm="d" xmlns:a="{A}">{lines("Plan", "Build")}</dgm:dataModel>',
        "word/_rels/document.xml.rels": relations({"c": ("chart", "charts/c.xml"), "d": ("diagramData", "diagrams/d.xml")}),
    }
    chart = '<w:p><w:drawing><c:chart xmlns:c="c" r:id="c"/></w:drawing></w:p>'
    diagram = '<w:p><w:drawing><dgm:relIds xmlns:dgm="d" r:dm="d"/></w:drawing></w:p>'
    assert body_text(paragraph("Before.") + chart + diagram, parts=parts) == "Before.\n\nLoad in tons\n\nPlan\nBuild"


def test_deleted_words_are_gone_and_inserted_ones_are_there() -> None:
    change = "<w:del><w:r><w:delText>ten</w:delText></w:r></w:del><w:ins><w:r><w:t>twelve</w:t></w:r></w:ins>"
    assert body_text(f"<w:p><w:r><w:t>It costs </w:t></w:r>{change}<w:r><w:t> euro.</w:t></w:r></w:p>") == "It costs twelve euro."


def test_content_controls_and_links_are_read() -> None:
    body = f"<w:sdt><w:sdtContent>{paragraph('Field.')}</w:sdtContent></w:sdt>"
    body += "<w:p><w:hyperlink><w:r><w:t>Link</w:t><w:tab/><w:t>text</w:t></w:r></w:hyperlink></w:p>"
    assert body_text(body) == "Field.\n\nLink\ttext"


def test_a_letterhead_is_said_once() -> None:
    header = f'<w:hdr xmlns:w="{W}">{paragraph("Acme Ltd, 5 Mill Road")}</w:hdr>'
    assert body_text(paragraph("Dear all."), parts={"word/header1.xml": header, "word/header2.xml": header}) == (
        "Dear all.\n\nAcme Ltd, 5 Mill Road"
    )


def test_the_strict_dialect_is_read() -> None:
    assert text_of(read(docx(paragraph("Strictly so."), namespace=STRICT_W))) == "Strictly so."


def test_the_title_comes_from_the_properties() -> None:
    core = '<c:coreProperties xmlns:c="c" xmlns:dc="dc"><dc:title>House rules</dc:title></c:coreProperties>'
    assert read(docx(paragraph("Be kind."), parts={"docProps/core.xml": core})).title == "House rules"


def inserted(name: str, content: bytes | str) -> Parsed:
    parts: dict[str, bytes | str] = {f"word/{name}": content, "word/_rels/document.xml.rels": relations({"a": ("aFChunk", name)})}
    return read(docx(paragraph("Before.") + f'<w:altChunk xmlns:r="{R}" r:id="a"/>', parts=parts))


def test_an_inserted_page_is_read() -> None:
    assert text_of(inserted("chunk.html", "<p>From a page.</p>")) == "Before.\n\nFrom a page."


def test_an_inserted_document_is_read() -> None:
    assert text_of(inserted("chunk.docx", docx(paragraph("From a file.")))) == "Before.\n\nFrom a file."


def test_an_inserted_file_that_cannot_be_read_is_told() -> None:
    assert inserted("chunk.rtf", "{\\rtf1 x}").warnings == ["A file that is inserted into this document (chunk.rtf) could not be read."]


def test_a_document_that_inserts_itself_without_end_is_told() -> None:
    data = docx(paragraph("Innermost."))
    for _ in range(6):
        parts: dict[str, bytes | str] = {"word/c.docx": data, "word/_rels/document.xml.rels": relations({"a": ("aFChunk", "c.docx")})}
        data = docx(paragraph("Around.") + '<w:altChunk r:id="a"/>', parts=parts)
    assert read(data).warnings == ["A file that is inserted into this document could not be found."]


def test_another_file_is_never_read_in(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}"><!ENTITY p "{"PUMP" * 50}">]>'
    text = text_of(read(docx(paragraph("A &e; &p; B"), doctype=doctype)))
    assert "CANARY" not in text
    assert "PUMP" not in text
    assert text.startswith("A")


def test_entities_that_multiply_do_not() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY l0 "laugh">{levels}]>'
    with pytest.raises(errors.TooLargeInside, match="repeats itself too often"):
        read(docx(paragraph("Dry.") + paragraph("&l9;"), doctype=doctype))


def test_a_relation_to_another_host_is_not_followed() -> None:
    rels = relations({"a": ("aFChunk", "http://127.0.0.1:9/x.html")}).replace("Target=", 'TargetMode="External" Target=')
    parsed = read(docx(paragraph("Here.") + '<w:altChunk r:id="a"/>', parts={"word/_rels/document.xml.rels": rels}))
    assert parsed.warnings == ["A file that is inserted into this document could not be found."]


def test_a_bomb_is_refused_by_its_ratio() -> None:
    bomb = docx(paragraph("x"), parts={"word/document.xml": b" " * 30_000_000})
    assert len(bomb) < 50_000
    with pytest.raises(errors.TooLargeInside):
        read(bomb)


def test_a_bomb_is_refused_by_its_total() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(docx(paragraph(LONG * 50)), limits=Limits(max_unpacked_bytes=20_000))


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(docx(paragraph("x"), parts={f"word/media/{n}": b"" for n in range(60)}), limits=Limits(max_entries=50))


def test_a_part_that_lies_about_its_size_is_damaged() -> None:
    data = docx(paragraph("x"))
    member = zipfile.ZipFile(io.BytesIO(data)).getinfo("word/document.xml")
    size = member.file_size.to_bytes(4, "little")
    with pytest.raises(errors.Damaged):
        read(data.replace(size, (5).to_bytes(4, "little")))


def test_nesting_without_end_is_a_reason() -> None:
    deep = "<w:sdt>" * 5000 + paragraph("Deep.") + "</w:sdt>" * 5000
    with pytest.raises(errors.TooLargeInside, match="nested too deeply"):
        read(docx(paragraph("Top.") + deep))


def test_a_truncated_file_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(docx(paragraph(LONG))[:400])


def test_broken_xml_is_read_as_far_as_it_goes() -> None:
    broken = f'<w:document xmlns:w="{W}"><w:body>{paragraph("Saved.")}<w:p><w:r><w:t>los'
    assert text_of(read(docx("", parts={"word/document.xml": broken}))).startswith("Saved.")


def test_a_document_without_text_fails_with_a_reason() -> None:
    with pytest.raises(errors.NoText):
        read(docx("<w:p/>"))
