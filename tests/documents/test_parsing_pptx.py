"""A PPTX gives a place for each slide, or a reason."""

from __future__ import annotations

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.limits import MIB
from apps.documents.parsing.places import Parsed
from tests.documents.files import R, read, relations
from tests.documents.office_files import A, P, grid, laughs, lines, pptx, shape, slide

HELLO = slide(shape("Welcome", kind="ctrTitle"), shape("To the harbour", "and its cranes"))


def only_text(data: bytes) -> str:
    (place,) = read(data).places
    return place.text


def test_a_slide_is_a_place_with_its_number_and_title() -> None:
    parsed = read(pptx(HELLO, slide(shape("No title here."))))
    assert parsed.kind == "pptx"
    assert [(place.number, place.label, place.kind, place.text) for place in parsed.places] == [
        (1, "slide 1: Welcome", "slide", "Welcome\n\nTo the harbour\nand its cranes"),
        (2, "slide 2", "slide", "No title here."),
    ]
    assert parsed.title == "Welcome"


def test_slides_come_in_the_order_they_are_shown_in() -> None:
    parsed = read(pptx(slide(shape("One.")), slide(shape("Two.")), slide(shape("Three.")), order=[3, 1, 2]))
    assert [place.text for place in parsed.places] == ["Three.", "One.", "Two."]


def test_a_title_comes_first_wherever_it_lies() -> None:
    assert only_text(pptx(slide(shape("Below."), shape("Above", kind="title")))) == "Above\n\nBelow."


def test_a_table_is_read_row_by_row() -> None:
    assert only_text(pptx(slide(grid([["Berth", "Fee"], ["North 7", "1500"], ["", ""]])))) == "Berth | Fee\nNorth 7 | 1500"


def test_groups_are_read_and_fallbacks_are_not() -> None:
    group = f"<p:grpSp><p:grpSp>{shape('Deep inside.')}</p:grpSp></p:grpSp>"
    both = f"<mc:AlternateContent><mc:Choice>{shape('New.')}</mc:Choice><mc:Fallback>{shape('Old.')}</mc:Fallback></mc:AlternateContent>"
    assert only_text(pptx(slide(group, both))) == "Deep inside.\n\nNew."


def test_numbers_and_dates_of_slides_are_left_out() -> None:
    field = '<p:sp><p:txBody><a:p><a:r><a:t>Page </a:t></a:r><a:fld type="slidenum"><a:t>7</a:t></a:fld></a:p></p:txBody></p:sp>'
    assert only_text(pptx(slide(shape("12", kind="sldNum"), shape("1 May", kind="dt"), field))) == "Page"


def test_breaks_and_formulas_are_read() -> None:
    choice = "<mc:Choice><a14:m xmlns:a14='a14' xmlns:m='m'><m:t>x+1</m:t></a14:m></mc:Choice>"
    formula = f"<mc:AlternateContent>{choice}<mc:Fallback/></mc:AlternateContent>"
    text = f"<p:sp><p:txBody><a:p><a:r><a:t>One</a:t></a:r><a:br/><a:r><a:t>two </a:t></a:r>{formula}</a:p></p:txBody></p:sp>"
    assert only_text(pptx(slide(text))) == "One\ntwo x+1"


def with_part(kind: str, target: str, content: str) -> dict[str, bytes | str]:
    return {"ppt/slides/_rels/slide1.xml.rels": relations({"x": (kind, f"../{target}")}), f"ppt/{target}": content}


def test_notes_are_read_without_the_picture_of_their_slide() -> None:
    notes = (
        f'<p:notes xmlns:p="{P}" xmlns:a="{A}">{shape("1", kind="sldNum")}{shape("Say it slowly.", "Then wait.", kind="body")}</p:notes>'
    )
    assert only_text(pptx(slide(shape("Fees.")), parts=with_part("notesSlide", "notesSlides/n.xml", notes))) == (
        "Fees.\n\nNotes: Say it slowly.\nThen wait."
    )


@pytest.mark.parametrize("said", ["<p:text>Is this right?</p:text>", f"<p:txBody>{lines('Is this right?')}</p:txBody>"])
def test_comments_are_read_in_both_forms(said: str) -> None:
    comments = f'<p:cmLst xmlns:p="{P}" xmlns:a="{A}"><p:cm>{said}</p:cm></p:cmLst>'
    assert (
        only_text(pptx(slide(shape("Fees.")), parts=with_part("comments", "comments/c.xml", comments)))
        == "Fees.\n\nComment: Is this right?"
    )


def test_a_chart_is_read_with_its_numbers() -> None:
    name = '<c:tx><c:pt idx="0"><c:v>Grain</c:v></c:pt></c:tx>'
    months = '<c:cat><c:pt idx="0"><c:v>May</c:v></c:pt><c:pt idx="1"><c:v>June</c:v></c:pt></c:cat>'
    tons = '<c:val><c:pt idx="0"><c:v>40</c:v></c:pt><c:pt idx="1"><c:v>44</c:v></c:pt></c:val>'
    series = f"<c:ser>{name}{months}{tons}</c:ser>"
    chart = f'<c:chartSpace xmlns:c="c" xmlns:a="{A}"><c:title>{lines("Load in tons")}</c:title>{series}</c:chartSpace>'
    frame = f'<p:graphicFrame><a:graphic><c:chart xmlns:c="c" xmlns:r="{R}" r:id="x"/></a:graphic></p:graphicFrame>'
    assert only_text(pptx(slide(frame), parts=with_part("chart", "charts/c.xml", chart))) == "Load in tons\nGrain: May 40, June 44"


def test_a_diagram_is_read() -> None:
    points = "".join(f"<dgm:pt><dgm:t>{lines(said)}</dgm:t></dgm:pt>" for said in ("Plan", "Build"))
    data = f'<dgm:dataModel xmlns:dgm="d" xmlns:a="{A}">{points}</dgm:dataModel>'
    frame = f'<p:graphicFrame><a:graphic><dgm:relIds xmlns:dgm="d" xmlns:r="{R}" r:dm="x"/></a:graphic></p:graphicFrame>'
    assert only_text(pptx(slide(frame), parts=with_part("diagramData", "diagrams/d.xml", data))) == "Plan\nBuild"


def told(parsed: Parsed) -> list[str]:
    return [notice.sentence() for notice in parsed.notices]


def test_slides_without_text_keep_their_numbers_and_are_told() -> None:
    parsed = read(pptx(slide(), HELLO, slide("<p:pic/>")))
    assert [place.text[:7] for place in parsed.places] == ["", "Welcome", ""]
    assert told(parsed) == ["Slides 1 and 3 had no text."]


def test_a_slide_that_is_missing_is_told() -> None:
    listed = relations({"s1": ("slide", "slides/slide1.xml"), "s2": ("slide", "slides/gone.xml")})
    assert told(read(pptx(HELLO, HELLO, parts={"ppt/_rels/presentation.xml.rels": listed}))) == ["Slide 2 had no text."]


def test_a_presentation_of_pictures_is_a_reason() -> None:
    with pytest.raises(errors.NoText):
        read(pptx(slide("<p:pic/>")))


def test_entities_that_multiply_do_not() -> None:
    with pytest.raises(errors.NestedTooDeeply):
        read(pptx(laughs("p:sld", slide(shape("LAUGH")))))


def test_a_bomb_is_refused_by_its_ratio() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(pptx(HELLO, parts={"ppt/slides/slide1.xml": b" " * (30 * MIB)}))


def test_a_presentation_without_its_list_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(pptx(HELLO, parts={"ppt/presentation.xml": b"no markup"}))


def test_a_truncated_file_is_damaged() -> None:
    with pytest.raises(errors.Damaged):
        read(pptx(HELLO)[:-40])
