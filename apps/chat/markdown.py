"""Markdown of a model that nobody trusts, as HTML that the page can trust: no raw HTML, no images, no scripts, an allow-list last."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

from apps.chat.formulas import find_formulas, is_formula, with_dollars
from apps.chat.markers import MARKER

BLOCK_MAX_CHARS = 20_000  # longer ones are shown as they are: rendering must not hold up the other runs
HIGHLIGHT_MAX_CHARS = 3_000  # lexers are quadratic on what nobody programs: C++ takes .2 s for this and 2 s for 8,000
BARE_LINKS_MAX_COLONS = 200  # a text of nothing but "://" would take 4 s
HEADING_SHIFT = 2  # the page has headings of its own
LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
# Those that people write most. Among all 500 of Pygments there are some that a kilobyte holds up, or that hand parts to any other.
_CODE = (
    "bash c c++ cpp css dart diff docker dockerfile go golang graphql html ini java javascript js json jsx kotlin less lua "
    "nginx perl php powershell ps1 py python r rb rs ruby rust scala scss sh shell sql swift toml ts tsx typescript xml yaml yml"
)
COLOURED = frozenset(_CODE.split())
_CELL_CLASSES = {"align-left", "align-center", "align-right"}
_PLAIN_TAGS = "p br hr strong em s ul li blockquote pre span div h3 h4 h5 h6 table thead tbody tr th td"
_ATTRIBUTES: Mapping[str, set[str]] = {
    "a": {"href", "title"},
    "ol": {"start"},
    "code": {"data-language"},
    "button": {"type", "data-n", "aria-label"},
    "span": {"data-display"},
    "div": {"data-display"},
}
_CLASSES: Mapping[str, set[str]] = {
    "div": {"code", "formula"},
    "span": {"formula", *filter(None, STANDARD_TYPES.values())},
    "th": _CELL_CLASSES,
    "td": _CELL_CLASSES,
    "button": {"marker"},
}
_CLEANER = nh3.Cleaner(
    tags={*_PLAIN_TAGS.split(), *_ATTRIBUTES},
    attributes=dict(_ATTRIBUTES),
    allowed_classes=dict(_CLASSES),
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)
_FORMATTER = HtmlFormatter(nowrap=True)


def render_block(text: str, markers: Collection[int]) -> str:
    """The HTML of one block. `[n]` becomes `<button class="marker" data-n="n">` for n in `markers`, and goes away for any other n.

    Code stands in `<div class="code"><pre><code data-language="...">`, coloured by Pygments' classes; TeX in `.formula` elements.
    """
    if len(text) > BLOCK_MAX_CHARS:
        return f"<pre>{escape(text, quote=False)}</pre>\n"
    markdown = _markdown(bare_links=text.count(":") <= BARE_LINKS_MAX_COLONS)
    return _CLEANER.clean(markdown.render(with_dollars(text), {"markers": frozenset(markers)}))


@cache
def _markdown(*, bare_links: bool) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": bare_links}, renderer_cls=_Renderer)
    markdown.enable(["table", "strikethrough", "linkify"]).disable(["html_block", "html_inline", "reference"])
    if markdown.linkify is not None:
        markdown.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    markdown.validateLink = lambda url: LINK.fullmatch(url) is not None  # type: ignore[method-assign]
    find_formulas(markdown)
    markdown.core.ruler.push("adapt", _adapt)
    return markdown


def _adapt(state: StateCore) -> None:
    """Headings go below the page's own, cells are aligned by a class, and text is cut at its markers."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + HEADING_SHIFT)}"
        elif style := token.attrs.pop("style", None):
            token.attrs["class"] = f"align-{str(style).removeprefix('text-align:')}"
        if token.children:
            token.children = list(_inline(token.children, state.env["markers"]))


def _inline(tokens: list[Token], markers: frozenset[int]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type == "image":
            yield from _as_link(token, inside_link=depth > 0)
        elif token.type == "math_inline" and not is_formula(token.content):
            yield from _cut(f"${token.content}$", markers)
        elif token.type == "text" and not depth:
            yield from _cut(token.content, markers)
        else:
            yield token


def _as_link(image: Token, *, inside_link: bool) -> Iterator[Token]:
    """An image is never loaded: its address may carry away what was said here. It becomes a link with the image's words."""
    source = str(image.attrGet("src"))
    words = Token("text", "", 0, content=image.content or source)
    yield from [words] if inside_link else [Token("link_open", "a", 1, attrs={"href": source}), words, Token("link_close", "a", -1)]


def _cut(text: str, markers: frozenset[int]) -> Iterator[Token]:
    for index, part in enumerate(MARKER.split(text)):
        if index % 2 == 0:
            yield Token("text", "", 0, content=part)
        elif int(part) in markers:
            yield Token("marker", "button", 0, content=str(int(part)))


class _Renderer(RendererHTML):
    """The rules that differ from plain Markdown's."""

    def marker(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """A button that opens the source."""
        number = tokens[index].content
        return f'<button type="button" class="marker" data-n="{number}" aria-label="Source {number}">{number}</button>'

    def fence(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Code, coloured where its language is known."""
        token = tokens[index]
        language = _LANGUAGE.match(token.info.strip())
        return _code(token.content, language[0].lower() if language else "")

    def code_block(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Indented code."""
        return _code(tokens[index].content, "")


def _code(text: str, language: str) -> str:
    named = f' data-language="{escape(language)}"' if language else ""
    return f'<div class="code"><pre><code{named}>{_coloured(text, language)}</code></pre></div>\n'


def _coloured(text: str, language: str) -> str:
    if language not in COLOURED or len(text) > HIGHLIGHT_MAX_CHARS:
        return escape(text, quote=False)
    return highlight(text, get_lexer_by_name(language, stripnl=False, ensurenl=False), _FORMATTER)
