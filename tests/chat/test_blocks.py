"""A growing text is cut into blocks that never change; together they are what the whole text is rendered to."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chat.blocks import Block, BlockReader, render

PARTS = [
    "a",
    "# h",
    "- x",
    "1. y",
    "2) z",
    "   in",
    "```",
    "```py",
    "~~~",
    "> q",
    "|a|b|",
    "|-|-|",
    "[1]",
    "**b**",
    "`c`",
    "😀",
    "\t",
    "***",
]
BLANK = ["", "", " "]
texts = st.lists(st.sampled_from(PARTS + BLANK), max_size=24).map("\n".join)


def blocks(*pieces: str) -> list[Block]:
    """All blocks of the text."""
    reader = BlockReader((1,))
    return [block for piece in pieces for block in reader.feed(piece)] + reader.finish()


@given(texts, st.data())
def test_pieces_make_no_difference(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(block.html for block in blocks(*pieces)) == render(text, (1,))


@given(texts)
def test_blocks_are_the_text(text: str) -> None:
    assert "".join(block.text for block in blocks(text)) == text


@given(texts)
def test_a_finished_block_needs_nothing_that_follows(text: str) -> None:
    reader = BlockReader()
    early = [block.html for block in reader.feed(text)]
    assert render(text + "\n\nmore").startswith("".join(early))


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("one\ntwo\n\nthree", ["one\ntwo\n\n", "three"]),
        ("# head\ntext", ["# head\n", "text"]),
        ("- a\n\n- b\n\n  more\n\nend", ["- a\n\n- b\n\n  more\n\n", "end"]),
        ("1. a\n\n2. b\n\n\n3. c", ["1. a\n\n2. b\n\n\n3. c"]),
        ("```\na\n\nb\n```\nc", ["```\na\n\nb\n```\n", "c"]),
        ("````\n```\n\n````\nc", ["````\n```\n\n````\n", "c"]),
        ("- a\n  ```\n  x\n\n  y\n  ```\n- b\n\nc", ["- a\n  ```\n  x\n\n  y\n  ```\n- b\n\n", "c"]),
        ("\n\n\na\n\n\nb", ["\n\n\na\n\n", "\nb"]),
        ("> a\n\n> b", ["> a\n\n", "> b"]),
        ("``` `x` is no fence\n\nb", ["``` `x` is no fence\n\n", "b"]),
        ("a\r\n\r\nb", ["a\r\n\r\n", "b"]),
        ("", []),
    ],
)
def test_where_it_cuts(text: str, cut: list[str]) -> None:
    assert [block.text for block in blocks(text)] == cut


def test_a_block_comes_as_soon_as_it_is_finished() -> None:
    reader = BlockReader()
    assert reader.feed("one") == []
    assert reader.feed("\n") == []
    assert [block.text for block in reader.feed("\nt")] == ["one\n\n"]


def test_a_numbered_list_keeps_its_numbers() -> None:
    assert render("1. a\n\n2. b").count("<ol>") == 1


def test_lengths_are_those_of_the_browser() -> None:
    assert blocks("a😀é\n\n")[0].take == len("a😀é\n\n".encode("utf-16-le")) // 2


@pytest.mark.parametrize("line", ["word ", "- item\n", "> quote\n", "|a|\n", "\n"])
def test_the_cost_is_linear(line: str) -> None:
    def cost(count: int) -> float:
        reader, begun = BlockReader(), time.process_time()
        for _ in range(count):
            reader.feed(line)
        return time.process_time() - begun

    cost(1_000)
    assert cost(80_000) < 30 * max(cost(10_000), 0.005)
