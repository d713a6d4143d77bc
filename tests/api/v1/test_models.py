"""`/v1/models`: what can be asked with this key."""

from __future__ import annotations

import asyncio

import pytest
from openai import NotFoundError

from apps.accounts.models import User
from apps.chat.models import Conversation
from apps.core.database import in_database
from apps.inference.models import InstalledModel
from apps.workspaces.models import Workspace
from tests.api.v1.conftest import HELLO, Client, install_model, key_of
from tests.conftest import make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


async def names(client: Client) -> list[str]:
    """What is listed."""
    return [model.id async for model in client.openai.models.list()]


async def test_without_a_model_there_are_the_documents_words(client: Client) -> None:
    assert await names(client) == ["quote", "documents:harbour"]


async def test_the_model_in_use_stands_first(client: Client) -> None:
    await in_database(install_model)("gemma")
    assert await names(client) == ["gemma", "documents:harbour"]


async def test_other_models_can_be_asked_by_their_names(client: Client, alice: User) -> None:
    model = await in_database(install_model)("gemma")
    await in_database(InstalledModel.objects.filter(pk=model.pk).update)(is_active=False)
    await in_database(install_model)("zephyr")
    assert await names(client) == ["zephyr", "gemma", "documents:harbour"]
    asking = asyncio.create_task(client.openai.chat.completions.create(model="gemma", messages=HELLO))
    await client.queued(asking)
    assert await in_database(Conversation.objects.values_list("chosen_model", flat=True).get)() == model.pk
    asking.cancel()
    await asyncio.wait({asking})


async def test_a_workspace_that_wants_its_own_words_offers_no_model(client: Client) -> None:
    await in_database(install_model)("gemma")
    await in_database(Workspace.objects.filter(slug="harbour").update)(answering=Workspace.Answering.VERBATIM)
    assert await names(client) == ["quote", "documents:harbour"]


async def test_a_key_reaches_its_own_workspace_only(client: Client, alice: User) -> None:
    await in_database(make_workspace)("quay", owner=alice)
    assert await names(client) == ["quote", "documents:harbour"]


async def test_one_is_asked_for_by_its_name(client: Client) -> None:
    model = await client.openai.models.retrieve("documents:harbour")
    assert (model.id, model.object, model.owned_by) == ("documents:harbour", "model", "harbour")
    assert model.created > 1_700_000_000


@pytest.mark.parametrize("name", ["gpt-4o", "documents:elsewhere", "documents:", "Quote"])
async def test_a_foreign_name_is_no_model(client: Client, charlie: User, name: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        await client.openai.models.retrieve(name)
    assert (refused.value.code, refused.value.param, refused.value.type) == ("model_not_found", "model", "invalid_request_error")


async def test_a_stranger_is_offered_their_own(client: Client, charlie: User) -> None:
    key = await in_database(key_of)(charlie, await in_database(Workspace.objects.get)(slug="elsewhere"))
    client.openai.api_key = key
    assert await names(client) == ["quote", "documents:elsewhere"]
