"""An XLSX gives the cells of its sheets as people see them, or a reason."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

from apps.documents.parsing import errors
from apps.documents.parsing.limits import MIB, Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import R, read, relations
from tests.documents.office_files import A, Cell, S, laughs, row, rows, xlsx

PRICES = rows(["Berth", "Length", "Fee"], ["North 7", 120, 1500.5], ["South 3", 80, 900])


def texts(parsed: Parsed) -> list[str]:
    return [place.text for place in parsed.places]


def sheet_text(body: str, **options: Any) -> str:
    return "\n\n".join(texts(read(xlsx({"Fees": body}, **options))))


def test_a_row_says_what_its_numbers_are() -> None:
    parsed = read(xlsx({"Fees": PRICES}))
    assert parsed.kind == "xlsx"
    assert [(place.label, place.kind) for place in parsed.places] == [("Fees, rows 1-3", "sheet")]
    assert parsed.places[0].text == (
        "Berth | Length | Fee\n\nBerth: North 7\nLength: 120\nFee: 1500.5\n\nBerth: South 3\nLength: 80\nFee: 900"
    )


def test_what_stands_above_a_table_is_no_name_of_columns() -> None:
    body = rows(["Fees of the harbour"], ["valid for", 2025]) + rows(["Berth", "Length", "Fee"], ["North 7", 120, 1500], start=4)
    assert sheet_text(body) == "Fees of the harbour\n\nvalid for | 2025\n\nBerth | Length | Fee\n\nBerth: North 7\nLength: 120\nFee: 1500"


def test_years_name_columns() -> None:
    assert sheet_text(rows(["Item", 2024, 2025], ["Crane", 5, 7])).endswith("Item: Crane\n2024: 5\n2025: 7")


def test_a_form_has_no_names_of_columns() -> None:
    body = rows(["Customer", "ACME"], ["Since", 2011], ["Street", "Mill Road"], ["City", "Port"])
    assert sheet_text(body) == "Customer | ACME\n\nSince | 2011\n\nStreet | Mill Road\n\nCity | Port"


def test_a_table_of_texts_has_names_where_it_is_wide() -> None:
    assert sheet_text(rows(["Term", "Meaning", "Source"], ["Berth", "A place to moor", "Law"])).endswith(
        "Term: Berth\nMeaning: A place to moor\nSource: Law"
    )


def test_a_second_table_has_its_own_names() -> None:
    body = PRICES + rows(["Crane", "Tons", "Built"], ["C1", 40, 1999], start=5)
    assert sheet_text(body).endswith("Crane | Tons | Built\n\nCrane: C1\nTons: 40\nBuilt: 1999")


def test_a_group_within_a_table_keeps_the_names() -> None:
    body = PRICES + rows(["Upper harbour"], ["Upper 1", 20, 50], start=5)
    assert sheet_text(body).endswith("Upper harbour\n\nBerth: Upper 1\nLength: 20\nFee: 50")


def test_long_sheets_are_many_places_with_the_names_in_each() -> None:
    west: list[list[Cell]] = [[f"West {n}", n, n * 10] for n in range(120)]
    body = PRICES + rows(*west, start=4)
    parsed = read(xlsx({"Fees": body}))
    assert [place.label for place in parsed.places] == ["Fees, rows 1-50", "Fees, rows 51-100", "Fees, rows 101-123"]
    assert "Berth: West 119\nLength: 119\nFee: 1190" in parsed.places[-1].text


def test_numbers_and_days_are_shown_in_their_formats() -> None:
    cells = row(1, 1234.5, 0.125, 45658.5, 7, styles={0: 1, 1: 2, 2: 3, 3: 99})
    assert sheet_text(cells, formats=['#,##0.00 "€"', "0.0%", "dd.mm.yyyy hh:mm"]) == "1,234.50 € | 12.5% | 01.01.2025 12:00 | 7"


def test_days_may_count_from_1904() -> None:
    listed = '<sheets><sheet name="Days" r:id="s1"/></sheets><workbookPr date1904="1"/>'
    parts: dict[str, bytes | str] = {"xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}">{listed}</workbook>'}
    assert sheet_text(row(1, 0, styles={0: 1}), formats=["yyyy-mm-dd"], parts=parts) == "1904-01-01"


def test_shared_texts_are_read_without_what_stands_above_them() -> None:
    shared = "<si><t>Plain</t></si><si><r><rPr><b/></rPr><t>Bold </t></r><r><t>and not</t></r></si>"
    shared += "<si><t>東京</t><rPh><t>トウキョウ</t></rPh></si>"
    cells = "".join(f'<c t="s"><v>{index}</v></c>' for index in (0, 1, 2, 77))
    assert sheet_text(f"<row>{cells}</row>", texts=shared) == "Plain | Bold and not | 東京"


def test_truths_and_errors_are_said() -> None:
    assert (
        sheet_text('<row><c t="b"><v>1</v></c><c t="e"><v>#DIV/0!</v></c><c t="str"><f>A1</f><v>said</v></c></row>')
        == "TRUE | #DIV/0! | said"
    )


def test_a_formula_shows_its_value() -> None:
    cells = '<c><f t="shared" ref="A1:A2" si="0">B1*2</f><v>14</v></c>', '<c><f t="shared" si="0"/><v>16</v></c>'
    assert sheet_text("".join(f"<row>{cell}</row>" for cell in cells)) == "14\n\n16"


def test_a_formula_without_a_value_is_told() -> None:
    parsed = read(xlsx({"Sums": "<row><c t='inlineStr'><is><t>Sum</t></is></c><c><f>SUM(B2:B9)</f></c></row>"}))
    assert texts(parsed) == ["Sum"]
    assert [(notice.code, notice.details) for notice in parsed.notices] == [("values_missing", {"count": 1})]


def test_the_strict_dialect_is_read() -> None:
    assert texts(read(xlsx({"Fees": PRICES}, strict=True))) == texts(read(xlsx({"Fees": PRICES})))


def test_cells_without_references_stand_side_by_side() -> None:
    assert sheet_text("<row><c><v>1</v></c><c><v>2</v></c></row><row><c r='C2'><v>3</v></c><c><v>4</v></c></row>") == "1 | 2\n\n3 | 4"


def test_a_workbook_of_another_program_is_read() -> None:
    book = Workbook()
    sheet = book.create_sheet("Costs", 0)
    del book["Sheet"]
    for cells in (["Item", "Due", "Cost"], ["Crane", datetime(2025, 3, 1), 12], ["Quay", datetime(2025, 4, 1), 9]):  # noqa: DTZ001
        sheet.append(cells)
    sheet["A2"].comment = Comment("Leased until 2031.", "Ada")
    chart = BarChart()
    chart.title = "Costs in all"
    chart.add_data(Reference(sheet, min_col=3, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart, "E1")
    hidden = book.create_sheet("Hidden")
    hidden.sheet_state = "hidden"
    hidden.append(["The code is 4711."])
    book.create_sheet("Empty")
    book.properties.title = "Costs of the harbour"
    out = BytesIO()
    book.save(out)
    parsed = read(out.getvalue())
    assert parsed.title == "Costs of the harbour"
    assert [place.label for place in parsed.places] == ["Costs, rows 1-3", "Costs, notes", "Hidden, row 1"]
    assert "Item: Crane\nDue: 2025-03-01 0:00:00\nCost: 12" in parsed.places[0].text
    assert parsed.places[1].text == "Comment at A2: Leased until 2031.\n\nCosts in all"
    assert parsed.places[2].text == "The code is 4711."


def test_text_boxes_and_charts_are_read_with_their_numbers() -> None:
    box = f'<xdr:sp xmlns:xdr="x" xmlns:a="{A}"><a:p><a:r><a:t>In a box.</a:t></a:r></a:p></xdr:sp>'
    frame = f'<c:chart xmlns:c="c" xmlns:r="{R}" r:id="c1"/>'
    name = '<c:tx><c:pt idx="0"><c:v>Tons</c:v></c:pt></c:tx><c:cat><c:pt idx="0"><c:v>May</c:v></c:pt></c:cat>'
    value = '<c:val><c:numCache><c:formatCode>0.0"t"</c:formatCode><c:pt idx="0"><c:v>12.5</c:v></c:pt></c:numCache></c:val>'
    title = "<c:title><a:p><a:r><a:t>Load</a:t></a:r></a:p></c:title>"
    parts: dict[str, bytes | str] = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations({"d": ("drawing", "../drawings/d.xml")}),
        "xl/drawings/d.xml": f"<xdr:wsDr xmlns:xdr='x'>{box}{frame}</xdr:wsDr>",
        "xl/drawings/_rels/d.xml.rels": relations({"c1": ("chart", "../charts/c.xml")}),
        "xl/charts/c.xml": f'<c:chartSpace xmlns:c="c" xmlns:a="{A}">{title}<c:ser>{name}{value}</c:ser></c:chartSpace>',
    }
    assert texts(read(xlsx({"Load": ""}, parts=parts))) == ["In a box.\n\nLoad\nTons: May 12.5t"]


def test_two_cells_in_far_corners_are_two_cells() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    parsed = read(xlsx({"Far": f'<dimension ref="A1:XFD1048576"/>{far}'}), limits=Limits(cpu_s=2))
    assert [(place.label, place.text) for place in parsed.places] == [("Far, rows 1-1048576", "1\n\n2")]


def test_more_cells_than_anybody_reads_are_refused() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(xlsx({"Many": rows(*[[1, 2, 3]] * 40)}), limits=Limits(max_cells=100))


def test_a_cell_of_120_megabytes_is_refused() -> None:
    with pytest.raises(errors.TooLargeInside):
        read(xlsx({"Big": f"<row><c t='inlineStr'><is><t>{'a word ' * 17_000_000}</t></is></c></row>"}))


def test_a_long_cell_is_several_places() -> None:
    parsed = read(xlsx({"Long": rows(["A sentence of a long cell. " * 1000])}))
    assert len(parsed.places) > 3
    assert {place.label for place in parsed.places} == {"Long, row 1"}


def test_entities_that_multiply_do_not() -> None:
    bomb = laughs("worksheet", f'<worksheet xmlns="{S}"><sheetData><row><c t="str"><v>LAUGH</v></c></row></sheetData></worksheet>')
    with pytest.raises(errors.NestedTooDeeply):
        read(xlsx({"Fees": PRICES}, parts={"xl/worksheets/sheet1.xml": bomb}))


def test_a_bomb_is_refused_by_its_ratio() -> None:
    bomb = xlsx({"Fees": PRICES}, parts={"xl/worksheets/sheet1.xml": b" " * (30 * MIB)})
    assert len(bomb) < 50_000
    with pytest.raises(errors.TooLargeInside):
        read(bomb)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_part_that_is_no_xml_is_damage(part: str) -> None:
    with pytest.raises((errors.Damaged, errors.NoText)):
        read(xlsx({"Fees": PRICES}, parts={part: b"no markup at all"}))


def test_sheets_without_cells_are_a_reason() -> None:
    with pytest.raises(errors.NoText):
        read(xlsx({"One": "", "Two": "<row><c s='1'/></row>"}))


def test_odd_numbers_of_rows_styles_and_texts_are_borne() -> None:
    cells = (
        '<row r="x"><c r="??" s="-1" t="s"><v>-5</v></c><c s="9999999999"><v>1e400</v></c><c><v>seven</v></c><c t="zz"><v>8</v></c></row>'
    )
    assert sheet_text(cells) == "inf | seven | 8"
