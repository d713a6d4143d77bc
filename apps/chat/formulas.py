"""TeX in an answer: found here, drawn as MathML by the browser (static/js/formulas.js), readable as it is without."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin

FORMULA_MAX_CHARS = 2_000
_OPERAND = r"[\w)\]]"
_SAYS_FORMULA = re.compile(rf"[\\^_={{}}<>+]|^\w{{1,2}}'?$|{_OPERAND}\s*[-*/|,]\s*{_OPERAND}")
_BRACKETS = re.compile(rf"\\\((.{{1,{FORMULA_MAX_CHARS}}}?)\\\)|\\\[(.{{1,{FORMULA_MAX_CHARS}}}?)\\\]", re.DOTALL)
_CODE = re.compile(r"(^|\n)[ \t>*+-]*(?:```|~~~| {4})|`")


def find_formulas(markdown: MarkdownIt) -> None:
    """Let `markdown` see `$a^2$`, and `$$a^2$$` in a line or in lines of its own, as formulas, and leave prices alone."""
    dollarmath_plugin(markdown, allow_labels=False, allow_space=False, allow_digits=False, allow_blank_lines=False, double_inline=True)
    markdown.add_render_rule("math_inline", _in_line)
    markdown.add_render_rule("math_inline_double", _in_line)
    markdown.add_render_rule("math_block", _on_its_own)


def with_dollars(text: str) -> str:
    r"""`text` with `\(...\)` and `\[...\]`, as Gemma also writes them, in dollars; a text with code is left as it is."""
    if ("\\(" not in text and "\\[" not in text) or _CODE.search(text):
        return text
    return _BRACKETS.sub(_in_dollars, text)


def is_formula(tex: str) -> bool:
    """Whether what stands between two single dollars reads like one: `$x$` does, `$A) and ($` does not."""
    return len(tex) <= FORMULA_MAX_CHARS and _SAYS_FORMULA.search(tex) is not None


def _in_dollars(found: re.Match[str]) -> str:
    inline, display = found.groups()
    return f"$${display.strip()}$$" if inline is None else f"${inline.strip()}$"


def _in_line(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    display = ' data-display="true"' if tokens[index].type == "math_inline_double" else ""
    return f'<span class="formula"{display}>{escape(tokens[index].content, quote=False)}</span>'


def _on_its_own(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return f'<div class="formula" data-display="true">{escape(tokens[index].content.strip(), quote=False)}</div>\n'
