"""JSON is read record by record, each line with the path to its value."""

from __future__ import annotations

import json

import pytest

from apps.documents.parsing import errors
from tests.documents.files import read


def text(data: bytes | str, name: str = "a.json") -> str:
    """All its places as one."""
    return "\n\n".join(place.text for place in read(data.encode() if isinstance(data, str) else data, name).places)


def test_each_value_has_its_path() -> None:
    data = {"name": "Ada", "address": {"city": "Bonn", "codes": [1, 2]}, "boats": [{"name": "Möwe", "berths": [[1, 2], [3]]}]}
    assert text(json.dumps(data)) == (
        "name: Ada\n\naddress.city: Bonn\naddress.codes: 1, 2\n\nboats[1]\nname: Möwe\nberths[1]: 1, 2\nberths[2]: 3"
    )


def test_records_are_grouped_and_the_groups_are_named() -> None:
    parsed = read(json.dumps([{"number": number, "text": "Some words. " * 20} for number in range(1, 101)]).encode())
    assert parsed.kind == "json"
    assert len(parsed.places) > 3
    assert parsed.places[0].label == "[1] – [23]"
    assert parsed.places[-1].label.endswith("[100]")
    assert sum(place.text.count("number: ") for place in parsed.places) == 100


def test_each_line_of_json_lines_is_a_record() -> None:
    parsed = read(b'{"a": 1}\n\n{"a": 2}\n{"b": [1, 2]}\n', "a.jsonl")
    assert [(place.label, place.text) for place in parsed.places] == [("line 1 – line 4", "a: 1\n\na: 2\n\nb: 1, 2")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('{"n": NaN, "i": -Infinity}', "n: NaN\n\ni: -Infinity"),
        ('{"n": 1e400, "p": 0.10}', "n: 1e400\n\np: 0.10"),
        ('{"n": ' + "9" * 5000 + "}", "n: " + "9" * 5000),
        ('{"yes": true, "no": false, "none": null, "empty": ""}', "yes: true\n\nno: false"),
        ('{"a": 1, "a": 2}', "a: 1\n\na: 2"),
        ('"only words"', "only words"),
        ('{"\\ud83d\\ude00": "\\ud83d half"}', "😀:  half"),
        ('\ufeff{"a": "marked"}', "a: marked"),
    ],
)
def test_odd_values_are_kept_as_they_are_written(data: str, said: str) -> None:
    assert text(data) == said


@pytest.mark.parametrize("data", ["[" * 10_000, '{"a":' * 10_000, "[" * 100_000 + "]" * 100_000, "[" * 500 + "1" + "]" * 500])
def test_what_nests_without_end_is_a_reason(data: str) -> None:
    with pytest.raises(errors.NestedTooDeeply):
        text(data)


@pytest.mark.parametrize(("data", "line"), [('{"a": 1,\n oops}', 2), ('{"a": 1}\n{"a": \n', 2), ('{"a": 1', 1), ("[1, 2", 1)])
def test_what_is_broken_is_read_as_text_and_said(data: str, line: int) -> None:
    parsed = read(data.encode(), "a.json")
    assert parsed.places[0].text == data.strip()
    assert parsed.warnings == [f"From line {line} on this is no valid JSON; the file was read as plain text."]


@pytest.mark.parametrize("data", ["{}", "[]", '[null, ""]', '{"a": {}}'])
def test_without_values_there_is_no_text(data: str) -> None:
    with pytest.raises(errors.NoText):
        text(data)


def test_a_notebook_is_read_cell_by_cell() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Tides\n", "\n", "Of the harbour."]},
        {"cell_type": "code", "source": "height = 3\nprint(height)", "outputs": [{"output_type": "stream", "text": ["3\n"]}]},
        {"cell_type": "code", "source": [], "outputs": [{"data": {"text/plain": ["4 m"], "image/png": "iVBORw0KGgo"}}]},
        "no cell",
    ]
    parsed = read(json.dumps({"cells": cells, "nbformat": 4, "metadata": {}}).encode(), "a.ipynb")
    assert (parsed.title, parsed.places[0].label) == ("Tides", "Tides")
    assert parsed.places[0].text == "# Tides\n\nOf the harbour.\n\nheight = 3\nprint(height)\n\n3\n\n4 m"


def test_a_large_file_takes_a_moment() -> None:
    data = json.dumps([{"number": number} for number in range(200_000)]).encode()
    assert sum(place.text.count("number") for place in read(data).places) == 200_000
