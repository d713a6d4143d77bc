"""TeX in answers: found where it is meant, left alone where it is money or code, and never more than text."""

from __future__ import annotations

import time

import pytest

from apps.chat.markdown import render_block


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("so $x^2 + y$ holds", "x^2 + y"),
        ("for each $n$", "n"),
        (r"where \(a + b\) is", "a + b"),
        ("the point $f(x), g(x)$", "f(x), g(x)"),
    ],
)
def test_a_formula_in_a_line(text: str, tex: str) -> None:
    assert f'<span class="formula">{tex}</span>' in render_block(text, set())


@pytest.mark.parametrize("text", ["$$\nE = mc^2\n$$\n", "\\[\nE = mc^2\n\\]\n", "$$E = mc^2$$\n"])
def test_a_formula_on_its_own(text: str) -> None:
    html = render_block(text, set())
    assert 'class="formula" data-display="true">' in html
    assert "E = mc^2<" in html


@pytest.mark.parametrize("text", ["It costs $5 and $10.", "Fees ($A) and ($B) apply", "$HOME/bin and $PATH", "US$ 5, US$ 6", "$a/$b"])
def test_money_and_variables_stay_as_they_are(text: str) -> None:
    html = render_block(text, set())
    assert text in html
    assert "formula" not in html


@pytest.mark.parametrize("text", [r"`\(a\)` and \(b\)", "```\n\\[a\\]\n```\n", "`$a^2$`", "    \\(a\\)\n"])
def test_code_has_no_formulas(text: str) -> None:
    assert "formula" not in render_block(text, set())


def test_a_marker_between_prices_is_still_a_marker() -> None:
    assert 'data-n="1"' in render_block("Fees ($A [1]) and ($B)", {1})


def test_tex_is_only_text() -> None:
    html = render_block(r"$\text{<img src=x onerror=alert(1)>}$ and $$</div><script>x_1</script>$$", set())
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img src=x" in html


def test_a_very_long_one_is_no_formula() -> None:
    assert "formula" not in render_block(f"${'x+' * 1_001}x$", set())


@pytest.mark.parametrize("text", ["\\(" * 10_000, "$a" * 10_000, "\\[ $ " * 4_000])
def test_brackets_that_never_close_cost_no_time(text: str) -> None:
    begun = time.process_time()
    render_block(text[:20_000], set())
    assert time.process_time() - begun < 5  # quadratic without the bound: ten times as much
