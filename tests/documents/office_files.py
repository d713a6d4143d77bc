"""Presentations, sheets, OpenDocument, RTF and books, good and hostile, written on the spot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tests.documents.files import R, relations, zipped

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT_S = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_R = "http://purl.oclc.org/ooxml/officeDocument/relationships"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODF_SPACES = " ".join(
    [f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "text", "table", "presentation", "style", "chart", "meta", "manifest")]
    + [f'xmlns:draw="{ODF}:drawing:1.0"', f'xmlns:svg="{ODF}:svg-compatible:1.0"']
    + ['xmlns:xlink="http://www.w3.org/1999/xlink"', 'xmlns:dc="http://purl.org/dc/elements/1.1/"']
)
Parts = Mapping[str, bytes | str]
Cell = str | int | float | bool | None


def laughs(name: str, inside: str) -> str:
    """`inside`, which calls an entity that would multiply itself to a thousand million, below its document type."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE {name} [<!ENTITY l0 "laugh">{levels}]>{inside.replace("LAUGH", "&l9;")}'


def lines(*paragraphs: str) -> str:
    """Paragraphs of DrawingML."""
    return "".join(f"<a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p>" for text in paragraphs)


def shape(*paragraphs: str, kind: str = "") -> str:
    """A text box of a slide; `kind` is what it stands for, such as "title"."""
    place = f'<p:ph type="{kind}"/>' if kind else ""
    return f"<p:sp><p:nvSpPr><p:cNvPr/><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody>{lines(*paragraphs)}</p:txBody></p:sp>"


def grid(rows: Iterable[Iterable[str]]) -> str:
    """A table of a slide."""
    cells = ("".join(f"<a:tc><a:txBody>{lines(cell)}</a:txBody></a:tc>" for cell in row) for row in rows)
    table = "".join(f"<a:tr>{row}</a:tr>" for row in cells)
    return f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{table}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"


def slide(*shapes: str, doctype: str = "") -> str:
    """One slide of a PPTX."""
    tree = f"<p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld>"
    return f'{doctype}<p:sld xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}" xmlns:mc="{MC}">{tree}</p:sld>'


def pptx(*slides: str, parts: Parts | None = None, order: Sequence[int] = ()) -> bytes:
    """A PPTX; `order` is the one that they are shown in, by number; `parts` adds members or takes the place of one."""
    shown = order or range(1, len(slides) + 1)
    listed = "".join(f'<p:sldId id="{255 + number}" r:id="s{number}"/>' for number in shown)
    members: dict[str, bytes | str] = {
        "_rels/.rels": relations({"m": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations({f"s{n}": ("slide", f"slides/slide{n}.xml") for n in range(1, len(slides) + 1)}),
    }
    return zipped(members | {f"ppt/slides/slide{n}.xml": text for n, text in enumerate(slides, start=1)} | dict(parts or {}))


def row(number: int, *cells: Cell, styles: Mapping[int, int] | None = None) -> str:
    """One row of an XLSX, texts inline; `styles` says which column has which."""
    said = (
        _cell(f"{chr(65 + index)}{number}", value, (styles or {}).get(index, 0)) for index, value in enumerate(cells) if value is not None
    )
    return f'<row r="{number}">{"".join(said)}</row>'


def _cell(reference: str, value: Cell, style: int) -> str:
    if isinstance(value, str):
        return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    kind = ' t="b"' if isinstance(value, bool) else ""
    return f'<c r="{reference}" s="{style}"{kind}><v>{int(value) if isinstance(value, bool) else value}</v></c>'


def rows(*each: Sequence[Cell], start: int = 1) -> str:
    """Rows of an XLSX one below the other."""
    return "".join(row(number, *cells) for number, cells in enumerate(each, start=start))


def xlsx(
    sheets: Mapping[str, str], *, formats: Sequence[str] = (), texts: str = "", parts: Parts | None = None, strict: bool = False
) -> bytes:
    """An XLSX with each of `sheets` as the XML of its rows; style 1, 2, ... of its cells has the first, second, ... of `formats`."""
    space, relation_space = (STRICT_S, STRICT_R) if strict else (S, R)
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="s{n}"/>' for n, name in enumerate(sheets, start=1))
    codes = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{escape(code)}"/>' for n, code in enumerate(formats))
    styles = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    targets = {f"s{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)}
    members: dict[str, bytes | str] = {
        "_rels/.rels": relations({"m": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{relation_space}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations({**targets, "f": ("styles", "styles.xml"), "t": ("sharedStrings", "texts.xml")}),
        "xl/styles.xml": f'<styleSheet xmlns="{space}"><numFmts>{codes}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>',
        "xl/texts.xml": f'<sst xmlns="{space}">{texts}</sst>',
    }
    for number, body in enumerate(sheets.values(), start=1):
        members[f"xl/worksheets/sheet{number}.xml"] = f'<worksheet xmlns="{space}"><sheetData>{body}</sheetData></worksheet>'
    return zipped(members | dict(parts or {}))


def odf(kind: str, body: str, *, parts: Parts | None = None, doctype: str = "", title: str = "") -> bytes:
    """An ODT, ODP or ODS (`kind` "text", "presentation" or "spreadsheet") with `body` as its XML."""
    members: dict[str, bytes | str] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": f"{doctype}<office:document-content {ODF_SPACES}>{_odf_body(kind, body)}</office:document-content>",
        "meta.xml": f"<office:document-meta {ODF_SPACES}><office:meta><dc:title>{title}</dc:title></office:meta></office:document-meta>",
        "META-INF/manifest.xml": f"<manifest:manifest {ODF_SPACES}/>",
    }
    return typed(members | dict(parts or {}))


def flat_odf(kind: str, body: str) -> bytes:
    """The same in one XML file."""
    stated = f'office:mimetype="application/vnd.oasis.opendocument.{kind}"'
    return f'<?xml version="1.0"?>\n<office:document {ODF_SPACES} {stated}>{_odf_body(kind, body)}</office:document>'.encode()


def _odf_body(kind: str, body: str) -> str:
    return f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"


def typed(members: Parts) -> bytes:
    """A ZIP whose first member says what it is, unpacked, as ODF and EPUB have it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


def epub(chapters: Mapping[str, str], *, contents: Mapping[str, str] | None = None, parts: Parts | None = None, title: str = "") -> bytes:
    """An EPUB with the body of each chapter by the name of its file; `contents` is its table of contents, name to title."""
    items = "".join(f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    links = "".join(f'<li><a href="{name}">{escape(said)}</a></li>' for name, said in (contents or {}).items())
    package = f"""<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>
</metadata><manifest>{items}<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>
<spine>{spine}</spine></package>"""
    rootfile = '<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    members: dict[str, bytes | str] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": f'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">{rootfile}</container>',
        "OPS/book.opf": package,
        "OPS/nav.xhtml": page(f"<nav><ol>{links}</ol></nav>"),
    }
    return typed(members | {f"OPS/{name}": page(body) for name, body in chapters.items()} | dict(parts or {}))


def page(body: str) -> str:
    """A page of a book."""
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{body}</body></html>'
