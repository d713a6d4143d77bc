"""Images through the OpenAI API, with the official client, a real tiny model and its real tiny projector."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Program
from django.utils.timezone import now
from openai import BadRequestError

from apps.chat.models import Conversation, Generation
from apps.chat.sweep import sweep
from apps.core import loop
from apps.core.database import in_database
from apps.inference import adding, services
from apps.inference.models import InstalledModel
from tests.api.v1.conftest import Client
from tests.chat.scripted import ScriptedEngine
from tests.gguf_writer import write_gemma4
from tests.images import data_url, encoded, noise, part, plain
from tests.projector_writer import write_projector

pytestmark = pytest.mark.django_db(transaction=True)
RED = data_url(encoded(plain()))
NOISE = data_url(encoded(noise()))


@pytest.fixture(scope="module", autouse=True)
def _close_the_hosts() -> Iterator[None]:
    yield
    loop.run(services.keeper().close())


@pytest.fixture
def model(tmp_path: Path, workspace: object) -> str:
    """A model with eyes, in use."""
    services.add_model(path=write_gemma4(tmp_path / "tiny.gguf"), name="tiny")
    adding.add_file(path=write_projector(tmp_path / "eyes.gguf"))
    services.use_model("tiny")
    return "tiny"


def asking(*urls: str, text: str = "What is this?", behind: bool = False) -> list[dict[str, Any]]:
    """One message with these images."""
    images, words = [part(url) for url in urls], [{"type": "text", "text": text}]
    return [{"role": "user", "content": [*words, *images] if behind else [*images, *words]}]


async def said(client: Client, model: str, messages: list[dict[str, Any]]) -> tuple[str, int]:
    """The surest answer, and how long the prompt was."""
    answer = await client.chat(model, messages=messages, max_tokens=12, temperature=0)
    return answer.choices[0].message.content, answer.usage.prompt_tokens


async def test_the_model_sees_them_and_they_are_counted(client: Client, model: str) -> None:
    blind = await said(client, model, asking())
    red, grey = await said(client, model, asking(RED)), await said(client, model, asking(NOISE))
    assert len({blind[0], red[0], grey[0]}) == 3
    assert red[1] == grey[1] > blind[1] + 70
    assert await said(client, model, asking(RED, behind=True)) == red


async def test_images_of_the_history_are_seen(client: Client, model: str) -> None:
    later = [{"role": "assistant", "content": "Red."}, {"role": "user", "content": "Sure?"}]
    assert await said(client, model, asking(RED) + later) != await said(client, model, asking(NOISE) + later)


async def test_they_are_kept_drawn_anew_for_another_attempt_and_erased(client: Client, model: str) -> None:
    await said(client, model, asking(RED))
    run = await in_database(Generation.objects.get)()
    assert run.request
    kept = base64.b64decode(run.request["messages"][0]["images"][0])
    assert kept.startswith(b"\xff\xd8\xff")
    assert RED.partition(",")[2][:40] not in str(run.request)
    await in_database(Conversation.objects.all().update)(updated_at=now().replace(year=2020))
    await in_database(sweep)()
    assert not await in_database(Generation.objects.exists)()


@pytest.mark.parametrize(
    ("urls", "code", "param"),
    [
        (["https://example.org/a.png"], "image_elsewhere", "messages[0].content"),
        (["file:///etc/passwd"], "image_elsewhere", "messages[0].content"),
        ([RED, data_url(b"PK")], "not_an_image", "messages[0].content"),
        ([RED] * 9, "too_many_images", "messages"),
    ],
)
async def test_what_is_no_image_is_refused(client: Client, model: str, urls: list[str], code: str, param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.chat(model, messages=asking(*urls))
    assert (caught.value.code, caught.value.param, caught.value.type) == (code, param, "invalid_request_error")
    assert not await in_database(Generation.objects.exists)()


@pytest.mark.parametrize("image", [None, {}, {"url": None}, {"url": 5}, "https://example.org/a.png", []])
def test_a_part_without_an_address_is_refused(key: str, model: str, image: object) -> None:
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": image}]}]
    answer = Program(headers={"Authorization": f"Bearer {key}"}).post(
        "/v1/chat/completions", {"model": model, "messages": messages}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "image_elsewhere")


@pytest.mark.parametrize("role", ["system", "assistant", "developer", "tool"])
async def test_only_users_show_images(client: Client, model: str, role: str) -> None:
    messages = [{"role": role, "content": [part(RED)], "tool_call_id": "a"}, *asking()]
    with pytest.raises(BadRequestError, match="only parts of text"):
        await client.chat(model, messages=messages)


async def test_a_model_without_eyes_refuses(client: Client, model: str) -> None:
    await in_database(InstalledModel.objects.filter(role="projector").delete)()
    with pytest.raises(BadRequestError, match="The model that answers here reads no images") as caught:
        await client.chat(model, messages=asking(RED))
    assert caught.value.code == "no_images"


async def test_eyes_that_go_meanwhile_are_an_answer_too(client: Client, model: str, scripted: Callable[..., ScriptedEngine]) -> None:
    scripted("Nothing.")  # it sees nothing, where the model that was named does
    with pytest.raises(BadRequestError) as caught:
        await client.chat(model, messages=asking(RED))
    assert caught.value.code == "request_refused"


async def test_the_documents_own_words_see_nothing(client: Client, workspace: object) -> None:
    with pytest.raises(BadRequestError, match="reads no images"):
        await client.chat("quote", messages=asking(RED))
