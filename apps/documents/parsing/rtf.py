"""RTF: one pass over bytes, whose meaning changes with each group (Rich Text Format 1.9.1).

Notes, comments, text boxes and margins are read as well; pictures, objects and fields' codes are passed over by their length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from apps.documents.parsing.decode import known
from apps.documents.parsing.errors import Damaged, NestedTooDeeply
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rows import BESIDE
from apps.documents.parsing.sections import Block, add_sections

MAX_DEPTH = 2_000
_TOKEN = re.compile(rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\", re.DOTALL)
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_SIGNS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "\u2014", "endash": "\u2013", "bullet": "\u2022", "lquote": "\u2018",
    "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d", "emspace": " ", "enspace": " ", "qmspace": " ",
    "~": "\xa0", "_": "\u2011", "-": "", "{": "{", "}": "}", "\\": "\\", "\n": "\n", "\r": "\n",
}  # fmt: skip
_PASSED_OVER = frozenset({
    "aftncn", "aftnsep", "aftnsepc", "atnauthor", "atndate", "atnid", "atnparent", "atnref", "atntime", "atrfend", "atrfstart",
    "author", "background", "bkmkend", "bkmkstart", "buptim", "category", "colorschememapping", "colortbl", "comment", "company",
    "creatim", "datafield", "datastore", "doccomm", "docvar", "falt", "filetbl", "fldinst", "formfield", "ftncn", "ftnsep",
    "ftnsepc", "generator", "hlinkbase", "keywords", "latentstyles", "listoverridetable", "listtable", "manager", "mmathPr",
    "nonshppict", "objclass", "objdata", "objname", "operator", "panose", "passwordhash", "pgptbl", "pict", "printim", "revtbl",
    "revtim", "rsidtbl", "shprslt", "sp", "subject", "tc", "template", "themedata", "upr", "userprops", "wgrffmtfilter", "xe",
    "xmlnstbl",
})  # fmt: skip
_READ_THOUGH_NEW = frozenset({"annotation", "fldrslt", "nesttableprops", "shpinst", "shppict", "ud"})  # others that a star marks are not
_DESTINATIONS = {
    "fonttbl": "fonts", "stylesheet": "styles", "title": "title",
    **dict.fromkeys(("footnote", "annotation", "shptxt", "dptxbxtext"), "aside"),
    **dict.fromkeys(("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"), "margin"),
}  # fmt: skip
_SYMBOL = re.compile(r"[\uf020-\uf0ff]")  # of the font Symbol: nearly always the dot of a list
_HEADING_NAME = re.compile(r"(?i)(heading [1-9]|title)$")


def read(data: bytes, reading: Reading) -> None:
    """Add the sections of the document. Raises Damaged, NestedTooDeeply, TooLargeInside."""
    document = _Document(reading.suggest_title)
    add_sections(reading, document.blocks(data))
    if document.is_cut_off:
        if not reading.has_text:
            raise Damaged
        reading.warn("cut_off")


def text_of(data: bytes) -> str:
    """The text of an RTF that is part of something else. Raises NestedTooDeeply."""
    return "\n\n".join(block.text for block in _Document(lambda title: None).blocks(data) if block.text)


@dataclass(slots=True)
class _Target:
    """Where words go: "body", "aside", "margin", "title", or the file's own tables "fonts" and "styles"; "" is nowhere."""

    kind: str
    pieces: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Its words; the two halves of a pair are brought together."""
        text = "".join(self.pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return _SYMBOL.sub("\u2022", text).strip()


@dataclass(slots=True)
class _Group:
    """What a closing brace takes back."""

    target: _Target
    font: int = -1
    stand_ins: int = 1  # how many signs stand in for one that old programs do not know
    is_shown: bool = True
    style: int = 0
    level: int = -1
    in_table: bool = False


class _Document:
    """The state of one pass; what is complete waits in `_ready`."""

    def __init__(self, suggest_title: Callable[[str], None]) -> None:
        self._suggest_title = suggest_title
        self._body = _Target("body")
        self._group = _Group(self._body)
        self._above: list[_Group] = []
        self._bytes = bytearray()
        self._to_skip = 0
        self._is_new = False  # whether a star came: what follows is passed over unless it is known
        self._encoding = "cp1252"
        self._fonts: dict[int, str] = {}
        self._headings: set[int] = set()
        self._rows: list[str] = []
        self._asides: list[str] = []
        self._margins: dict[str, None] = {}
        self._ready: list[Block] = []
        self.is_cut_off = False  # whether the file ended before the brace that closes it

    def blocks(self, data: bytes) -> Iterator[Block]:
        """The body in order, then what stands in margins. Raises NestedTooDeeply."""
        at = data.find(b"{")
        while match := _TOKEN.match(data, at):
            at = match.end() + self._take(match)
            yield from self._ready
            self._ready.clear()
            if not self._above:  # the outer brace was closed; what comes after it is no part of the document
                break
        self._flush()
        self.is_cut_off = bool(self._above)
        self._group = _Group(self._body)
        self._end_paragraph()
        yield from self._ready
        yield from (Block(text) for text in self._margins if any(letter.isalpha() for letter in text))

    def _take(self, match: re.Match[bytes]) -> int:
        """Take one token; how many bytes after it are no text."""
        word, number, code, sign, brace, text = match.groups()
        if text or code:
            self._take_bytes(text or bytes([int(code, 16)]))
        elif brace:
            self._flush()
            self._to_skip = 0
            (self._open if brace == b"{" else self._close)()
        elif word or sign:
            self._flush()
            if self._to_skip:
                self._to_skip -= 1
            else:
                return self._word((word or sign).decode("latin-1"), int(number) if number else None)
        return 0

    def _take_bytes(self, text: bytes) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        if self._group.target.kind and self._group.is_shown:
            self._bytes += text[skipped:]

    def _flush(self) -> None:
        """Decode the bytes since the last control word: two of them may be one letter."""
        if self._bytes:
            encoding = self._fonts.get(self._group.font) or self._encoding
            self._group.target.pieces.append(self._bytes.decode(encoding, errors="replace"))
            self._bytes.clear()

    def _say(self, text: str) -> None:
        if self._group.target.kind and self._group.is_shown:
            self._group.target.pieces.append(text)

    def _open(self) -> None:
        if len(self._above) == MAX_DEPTH:
            raise NestedTooDeeply
        self._above.append(self._group)
        self._group = replace(self._group)
        self._is_new = False

    def _close(self) -> None:
        ended, self._group = self._group, self._above.pop()
        if ended.target.kind == "styles":
            if _HEADING_NAME.match(ended.target.text().rstrip(";").strip()):
                self._headings.add(ended.style)
            ended.target.pieces.clear()
        elif ended.target is not self._group.target:
            self._complete(ended.target)

    def _complete(self, target: _Target) -> None:
        if target.kind == "title":
            self._suggest_title(target.text())
        elif target.kind == "aside":
            self._asides.append(target.text())
        elif target.kind == "margin":
            self._margins[" ".join(target.text().split())] = None

    def _word(self, word: str, number: int | None) -> int:
        """Do what a control word says; how many bytes after it are no text."""
        is_new, self._is_new = self._is_new, word == "*"
        if word == "bin":
            return max(number or 0, 0)
        if word in _SIGNS:
            self._say(_SIGNS[word])
        elif word in _PASSED_OVER or (is_new and word not in _READ_THOUGH_NEW and word not in _DESTINATIONS):
            self._group.target = _Target("")
        elif word in _DESTINATIONS:
            self._group.target = _Target(_DESTINATIONS[word] if self._group.target.kind else "")
        elif word == "ud":  # the words of the group that is passed over, in Unicode
            self._group.target = next((group.target for group in reversed(self._above) if group.target.kind), self._body)
        elif action := _ACTIONS.get(word):
            action(self, number)
        return 0

    def _end_paragraph(self) -> None:
        if self._group.target is not self._body:
            self._say("\n")
        elif self._group.in_table:
            self._say(" ")
        else:
            self._ready.append(Block("\n".join(self._rows)))
            self._rows.clear()
            text = self._body.text()
            self._body.pieces.clear()
            is_heading = 0 <= self._group.level < 9 or self._group.style in self._headings
            self._ready += [Block(text, heading=" ".join(text.split()) if is_heading else ""), *map(Block, self._asides)]
            self._asides.clear()

    def _end_cell(self) -> None:
        self._say(_CELL_END if self._group.target is self._body else BESIDE)

    def _end_row(self) -> None:
        cells = [" ".join(cell.split()) for cell in self._body.text().removesuffix(_CELL_END).split(_CELL_END)]
        self._body.pieces.clear()
        if any(cells):
            self._rows.append(BESIDE.join(cells))
        self._group.in_table = False

    def _take_unicode(self, number: int) -> None:
        self._say(chr(number & 0xFFFF))
        self._to_skip = self._group.stand_ins

    def _take_charset(self, number: int) -> None:
        if self._group.target.kind == "fonts":
            self._fonts[self._group.font] = _CHARSETS.get(number, "")

    def _take_encoding(self, name: str) -> None:
        self._encoding = known(name) or self._encoding

    def _set(self, **values: Any) -> None:
        self._group = replace(self._group, **values)


_CELL_END = "\x07"
_ACTIONS: dict[str, Callable[[_Document, int | None], None]] = {
    **dict.fromkeys(("par", "sect", "page"), lambda document, _: document._end_paragraph()),
    "cell": lambda document, _: document._end_cell(),
    "nestcell": lambda document, _: document._say(" "),
    "row": lambda document, _: document._end_row(),
    "trowd": lambda document, _: document._set(in_table=True),
    "intbl": lambda document, _: document._set(in_table=True),
    "pard": lambda document, _: document._set(in_table=False, style=0, level=-1),
    "plain": lambda document, _: document._set(is_shown=True),
    "v": lambda document, number: document._set(is_shown=number == 0),
    "deleted": lambda document, number: document._set(is_shown=number == 0),
    "s": lambda document, number: document._set(style=number or 0),
    "outlinelevel": lambda document, number: document._set(level=-1 if number is None else number),
    "f": lambda document, number: document._set(font=number or 0),
    "uc": lambda document, number: document._set(stand_ins=max(number or 0, 0)),
    "u": lambda document, number: document._take_unicode(number or 0),
    "fcharset": lambda document, number: document._take_charset(number or 0),
    "ansicpg": lambda document, number: document._take_encoding("utf-8" if number == 65001 else f"cp{number}"),
    "mac": lambda document, _: document._take_encoding("mac_roman"),
    "pc": lambda document, _: document._take_encoding("cp437"),
    "pca": lambda document, _: document._take_encoding("cp850"),
}
