"""Answers that fail: before the first word by a status, after it by an event that clients raise."""

from __future__ import annotations

import pytest
from openai import APIError, BadRequestError, InternalServerError

from apps.chat.models import Generation
from apps.core.database import in_database
from apps.inference.engines.base import EngineError, EngineUnavailable, PromptTooLong
from tests.api.v1.conftest import Client, Says
from tests.documents.conftest import Upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_too_long_a_prompt_is_the_programs_fault(client: Client, says: Says, is_streamed: bool) -> None:
    engine = says(PromptTooLong("9000 tokens; 8192 fit"))
    with pytest.raises(BadRequestError) as refused:
        await (client.chunks() if is_streamed else client.chat())
    assert (refused.value.code, refused.value.param, refused.value.type) == ("context_length_exceeded", "messages", "invalid_request_error")
    assert len(engine.requests) == 1  # the same would come of a second try


@pytest.mark.parametrize(("error", "status", "code"), [(EngineError, 500, "engine_failed"), (EngineUnavailable, 503, "engine_unavailable")])
async def test_a_model_that_breaks_off_twice_is_our_fault(
    client: Client, says: Says, error: type[EngineError], status: int, code: str
) -> None:
    engine = says(error("no luck"))
    with pytest.raises(InternalServerError) as refused:
        await client.chat()
    assert (refused.value.status_code, refused.value.code, refused.value.type) == (status, code, "server_error")
    assert len(engine.requests) == 2


async def test_a_stream_that_has_begun_ends_with_the_error(client: Client, says: Says) -> None:
    says("Half of it", EngineError("no luck"), EngineError("again"))
    with pytest.raises(APIError) as refused:
        await client.chunks()
    assert (refused.value.code, "broke off" in refused.value.message) == ("engine_failed", True)


async def test_no_quotation_stands_in_for_a_plain_model(client: Client, says: Says, upload: Upload) -> None:
    await in_database(upload)()
    says(EngineError("no luck"))
    with pytest.raises(InternalServerError):
        await client.chat(messages=[{"role": "user", "content": "When does the lease begin?"}])


async def test_a_quotation_stands_in_where_documents_are_asked(client: Client, says: Says, upload: Upload) -> None:
    await in_database(upload)()
    says(EngineError("no luck"))
    made = await client.chat("documents:harbour", messages=[{"role": "user", "content": "When does the lease begin?"}])
    assert made.system_fingerprint == "quote"
    assert made.choices[0].message.content.startswith("> The lease begins on 1 July 2021. [1]")


async def test_why_it_failed_is_told_in_the_persons_language(client: Client, says: Says) -> None:
    says(PromptTooLong("too long"))
    run = client.openai.with_options(default_headers={"Accept-Language": "de"})
    with pytest.raises(BadRequestError) as refused:
        await client.answered(run.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "Hallo."}]))
    assert "Modell" in refused.value.message
    assert (await in_database(Generation.objects.get)()).error == "prompt_too_long"
