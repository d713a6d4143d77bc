"""Everything that is said to people is translated: nothing unmarked, nothing left out, nothing out of date."""

from __future__ import annotations

import re
from pathlib import Path

from tests.gemmaweb.catalogue import ROOT, compiled, entries, marked_in_python, marked_in_template, unmarked

TEMPLATES = sorted(path for ending in ("*.html", "*.txt") for path in (ROOT / "templates").rglob(ending))
MODULES = sorted(path for folder in ("apps", "gemmaweb") for path in (ROOT / folder).rglob("*.py"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
NAMES = {"Gemmaweb", "· Gemmaweb", "SHA-256", "openapi.json"}
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|</?\w+[^>]*>|`[^`]+`")


def marked() -> set[str]:
    """All that the code and the templates mark for translators."""
    in_python = (text for path in MODULES for text in marked_in_python(path))
    return {*in_python, *(text for path in TEMPLATES for text in marked_in_template(path))}


def test_every_sentence_is_translated() -> None:
    assert [entry for entry in entries() if not all(text.strip() for part, text in entry.items() if part.startswith("msgstr"))] == []
    assert [entry for entry in entries() if ("msgid_plural" in entry) != ("msgstr[1]" in entry)] == []
    assert [entry for entry in entries() if "fuzzy" in entry["flags"]] == []


def test_a_translation_keeps_what_is_filled_in() -> None:
    for entry in entries():
        wanted = set(PLACEHOLDER.findall(entry.get("msgid_plural", entry["msgid"])))
        assert set(PLACEHOLDER.findall(entry.get("msgstr[1]", entry.get("msgstr", "")))) == wanted, entry["msgid"]
        assert set(PLACEHOLDER.findall(entry.get("msgstr[0]", ""))) <= wanted, entry["msgid"]


def test_what_is_marked_stands_in_the_catalogue() -> None:
    known = {entry.get(part, "") for entry in entries() for part in ("msgid", "msgid_plural")}
    assert marked() - known == set(), "run `make messages` and translate what is new"


def test_nothing_is_translated_that_nobody_says() -> None:
    assert {entry["msgid"] for entry in entries()} - marked() == set(), "run `make messages`"


def test_the_compiled_catalogue_is_the_written_one() -> None:
    mo = compiled()
    for entry in entries():
        if "msgid_plural" in entry:
            got = [mo.ngettext(entry["msgid"], entry["msgid_plural"], number) for number in (1, 2)]
            assert got == [entry["msgstr[0]"], entry["msgstr[1]"]]
        else:
            said = mo.pgettext(entry["msgctxt"], entry["msgid"]) if "msgctxt" in entry else mo.gettext(entry["msgid"])
            assert said == entry["msgstr"], "run `make messages`"


def test_a_template_says_nothing_that_is_not_marked() -> None:
    assert {(path.name, text) for path in TEMPLATES for text in unmarked(path) if text not in NAMES} == set()


def test_a_script_says_nothing_of_its_own() -> None:
    for path in SCRIPTS:
        code = re.sub(r"(?s:/\*.*?\*/)|//.*", "", path.read_text())
        assert re.findall(r"""["'`][A-Z][a-z]+ [a-z][^"'`]*["'`]""", code) == [], path.name


def test_the_reader_of_templates_sees_what_is_unmarked(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '{# no #}<p title="Seen">{% translate "no" %} Seen too {% blocktranslate %}no{% endblocktranslate %}<code>no</code></p>'
    )
    assert unmarked(page) == ["Seen", "Seen too"]
