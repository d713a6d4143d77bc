"""The German catalogue and the sentences that want a translation, read without GNU gettext: what a machine of the tests may lack."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[2]
PO = ROOT / "locale/de/LC_MESSAGES/django.po"
MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
SAID_ATTRIBUTES = {"aria-label", "alt", "placeholder", "title"}
_PART = re.compile(r'^(msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\]) (".*")((?:\n".*")*)', re.MULTILINE)
_CALL = re.compile(r"""\b(?:_|n?(p?)gettext)\(((?:u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:, ?)?)+)""")


def entries() -> list[dict[str, str]]:
    """The entries of the .po without its header: their parts (`msgid`, `msgstr`, `msgstr[0]`, ...) by name."""
    found = []
    for block in PO.read_text().split("\n\n")[1:]:
        parts = {name: _joined(first + more) for name, first, more in _PART.findall(block)}
        found.append(parts | {"flags": " ".join(re.findall(r"^#, (.*)", block, re.MULTILINE))})
    return found


def _joined(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def compiled() -> gettext.GNUTranslations:
    """The .mo, as the product reads it."""
    with PO.with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def marked_in_python(path: Path) -> Iterator[str]:
    """The sentences that a module marks for translators."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
            yield from (said.value for said in node.args if isinstance(said, ast.Constant) and isinstance(said.value, str))


def marked_in_template(path: Path) -> Iterator[str]:
    """The sentences that a template marks for translators."""
    for has_context, call in _CALL.findall(templatize(path.read_text())):
        said = ast.literal_eval(f"({call.rstrip(', ')},)")
        yield from (text for text in said[bool(has_context) :] if isinstance(text, str))


class Said(HTMLParser):
    """What a page says: `texts` are its text nodes and the attributes that are read aloud, without white space around."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes are said too; what stands in code is not for translators."""
        self._silent = tag in {"script", "style", "code"}
        self.texts += [" ".join((value or "").split()) for name, value in attrs if name in SAID_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        """Code ends with its element."""
        self._silent = False

    def handle_data(self, data: str) -> None:
        """A text node."""
        if not self._silent:
            self.texts.append(" ".join(data.split()))


def unmarked(path: Path) -> list[str]:
    """Words of a template that no translator sees: neither in a tag nor between {% blocktranslate %} and its end."""
    html, inside = "", False
    for token in Lexer(path.read_text()).tokenize():
        if token.token_type == TokenType.BLOCK:
            inside = (inside or token.contents.startswith("blocktranslate")) and token.contents != "endblocktranslate"
        elif token.token_type == TokenType.TEXT and not inside:
            html += token.contents
    return [text for text in Said(html).texts if re.search(r"[^\W\d_]{2}", text)]
