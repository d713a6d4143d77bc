"""Files of every kind, good and hostile, written on the spot; and `read`, which parses one in a child."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter

from apps.documents.parsing.limits import Limits
from apps.documents.parsing.parse import parse_file
from apps.documents.parsing.places import Parsed

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FORM = "/Type/XObject/Subtype/Form/BBox[0 0 595 842]"
LAM_ALEF = "<41> <06440627> <42> <0633> <43> <0645>"  # the letters A, B and C stand for the ligature, sin and mim


def read(data: bytes, name: str = "file", limits: Limits | None = None) -> Parsed:
    """`data`, uploaded as `name`, as the product reads it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stored"
        path.write_bytes(data)
        return parse_file(path, name=name, on_progress=lambda done, total: None, limits=limits)


def pdf(*pages: str, title: str = "", letters: str = "") -> bytes:
    """A PDF with the lines of each of `pages`; `letters` maps its codes to other characters (ToUnicode)."""
    return _document([_stream(_drawn(page)) for page in pages], title=title, letters=letters)


def drawn_pdf(drawing: bytes, *, letters: str = "") -> bytes:
    """A PDF of one page with a drawing of your own, deflated."""
    return packed_pdf(zlib.compress(drawing, 9), letters=letters)


def packed_pdf(packed: bytes, *, letters: str = "") -> bytes:
    """The same with a drawing that is deflated already."""
    return _document([_stream(packed, "/Filter/FlateDecode")], letters=letters)


def form_pdf(printed: str, filled_in: str) -> bytes:
    """A PDF form with what somebody wrote into its one field."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    shown = _stream(b"/Tx BMC BT /F 11 Tf 2 5 Td (%s) Tj ET EMC" % filled_in.encode(), f"{FORM}/Resources<</Font<</F 5 0 R>>>>")
    field = f"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V({filled_in})/Rect[100 695 300 715]/F 4/AP<</N 7 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[6 0 R]/Resources<</Font<</F 5 0 R>>>>>>"
    catalog, pages = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    drawing = _stream(b"BT /F 11 Tf 50 700 Td (%s) Tj ET" % printed.encode())
    return _assembled([catalog, pages, page, drawing, font, field.encode(), shown, b"<<>>"])


def multiplying_pdf(depth: int) -> bytes:
    """A PDF whose page shows ten drawings that each show ten, `depth` times."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</X 6 0 R>>>>>>"
    ten = [_stream(b"/X Do " * 10, f"{FORM}/Resources<</XObject<</X {7 + number} 0 R>>>>") for number in range(depth)]
    last = _stream(b"BT /F 11 Tf 50 700 Td (lol) Tj ET", f"{FORM}/Resources<</Font<</F 5 0 R>>>>")
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    head = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, _stream(b"/X Do " * 10), font]
    return _assembled([*head, *ten, last, b"<<>>"])


def _document(contents: Sequence[bytes], *, title: str = "", letters: str = "") -> bytes:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding" + (b"/ToUnicode 4 0 R>>" if letters else b">>")
    count = letters.count("<") // 2
    mapping = f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange {count} beginbfchar {letters} endbfchar endcmap"
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(contents)))
    pages = f"<</Type/Pages/Kids[{kids}]/Count {len(contents)}>>"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", pages.encode(), font, _stream(mapping.encode())]
    for number, content in enumerate(contents):
        head = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {6 + 2 * number} 0 R/Resources<</Font<</F 3 0 R>>>>>>"
        objects += [head.encode(), content]
    objects.append(f"<</Title({title})>>".encode())
    return _assembled(objects)


def _drawn(page: str) -> bytes:
    lines = page.encode("cp1252").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)").split(b"\n")
    return b"BT /F 11 Tf 50 790 Td " + b" ".join(b"(%s) Tj 0 -14 Td" % line for line in lines) + b" ET"


def _stream(data: bytes, options: str = "") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), options.encode(), data)


def _assembled(objects: Sequence[bytes]) -> bytes:
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = b"trailer<</Root 1 0 R/Info %d 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (size - 1, size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def encrypted_pdf(*pages: str, owner_only: bool = False, algorithm: str = "AES-256") -> bytes:
    """A PDF that opens with a password only; `owner_only`: anyone may read it, not change it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(*pages))))
    writer.encrypt("" if owner_only else "secret", owner_password="secret", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def paragraph(text: str, style: str = "") -> str:
    """One paragraph of a DOCX."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def table(rows: Iterable[Iterable[str]]) -> str:
    """A table of a DOCX."""
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def docx(body: str, *, parts: Mapping[str, bytes | str] | None = None, namespace: str = W, doctype: str = "") -> bytes:
    """A DOCX with `body` as its XML; `parts` adds members or takes the place of one."""
    document = f'{doctype}<w:document xmlns:w="{namespace}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>'
    members: dict[str, bytes | str] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations({"m": ("officeDocument", "word/document.xml")}),
        "word/document.xml": document,
        "word/_rels/document.xml.rels": relations({"s": ("styles", "styles.xml")}),
        "word/styles.xml": STYLES,
    }
    return zipped(members | dict(parts or {}))


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """A .rels part: id to (kind, target)."""
    rows = (f'<Relationship Id="{key}" Type="{R}/{kind}" Target="{target}"/>' for key, (kind, target) in targets.items())
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{"".join(rows)}</Relationships>'


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


STYLES = f"""<w:styles xmlns:w="{W}">
<w:style w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Clause"><w:name w:val="Clause title"/><w:basedOn w:val="Heading1"/></w:style>
<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
</w:styles>"""
