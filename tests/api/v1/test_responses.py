"""`/v1/responses` in its text form, by the official client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from apps.chat.models import Generation
from apps.core.database import in_database
from apps.inference.engines.base import EngineError, PromptTooLong, Sampling, ThinkingPiece, Turn, UsagePiece
from tests.api.v1.conftest import Client, Says
from tests.documents.conftest import Upload

pytestmark = pytest.mark.django_db(transaction=True)
FIGURES = UsagePiece(7, 2, 9.5)


async def respond(client: Client, model: str = "scripted", **asked: Any) -> Any:
    """A response."""
    return await client.answered(client.openai.responses.create(**{"model": model, "input": "Say hello.", **asked}))


async def events_of(client: Client, **asked: Any) -> list[Any]:
    """The events of a streamed response."""

    async def stream() -> list[Any]:
        events: Any = await client.openai.responses.create(**{"model": "scripted", "input": "Say hello.", "stream": True, **asked})
        return [event async for event in events]

    return await client.answered(stream())


async def test_the_answer_comes_whole(client: Client, says: Says) -> None:
    says("Hello", " there.", FIGURES)
    made = await respond(client)
    assert (made.output_text, made.status, made.model, made.object) == ("Hello there.", "completed", "scripted", "response")
    assert [item.type for item in made.output] == ["message"]
    assert (made.usage.input_tokens, made.usage.output_tokens, made.usage.total_tokens) == (7, 2, 9)
    assert made.id.startswith("resp_")


async def test_instructions_and_messages_reach_the_model(client: Client, says: Says) -> None:
    engine = says("Hello.")
    said = [
        {"role": "user", "content": "Who?"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Me."}]},
        {"role": "developer", "content": "Rhyme."},
        {"role": "user", "content": [{"type": "input_text", "text": "Why?"}]},
    ]
    await respond(
        client, input=said, instructions="Be short.", temperature=0.5, top_p=0.2, max_output_tokens=9, reasoning={"effort": "low"}
    )
    (asked,) = engine.requests
    assert (asked.question, asked.turns, asked.system) == ("Why?", (Turn("user", "Who?"), Turn("assistant", "Me.")), "Be short.\n\nRhyme.")
    assert (asked.sampling, asked.max_tokens, asked.thinks) == (Sampling(temperature=0.5, top_p=0.2), 9, True)


async def test_an_answer_that_was_cut_is_incomplete(client: Client, says: Says) -> None:
    says("Hello", UsagePiece(7, 1, 9.5, is_cut=True))
    made = await respond(client)
    assert (made.status, made.incomplete_details.reason) == ("incomplete", "max_output_tokens")


async def test_what_was_thought_is_an_item_of_its_own(client: Client, says: Says) -> None:
    says(ThinkingPiece("Hm."), "Yes.")
    made = await respond(client)
    assert [(item.type, item.content[0].text) for item in made.output] == [("reasoning", "Hm."), ("message", "Yes.")]


async def test_the_text_has_the_form_that_is_wanted(client: Client, says: Says) -> None:
    engine = says('{"x":1}')
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    made = await respond(client, text={"format": {"type": "json_schema", "name": "x", "schema": schema}})
    assert (json.loads(engine.requests[0].wanted.schema), made.output_text) == (schema, '{"x":1}')


async def test_documents_are_cited(client: Client, says: Says, upload: Upload) -> None:
    document = await in_database(upload)()
    says("It begins on 1 July 2021 [1].")
    made = await respond(client, "documents:harbour", input="When does the lease begin?")
    (annotation,) = made.output[0].content[0].annotations
    assert (annotation.type, annotation.title) == ("url_citation", "lease.txt")
    assert annotation.url == f"http://localhost/d/{document.pk}/?page=1"
    assert made.output_text[annotation.start_index : annotation.end_index] == "[1]"
    assert made.output[0].citations[0]["quote"] == "The lease begins on 1 July 2021."


async def test_the_answer_comes_as_it_is_written(client: Client, says: Says) -> None:
    says("Hello", " there.", FIGURES)
    events = await events_of(client)
    kinds = [event.type for event in events if event.type != "response.output_text.delta"]
    assert kinds == [
        *("response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"),
        *("response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"),
    ]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Hello there."
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.output_text == "Hello there."


async def test_what_is_thought_is_streamed_before_the_text(client: Client, says: Says) -> None:
    says(ThinkingPiece("Hm."), "Yes.")
    events = await events_of(client)
    places = {event.type: event.output_index for event in events if "delta" in event.type}
    assert places == {"response.reasoning_text.delta": 0, "response.output_text.delta": 1}
    assert [item.type for item in events[-1].response.output] == ["reasoning", "message"]


async def test_the_clients_own_helper_puts_a_stream_together(client: Client, says: Says) -> None:
    says(ThinkingPiece("Hm."), "Hello", " there.", FIGURES)

    async def stream() -> Any:
        async with client.openai.responses.stream(model="scripted", input="Say hello.") as events:
            async for _ in events:
                pass
            return await events.get_final_response()

    assert (await client.answered(stream())).output_text == "Hello there."


async def test_an_empty_answer_is_an_answer(client: Client, says: Says) -> None:
    says(FIGURES)
    assert (await events_of(client))[-1].response.output_text == ""


async def test_a_stream_that_has_begun_ends_with_the_error(client: Client, says: Says) -> None:
    says("Half of it", EngineError("no luck"), EngineError("again"))
    last = (await events_of(client))[-1]
    assert (last.type, last.code, "broke off" in last.message) == ("error", "engine_failed", True)


async def test_too_long_a_prompt_is_told_by_its_status(client: Client, says: Says) -> None:
    says(PromptTooLong("too long"))
    with pytest.raises(BadRequestError) as refused:
        await events_of(client)
    assert refused.value.code == "context_length_exceeded"


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"input": []}, "input"),
        ({"input": [{"role": "assistant", "content": "Hi."}]}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "a", "output": "b"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:"}]}]}, "input[0].content"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"extra_body": {"colour": "red"}}, "colour"),
    ],
)
async def test_what_cannot_be_done_is_refused(client: Client, says: Says, asked: dict[str, Any], param: str) -> None:
    says("Never.")
    with pytest.raises(BadRequestError) as refused:
        await respond(client, **asked)
    assert refused.value.param == param
    assert not await in_database(Generation.objects.exists)()


async def test_nothing_makes_vectors(client: Client) -> None:
    with pytest.raises(NotFoundError) as refused:
        await client.openai.embeddings.create(model="quote", input="Hello.")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
