"""Nothing but the protocol's own frames comes through the reader."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chat import frames
from apps.chat.frames import BadFrame, parse

ID = "01a1fc7b-3eb2-7aa9-84fe-af6d5776d1ff"
GOOD: list[tuple[dict[str, Any], frames.Received]] = [
    ({"type": "join", "conversation": ID}, frames.Join(UUID(ID))),
    ({"type": "snapshot", "run": ID}, frames.Snapshot(UUID(ID))),
    ({"type": "stop", "run": ID}, frames.Stop(UUID(ID))),
    ({"type": "watch", "workspace": "harbour"}, frames.Watch("harbour")),
    ({"type": "ask", "workspace": "harbour", "conversation": None, "text": "", "key": "k"}, frames.Ask("harbour", None, "", "k")),
    ({"type": "ask", "workspace": "h", "conversation": ID, "text": "a\nb", "key": "k"}, frames.Ask("h", UUID(ID), "a\nb", "k")),
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(("sent", "read"), GOOD)
def test_it_reads(sent: dict[str, Any], read: frames.Received) -> None:
    assert parse(json.dumps(sent)) == read


@pytest.mark.parametrize(("sent", "read"), GOOD)
def test_it_wants_every_field(sent: dict[str, Any], read: frames.Received) -> None:
    for name in sent.keys() - {"type"}:
        with pytest.raises(BadFrame) as refused:
            parse(json.dumps({field: value for field, value in sent.items() if field != name}))
        assert refused.value.fields == {name: "is missing"}


@pytest.mark.parametrize(("sent", "read"), GOOD)
@pytest.mark.parametrize("name", ["id", "workspace_id", "asked_by", "role", "is_superuser", "lane", "status", "__class__"])
def test_it_wants_no_other_field(sent: dict[str, Any], read: frames.Received, name: str) -> None:
    with pytest.raises(BadFrame) as refused:
        parse(json.dumps({**sent, name: "x"}))
    assert refused.value.fields == {name: "is unknown"}


@given(anything)
def test_it_refuses_everything_else(value: Any) -> None:
    with pytest.raises(BadFrame):
        parse(json.dumps(value))


@given(st.sampled_from([sent for sent, _ in GOOD]), st.data())
def test_it_refuses_wrong_values(sent: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(sent.keys() - {"type", "text"})))
    wrong = data.draw(st.integers() | st.booleans() | st.lists(st.none(), max_size=2) | st.just("") | st.just("\0") | st.just("x" * 200))
    with pytest.raises(BadFrame) as refused:
        parse(json.dumps({**sent, name: wrong}))
    assert list(refused.value.fields) == [name]


@given(st.text(max_size=200))
def test_no_text_makes_it_stumble(raw: str) -> None:
    with pytest.raises(BadFrame):
        parse(raw)


@pytest.mark.parametrize(
    "raw",
    [None, "x" * 300_000, "[" * 200_000, '{"type": "join", "type": "dance"}', "NaN", '{"type": NaN}', "\ud800", "1e999", '{"a":' * 5_000],
)
def test_it_bears_what_parsers_do_not(raw: str | None) -> None:
    with pytest.raises(BadFrame):
        parse(raw)


def test_the_limit_is_in_bytes() -> None:
    ask = {"type": "ask", "workspace": "h", "conversation": None, "text": "é" * 132_000, "key": "k"}
    assert parse(json.dumps({**ask, "text": "e" * 132_000}))
    with pytest.raises(BadFrame) as refused:
        parse(json.dumps(ask, ensure_ascii=False))
    assert "frame" in refused.value.fields
