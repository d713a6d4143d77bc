"""PDFs as programs lay them out, written on the spot: columns, broken words, joined letters, other scripts, many pages."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PIL import Image

WIDE, HIGH = 595, 842
LATIN, CODED, JAPANESE, CHINESE = "L", "C", "J", "Z"
BRANCH = 20  # pages under one node of their tree, as good programs have it
_LINE_POINTS = 16


class Run(NamedTuple):
    """Some words at a place, `x` from the left and `y` from the top, in points."""

    x: float
    y: float
    words: str | bytes
    font: str = LATIN
    size: int = 11


def pdf_of(*pages: Sequence[Run], letters: str = "", rotate: int = 0, pictures: Sequence[bytes] = ()) -> bytes:
    """A PDF with these pages. The codes of runs in CODED mean what `letters` maps them to (ToUnicode); `pictures` are JPEG 2000."""
    branches = [pages[first : first + BRANCH] for first in range(0, len(pages), BRANCH)]
    first_branch = 12 + len(pictures)
    first_page = first_branch + len(branches)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        _kids(first_branch, 1, len(branches), count=len(pages)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 5 0 R>>",
        _stream(_to_unicode(letters)),
        *_cid_font("UniJIS-UTF16-H", "KozMinPro-Regular", "Japan1", 6),
        *_cid_font("GBK-EUC-H", "STSong-Light", "GB1", 9),
        *(_stream(picture, "/Type/XObject/Subtype/Image/Width 64/Height 64/Filter/JPXDecode") for picture in pictures),
    ]
    objects += [_kids(first_page + 2 * BRANCH * n, 2, len(branch), count=len(branch), parent=2) for n, branch in enumerate(branches)]
    shown = "".join(f"/P{n} {12 + n} 0 R" for n in range(len(pictures)))
    resources = f"<</Font<</L 3 0 R/C 4 0 R/J 6 0 R/Z 9 0 R>>/XObject<<{shown}>>>>"
    for number, runs in enumerate(pages):
        above = f"/Parent {first_branch + number // BRANCH} 0 R/Contents {first_page + 2 * number + 1} 0 R"
        head = f"<</Type/Page{above}/MediaBox[0 0 {WIDE} {HIGH}]/Rotate {rotate}/Resources{resources}>>"
        drawn = b"".join(b"q 200 0 0 200 300 80 cm /P%d Do Q " % n for n in range(len(pictures)))
        objects += [head.encode(), _stream(drawn + b" ".join(map(_drawn, runs)))]
    return _assembled(objects)


def lines(*texts: str, x: float = 60, y: float = 80, font: str = LATIN, size: int = 11) -> list[Run]:
    """Lines below each other, as they are broken."""
    return [Run(x, y + number * _LINE_POINTS, text, font, size) for number, text in enumerate(texts)]


def interleaved(*columns: Iterable[Run]) -> list[Run]:
    """Columns drawn line by line across the page, as some programs do."""
    return [run for row in zip(*columns, strict=True) for run in row]


def book(pages: int, sentence: str, on_page: int) -> bytes:
    """A book whose page `on_page` holds `sentence`: 10 kB a page, for nothing in it is packed."""
    filler = "Rules of the harbour, chapter {}, paragraph {}: whoever moors here pays by the night and leaves when told to."
    return pdf_of(
        *(
            [
                *lines(f"Page {page}", *(filler.format(page, line) for line in range(36))),
                *(lines(sentence, y=700) if page == on_page else []),
            ]
            for page in range(1, pages + 1)
        )
    )


def jpeg2000() -> bytes:
    """A picture of one colour as scanners pack them."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(out, "JPEG2000")
    return out.getvalue()


def _kids(first: int, step: int, number: int, *, count: int, parent: int = 0) -> bytes:
    """A branch of the tree of pages: `number` objects from `first` on, with `count` pages in all."""
    above = f"/Parent {parent} 0 R" if parent else ""
    return f"<</Type/Pages{above}/Kids[{' '.join(f'{first + step * n} 0 R' for n in range(number))}]/Count {count}>>".encode()


def _drawn(run: Run) -> bytes:
    words = run.words if isinstance(run.words, bytes) else run.words.encode(_ENCODINGS[run.font])
    return b"BT /%s %d Tf 1 0 0 1 %.1f %.1f Tm <%s> Tj ET" % (run.font.encode(), run.size, run.x, HIGH - run.y, words.hex().encode())


_ENCODINGS = {LATIN: "cp1252", CODED: "latin-1", JAPANESE: "utf-16-be", CHINESE: "gbk"}


def _cid_font(encoding: str, name: str, ordering: str, number: int) -> list[bytes]:
    """A font that is not in the file, with one of the encodings that every reader knows; three objects from `number` on."""
    info = f"<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>"
    measures = "/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 900/Descent -200/CapHeight 700/StemV 80"
    return [
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/{encoding}/DescendantFonts[{number + 1} 0 R]>>".encode(),
        f"<</Type/Font/Subtype/CIDFontType0/BaseFont/{name}/CIDSystemInfo{info}/DW 1000/FontDescriptor {number + 2} 0 R>>".encode(),
        f"<</Type/FontDescriptor/FontName/{name}{measures}>>".encode(),
    ]


def _to_unicode(letters: str) -> bytes:
    count = letters.count("<") // 2
    return f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange {count} beginbfchar {letters} endbfchar endcmap".encode()


def _stream(data: bytes, options: str = "") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (options.encode(), len(data), data)


def _assembled(objects: Sequence[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return bytes(out) + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end
