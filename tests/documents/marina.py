"""A harbour for pleasure boats: an office file of each kind, with a question that only it answers."""

from __future__ import annotations

from tests.documents.files import docx, paragraph, table
from tests.documents.office_files import epub, grid, odf, pptx, rows, shape, slide, xlsx
from tests.documents.ole_files import numbers, xls

P = "<text:p>{}</text:p>"
BERTHS = rows(["Berths of the marina"], start=1) + rows(["Berth", "Length", "Fee"], ["Pelican 7", 12, 150.5], ["Heron 3", 8, 99], start=3)
SLIDES = [
    slide(shape("Plan of the marina", kind="title"), shape("A place for everybody.")),
    slide(
        shape("Dredging", kind="title"),
        shape("The pelican basin is dredged by the tug Albatross."),
        grid([["Month", "Depth"], ["May", "4 m"]]),
    ),
]
STOCK_CELL = f"<table:table-cell>{P.format('Forty coils of mooring rope lie in the loft.')}</table:table-cell>"
STOCK = f'<table:table table:name="Stock"><table:table-row>{STOCK_CELL}</table:table-row></table:table>'
FILES = {
    "Marina plan.pptx": pptx(*SLIDES),
    "Marina fees.xlsx": xlsx({"Berths": BERTHS.replace('<c r="C4" s="0">', '<c r="C4" s="1">')}, formats=['0.00 "EUR"']),
    "Old fees.xls": xls({"Archive": numbers(["Berth", "Keeper"], ["Kingfisher 2", "Mortimer the keeper of the kingfisher berth"])}),
    "Marina rules.docx": docx(
        paragraph("Quiet hours", "Heading1") + paragraph("Bagpipes are silent after ten.") + table([["Day", "Hours"], ["Sunday", "All"]])
    ),
    "Marina letter.odt": odf("text", "<text:h>Letter</text:h>" + P.format("The lighthouse is painted with zebra stripes.")),
    "Marina slides.odp": odf(
        "presentation",
        f"<draw:page><draw:frame><draw:text-box>{P.format('The ferry leaves at half past six.')}</draw:text-box></draw:frame></draw:page>",
    ),
    "Marina stock.ods": odf("spreadsheet", STOCK),
    "Marina note.rtf": rb"{\rtf1\ansi The diver is called J\'f6rgen and lives in the boathouse.\par}",
    "Marina tale.epub": epub(
        {"one.xhtml": "<p>The captain kept a parrot named Quartermaster.</p>"},
        contents={"one.xhtml": "The parrot"},
        title="A tale of the marina",
    ),
}
# question: the file, the place in it, words of the answer
QUESTIONS = {
    "Which tug dredges the pelican basin?": ("Marina plan.pptx", "slide 2: Dredging", "Albatross"),
    "What is the fee of berth Pelican 7?": ("Marina fees.xlsx", "Berths, rows 1-5", "150.50 EUR"),
    "Who is the keeper of the kingfisher berth?": ("Old fees.xls", "Archive, rows 1-2", "Mortimer"),
    "When are bagpipes silent?": ("Marina rules.docx", "Quiet hours", "after ten"),
    "How is the lighthouse painted?": ("Marina letter.odt", "Letter", "zebra stripes"),
    "When does the ferry leave?": ("Marina slides.odp", "slide 1", "half past six"),
    "How many coils of mooring rope lie in the loft?": ("Marina stock.ods", "Stock, row 1", "Forty coils"),
    "What is the diver called?": ("Marina note.rtf", "", "Jörgen"),
    "What was the name of the captain's parrot?": ("Marina tale.epub", "The parrot", "Quartermaster"),
}
