"""A page gives what a browser would show."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.documents.parsing import errors
from tests.documents.files import read

DOCTYPE = b"<!doctype html>"
FILLER = "<p>" + "Many words stand here. " * 40 + "</p>"


def text_of(body: str | bytes) -> str:
    data = body if isinstance(body, bytes) else body.encode()
    return "\n\n".join(place.text for place in read(DOCTYPE + data).places)


def test_headings_begin_places() -> None:
    parsed = read(DOCTYPE + f"<title>Guide</title><h1>Start</h1>{FILLER}<h2>Next <em>step</em></h2><p>Go on.".encode())
    assert (parsed.kind, parsed.title) == ("html", "Guide")
    assert [(place.label, place.kind) for place in parsed.places] == [("Start", "section"), ("Next step", "section")]
    assert parsed.places[1].text == "Next step\n\nGo on."


def test_the_first_heading_is_the_title_where_there_is_none() -> None:
    assert read(DOCTYPE + b"<h1>Start</h1><p>Go.").title == "Start"


@pytest.mark.parametrize("tag", ["script", "style", "template", "nav", "select", "iframe"])
def test_what_is_no_text_is_left_out(tag: str) -> None:
    assert text_of(f"<p>Before<{tag}>hidden</{tag}> after.</p>") == "Before after."


def test_what_follows_a_left_out_part_is_kept() -> None:
    assert text_of("<div><nav>Home | About</nav>Kept <b>all</b> of it</div> and this") == "Kept all of it\n\nand this"


def test_white_space_is_one_space_and_breaks_stay() -> None:
    assert text_of("<p>One\n   two&nbsp;three<br>\n four<br/>five</p>") == "One two three\nfour\nfive"


def test_code_keeps_its_lines() -> None:
    assert text_of("<p>Run:</p><pre>if x:\n    go()\n\nstop()</pre><p>Done.") == "Run:\n\nif x:\n    go()\n\nstop()\n\nDone."


def test_a_table_keeps_its_rows() -> None:
    table = "<table><tr><th>Name<th>Rate</tr><tr><td><p>Ada</p></td><td><ul><li>40 %</ul></td></tr></table>"
    assert text_of(table) == "Name | Rate\nAda | 40 %"


def test_lists_are_lines_of_their_own() -> None:
    assert text_of("<ul><li>One<li>Two</ul>") == "One\n\nTwo"


def test_entities_are_characters() -> None:
    assert text_of("<p>5 &euro; &lt; 6 &#8364; &amp; more") == "5 € < 6 € & more"


@pytest.mark.parametrize(
    "head", [b'<meta charset="windows-1251">', b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">']
)
def test_a_declared_encoding_is_used(head: bytes) -> None:
    assert text_of(head + b"<p>" + "Привет".encode("cp1251")) == "Привет"


@pytest.mark.parametrize("declared", ["utf-8", "zip", "no-such", "hex", "utf-16"])
def test_a_wrong_declaration_does_not_matter(declared: str) -> None:
    german = "Über die Prüfung der Größe: Äpfel für fünf Euro, schön süß und mürbe. " * 3
    assert text_of(f'<meta charset="{declared}"><p>'.encode() + german.encode("cp1252")) == german.strip()


def test_another_file_is_never_read_in(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY")
    parsed = read(f'<!DOCTYPE html [<!ENTITY e SYSTEM "file://{canary}">]><p>A &e; B<iframe src="file://{canary}"></iframe>'.encode())
    assert "CANARY" not in parsed.places[0].text


def test_nothing_but_scripts_fails_with_a_reason() -> None:
    with pytest.raises(errors.NoText):
        read(b"<html><script>everything()</script></html>")


@pytest.mark.parametrize("tag", ["div", "b", "ul><li"])
def test_tags_that_were_never_closed_hide_nothing(tag: str) -> None:
    assert "Deep." in text_of(f"<p>Top.</p>{f'<{tag}>' * 900}Deep.")


@pytest.mark.parametrize("tag", ["div", "b", "ul><li"])
def test_nesting_without_end_is_a_reason(tag: str) -> None:
    with pytest.raises(errors.TooLargeInside, match="nested too deeply"):
        text_of(f"<p>Top.</p>{f'<{tag}>' * 20_000}Deep.")


def test_a_page_that_ends_early_is_read_as_far_as_it_goes() -> None:
    assert text_of("<div><p>Saved <b>th") == "Saved th"
