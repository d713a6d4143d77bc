"""What the OpenAI API refuses: with the real one's statuses, in its form."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Program
from openai import AuthenticationError, ConflictError, NotFoundError

from apps.accounts.models import User
from apps.chat.models import Generation
from apps.core.database import in_database
from apps.workspaces.models import ApiKey, Workspace
from tests.api.v1.conftest import HELLO, Client, install_model

pytestmark = pytest.mark.django_db(transaction=True)
SAID: dict[str, Any] = {"role": "user", "content": "Hello."}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def refusal(answer: Any) -> tuple[int, str, Any, str]:
    """Status, type, param and code of a refusal, once its form has been looked at."""
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return answer.status_code, error["type"], error["param"], error["code"]


@pytest.fixture
def program(key: str) -> Program:
    """Alice's program without a client library."""
    install_model()
    return Program(headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({"n": 2}, "n"),
        ({"seed": "x"}, "seed"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": [""]}, "stop[0]"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"modalities": ["audio"]}, "modalities[0]"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [SAID, {"role": "assistant", "content": "Hi."}]}, "messages"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "system", "content": [PICTURE]}, SAID]}, "messages[0].content"),
        ({"messages": [SAID, {"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[1].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "a\0b"}]}, "messages[0].content"),
    ],
)
def test_a_wrong_value_is_named(program: Program, asked: dict[str, Any], param: str) -> None:
    answer = program.post("/v1/chat/completions", {"model": "scripted", "messages": HELLO, **asked}, content_type="application/json")
    assert refusal(answer) == (400, "invalid_request_error", param, "invalid_value")
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"model": "scripted"}, "messages", "missing_required_parameter"),
        ({"messages": HELLO}, "model", "missing_required_parameter"),
        ({"model": "scripted", "messages": HELLO, "colour": "red"}, "colour", "unknown_parameter"),
        ("[" * 100_000, None, "unreadable"),
        ("{", None, "unreadable"),
        ('{"model": NaN}', None, "unreadable"),
        (b"\xff", None, "unreadable"),
    ],
)
def test_a_body_that_is_none_is_refused(program: Program, body: Any, param: str | None, code: str) -> None:
    answer = program.post("/v1/chat/completions", body, content_type="application/json")
    assert refusal(answer) == (400, "invalid_request_error", param, code)


def test_a_picture_is_refused_where_nothing_sees(program: Program) -> None:
    messages = [{"role": "user", "content": [PICTURE]}]
    answer = program.post("/v1/chat/completions", {"model": "scripted", "messages": messages}, content_type="application/json")
    assert refusal(answer) == (400, "invalid_request_error", "messages", "no_images")
    assert "reads no images" in answer.json()["error"]["message"]


def test_an_empty_body_is_refused(program: Program) -> None:
    assert refusal(program.post("/v1/chat/completions", content_type="application/json"))[0] == 400


def test_another_kind_of_body_is_refused(program: Program) -> None:
    answer = program.post("/v1/chat/completions", "a=b", content_type="application/x-www-form-urlencoded")
    assert refusal(answer) == (415, "invalid_request_error", None, "media_type")


def test_no_other_site_is_let_in(program: Program) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    answers = [program.options("/v1/chat/completions", headers=asked), program.get("/v1/models", headers=asked)]
    assert [answer.status_code for answer in answers] == [405, 200]
    assert not [name for answer in answers for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/v1/", "/v1/x", "/v1/completions", "/v1/chat", "/v1/models/"])
def test_other_addresses_are_told_in_the_same_form(program: Program, path: str) -> None:
    assert refusal(program.get(path))[:2] == (404, "invalid_request_error")


def test_another_method_is_refused(program: Program) -> None:
    assert refusal(program.get("/v1/chat/completions")) == (405, "invalid_request_error", None, "not_allowed")


def test_a_session_is_no_key(alice: User, workspace: Workspace) -> None:
    browser = Program(enforce_csrf_checks=True)
    browser.force_login(alice)
    for answer in (browser.get("/v1/models"), browser.post("/v1/chat/completions", {}, content_type="application/json")):
        assert refusal(answer) == (401, "invalid_request_error", None, "invalid_api_key")


def test_many_wrong_keys_are_too_many(installation: object) -> None:
    guesser = Program(headers={"Authorization": "Bearer gemma_wrong"})
    answers = [guesser.get("/v1/models") for _ in range(61)]
    assert refusal(answers[59]) == (401, "invalid_request_error", None, "invalid_api_key")
    assert refusal(answers[60]) == (429, "rate_limit_error", None, "too_many")


@pytest.mark.django_db
def test_before_the_first_run_there_is_nobody_to_ask() -> None:
    assert refusal(Program().get("/v1/models")) == (503, "server_error", None, "not_set_up")


async def test_the_client_knows_a_wrong_key(client: Client) -> None:
    client.openai.api_key = "gemma_wrong"
    with pytest.raises(AuthenticationError) as refused:
        await client.chat()
    assert refused.value.code == "invalid_api_key"


async def test_a_revoked_key_is_a_wrong_one(client: Client) -> None:
    await in_database(ApiKey.objects.update)(revoked_at="2026-01-01T00:00Z")
    with pytest.raises(AuthenticationError):
        await client.chat()


async def test_the_client_knows_a_wrong_model(client: Client) -> None:
    with pytest.raises(NotFoundError) as refused:
        await client.chat("gpt-4o")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("stream", [True, False])
async def test_an_archived_workspace_answers_no_more(client: Client, stream: bool) -> None:
    await in_database(Workspace.objects.filter(slug="harbour").update)(archived_at="2026-01-01T00:00Z")
    with pytest.raises(ConflictError) as refused:
        await client.chat("documents:harbour", stream=stream)
    assert refused.value.code == "archived"
