"""PDF: the text of each page, built sign by sign so that it can be repaired."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pypdfium2 as pdfium
import pypdfium2.raw as c

from apps.documents.parsing.errors import Damaged, Encrypted, TooManyPages
from apps.documents.parsing.notices import numbered
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rasters import RASTER_MAX_DOTS, Raster

DOTS_PER_INCH, POINTS_PER_INCH = 300, 72
LAM = 0x644
ALEFS = frozenset({0x622, 0x623, 0x625, 0x627})
_RIGHT_TO_LEFT_WORD = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]{2,}")
_CATALOG = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\s*<<[^>]{0,200}/Type\s*/Catalog\b")
_JOINT = re.compile(r"[\ufffe\x02](?:\r?\n)?")


def read(data: bytes, reading: Reading) -> None:
    """Add the pages, one place each, also those without text. Raises Damaged, Encrypted, TooLargeInside, TooManyPages."""
    document, is_cut_off = _opened(data)
    total = len(document)
    if total > reading.limits.max_places:
        raise TooManyPages
    reading.suggest_title(_title(document))
    empty: list[int] = []
    broken: list[int] = []
    for index in range(total):
        text = _page_text(document, index)
        reading.add("page", text or "", label=f"page {index + 1}")
        if text is None:
            broken.append(index + 1)
            reading.mark_unreadable()
        elif not text.strip():
            empty.append(index + 1)
        reading.progress(index + 1, total)
    if is_cut_off and len(empty) + len(broken) == total:
        raise Damaged
    if is_cut_off:
        reading.warn("cut_off")
    for what, numbers in (("without_text", empty), ("unreadable", broken)):
        if numbers:
            reading.note(numbered(what, numbers))


def draw(data: bytes, numbers: Sequence[int]) -> Iterator[Raster | int]:
    """Those pages in gray; of one that cannot be drawn only its number. Raises Damaged, Encrypted."""
    document, _ = _opened(data)
    for number in numbers:
        try:
            page = _page(document, number - 1)
            yield _drawn(page, number)
            page.close()
        except pdfium.PdfiumError:
            yield number


def _drawn(page: pdfium.PdfPage, number: int) -> Raster:
    width, height = page.get_size()
    scale = min(DOTS_PER_INCH / POINTS_PER_INCH, (RASTER_MAX_DOTS / max(width * height, 1)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    rows = bytes(bitmap.buffer)
    data = b"".join(rows[at : at + bitmap.width] for at in range(0, bitmap.height * bitmap.stride, bitmap.stride))
    return Raster(number, bitmap.width, bitmap.height, data)


def _opened(data: bytes) -> tuple[pdfium.PdfDocument, bool]:
    """The document, and whether its end is missing. Raises Damaged, Encrypted."""
    try:
        return _document(data), False
    except Damaged:
        catalog = next(reversed(list(_CATALOG.finditer(data))), None)
        if catalog is None:
            raise
        return _document(data + b"\ntrailer<</Root %s %s R>>\n%%%%EOF\n" % catalog.groups()), True


def _document(data: bytes) -> pdfium.PdfDocument:
    """With what people wrote into its fields, where it is a form. Raises Damaged, Encrypted."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise (Encrypted if error.err_code in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY) else Damaged) from error
    if document.get_formtype() != c.FORMTYPE_NONE:
        document.init_forms()
    return document


def _title(document: pdfium.PdfDocument) -> str:
    try:
        return str(document.get_metadata_value("Title"))
    except UnicodeDecodeError:
        return ""


def _page_text(document: pdfium.PdfDocument, index: int) -> str | None:
    """The text of one page; None of a page that cannot be loaded."""
    try:
        page = _page(document, index)
        signs = page.get_textpage()
    except pdfium.PdfiumError:
        return None
    text = _as_text(_repaired(signs, _codes(signs)))
    signs.close()
    page.close()
    return text


def _page(document: pdfium.PdfDocument, index: int) -> pdfium.PdfPage:
    """A page; what stands in a form's fields is made part of it, or it would be no text."""
    page = document[index]
    if document.formenv is None or c.FPDFPage_GetAnnotCount(page) == 0:
        return page
    c.FPDFPage_Flatten(page, c.FLAT_NORMALDISPLAY)
    page.close()
    return document[index]


def _codes(signs: pdfium.PdfTextPage) -> list[int]:
    return [c.FPDFText_GetUnicode(signs, index) for index in range(signs.count_chars())]


def _repaired(signs: pdfium.PdfTextPage, codes: list[int]) -> list[int]:
    """`codes` in the order read where PDFium gives the one seen: some right-to-left words whole, and the letters of lam-alef."""
    order = list(range(len(codes)))
    for word in _RIGHT_TO_LEFT_WORD.finditer("".join(chr(min(code, sys.maxunicode)) for code in codes)):
        start, end = word.span()
        if _box(signs, start) < _box(signs, end - 1):  # its first letter stands left of its last
            order[start:end] = order[start:end][::-1]
    for at, (first, second) in enumerate(pairwise(order)):
        if codes[second] == LAM and codes[first] in ALEFS and _box(signs, first) == _box(signs, second):
            order[at : at + 2] = [second, first]
    return [codes[index] for index in order]


def _box(signs: pdfium.PdfTextPage, index: int) -> tuple[float, ...]:
    edges = [ctypes.c_double() for _ in range(4)]
    c.FPDFText_GetCharBox(signs, index, *edges)
    return tuple(edge.value for edge in edges)


def _as_text(codes: Sequence[int]) -> str:
    """Words that a hyphen broke at the end of a line are joined: PDFium gives U+FFFE or U+0002 for hyphen and line end."""
    raw = "".join(chr(code) for code in codes if code <= sys.maxunicode)
    text = raw.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")  # brings the two halves of a pair together
    return _JOINT.sub("", text)
