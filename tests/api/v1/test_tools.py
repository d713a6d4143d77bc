"""Tools and forms: offered, called, answered, by the official client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import BadRequestError, InternalServerError

from apps.chat.models import Generation
from apps.core.database import in_database
from apps.inference.engines.base import CallPiece, EngineError, RequestRefused, ToolCall, Turn, UsagePiece, Wanted
from tests.api.v1.conftest import HELLO, Client, Says

pytestmark = pytest.mark.django_db(transaction=True)
PARAMETERS = {"type": "object", "properties": {"town": {"type": "string"}, "at": {"type": "string"}}, "required": ["town"]}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": PARAMETERS}}
TIME = {"type": "function", "function": {"name": "time"}}
ROME = ToolCall("call_1", "weather", '{"town":"Rome"}')
PARIS = ToolCall("call_2", "weather", '{"town":"Paris"}')
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": PARAMETERS}}


async def test_calls_come_whole(client: Client, says: Says) -> None:
    says(CallPiece(ROME), CallPiece(PARIS), UsagePiece(9, 8, 7.0))
    made = await client.chat(tools=[WEATHER])
    choice = made.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    told = [(call.id, call.type, call.function.name, call.function.arguments) for call in choice.message.tool_calls]
    assert told == [("call_1", "function", "weather", '{"town":"Rome"}'), ("call_2", "function", "weather", '{"town":"Paris"}')]


async def test_calls_are_streamed_behind_the_text(client: Client, says: Says) -> None:
    says("Let me see.", CallPiece(ROME), CallPiece(PARIS))
    chunks = await client.chunks(tools=[WEATHER])
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(delta.content or "" for delta in deltas) == "Let me see."
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    assert [(call.index, call.id, call.function.name, call.function.arguments) for call in calls] == [
        (0, "call_1", "weather", '{"town":"Rome"}'),
        (1, "call_2", "weather", '{"town":"Paris"}'),
    ]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_the_clients_own_helper_puts_a_stream_together(client: Client, says: Says) -> None:
    says(CallPiece(ROME), UsagePiece(9, 8, 7.0))

    async def stream() -> Any:
        async with client.openai.chat.completions.stream(model="scripted", messages=HELLO, tools=[WEATHER]) as events:  # type: ignore[list-item]
            return await events.get_final_completion()

    made = await client.answered(stream())
    assert made.choices[0].message.tool_calls[0].function.arguments == '{"town":"Rome"}'


@pytest.mark.parametrize(
    ("asked", "names", "choice", "is_parallel"),
    [
        ({}, ["weather", "time"], "auto", True),
        ({"tool_choice": "required", "parallel_tool_calls": False}, ["weather", "time"], "required", False),
        ({"tool_choice": "none"}, ["weather", "time"], "none", True),
        ({"tool_choice": {"type": "function", "function": {"name": "time"}}}, ["time"], "required", True),
    ],
)
async def test_what_is_offered_reaches_the_model(
    client: Client, says: Says, asked: dict[str, Any], names: list[str], choice: str, is_parallel: bool
) -> None:
    engine = says("No.")
    await client.chat(tools=[WEATHER, TIME], **asked)
    wanted = engine.requests[0].wanted
    offered = json.loads(wanted.tools)
    assert ([tool["function"]["name"] for tool in offered], wanted.choice, wanted.is_parallel) == (names, choice, is_parallel)
    assert offered[0]["function"].keys() == {"name", "description", "parameters"}


async def test_names_keep_their_order(client: Client, says: Says) -> None:
    engine = says("No.")
    await client.chat(tools=[WEATHER])
    assert list(json.loads(engine.requests[0].wanted.tools)[0]["function"]["parameters"]["properties"]) == ["town", "at"]


async def test_what_a_tool_returned_comes_behind_the_question(client: Client, says: Says) -> None:
    engine = says("Sun.")
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"town":"Rome"}'}}
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "Rome it is."},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]
    await client.chat(messages=messages, tools=[WEATHER])
    (asked,) = engine.requests
    assert (asked.question, asked.turns) == ("Say hello.", ())
    assert asked.since == (Turn("assistant", "", thinking="Rome it is.", calls=(ROME,)), Turn("tool", "sunny", answers="call_1"))


@pytest.mark.parametrize(
    ("form", "schema"),
    [
        (SCHEMA, PARAMETERS),
        ({"type": "json_object"}, {"type": "object"}),
        ({"type": "json_schema", "json_schema": {"name": "x"}}, {"type": "object"}),
    ],
)
async def test_the_form_of_the_text_reaches_the_model(client: Client, says: Says, form: dict[str, Any], schema: dict[str, Any]) -> None:
    engine = says('{"town":"Rome"}')
    made = await client.chat(response_format=form)
    assert json.loads(engine.requests[0].wanted.schema) == schema
    assert made.choices[0].message.content == '{"town":"Rome"}'


async def test_plain_text_is_no_form(client: Client, says: Says) -> None:
    engine = says("Yes.")
    await client.chat(response_format={"type": "text"}, tools=[])
    assert engine.requests[0].wanted == Wanted()


def nested(levels: int) -> dict[str, Any]:
    """A schema of so many levels."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "two words"}}]}, "tools[0].function.name"),
        ({"tools": [TIME] * 129}, "tools"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": nested(30)}}]}, "tools[0].function.parameters"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"$ref": "https://example.org/x"}}}]},
            "tools[0].function.parameters",
        ),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"x": "a" * 200_000}}}]}, "tools[0].function.parameters"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"x": "\0"}}}]}, "tools[0].function.parameters"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [TIME], "tool_choice": {"type": "function", "function": {"name": "weather"}}}, "tool_choice"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": nested(30)}}},
            "response_format.json_schema.schema",
        ),
    ],
)
async def test_an_impossible_form_is_refused(client: Client, says: Says, asked: dict[str, Any], param: str) -> None:
    says("Never.")
    with pytest.raises(BadRequestError) as refused:
        await client.chat(**asked)
    assert refused.value.param == param
    assert not await in_database(Generation.objects.exists)()


@pytest.mark.parametrize(("asked", "param"), [({"tools": [TIME]}, "tools"), ({"response_format": SCHEMA}, "response_format")])
@pytest.mark.parametrize("model", ["quote", "documents:harbour"])
async def test_the_documents_words_take_no_form(client: Client, model: str, asked: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        await client.chat(model, **asked)
    assert (refused.value.param, "No model is in use" in refused.value.message) == (param, True)


async def test_what_the_model_cannot_read_is_refused_once(client: Client, says: Says) -> None:
    engine = says(RequestRefused("unrecognised type nonsense"))
    with pytest.raises(BadRequestError) as refused:
        await client.chat(response_format=SCHEMA)
    assert (refused.value.code, len(engine.requests)) == ("request_refused", 1)


@pytest.mark.parametrize("asked", [{"tools": [TIME]}, {"response_format": SCHEMA}])
async def test_an_engine_that_takes_no_form_is_not_asked(client: Client, says: Says, asked: dict[str, Any]) -> None:
    engine = says("Never.", takes_forms=False)
    with pytest.raises(BadRequestError) as refused:
        await client.chat(**asked)
    assert (refused.value.code, engine.requests) == ("request_refused", [])


async def test_no_quotation_stands_in_for_a_form(client: Client, says: Says) -> None:
    says(EngineError("no luck"))
    with pytest.raises(InternalServerError):
        await client.chat("documents:harbour", response_format=SCHEMA)


async def test_a_model_that_breaks_off_behind_a_call_has_called(client: Client, says: Says) -> None:
    says(CallPiece(ROME), EngineError("no luck"))
    made = await client.chat(tools=[WEATHER])
    assert [call.id for call in made.choices[0].message.tool_calls] == ["call_1"]
