"""Which engine answers in a workspace."""

from __future__ import annotations

from django.db.models import Q

from apps.chat.models import Generation, GenerationQuerySet
from apps.core.database import in_database
from apps.inference import servers
from apps.inference import services as inference
from apps.inference.choice import Choice, choose
from apps.inference.engines.base import Engine
from apps.inference.engines.quote import QuoteEngine
from apps.inference.host_process import LOAD_TIMEOUT_S
from apps.workspaces.models import Workspace

LOADED_FIRST_PIECE_S = 300


async def choose_engine(workspace: Workspace) -> Engine:
    """The model in use, on this machine or on a server.

    The documents' own words where there is none, or where the workspace wants nothing else.
    """
    if workspace.answering == Workspace.Answering.VERBATIM:
        return QuoteEngine()
    if model := await in_database(inference.active_model)():
        return inference.engine_of(model)
    inference.keeper().rest()  # a model that was in use before gives its memory back
    if remote := await in_database(servers.active_remote)():
        return await in_database(servers.remote_engine)(remote)
    return QuoteEngine()


def startable(waiting: GenerationQuerySet) -> GenerationQuerySet:
    """Of the runs that wait, those whose engine can begin now: a model without batches writes one answer at a time.

    The others keep their places in the queue, which people see; inside the engine nobody could tell them what they wait for.
    """
    model = inference.active_model()
    if model is None or not model.writes_one_at_a_time:
        return waiting
    by_model = Q(workspace__answering=Workspace.Answering.BEST)
    taken = Generation.objects.filter(by_model, status__in=(Generation.Status.RUNNING, Generation.Status.STOPPING))
    return waiting.filter(~by_model) if taken.exists() else waiting


def first_piece_s() -> int:
    """How long the first piece may take: a slow processor reads four long prompts for minutes, and a large file is loaded for more."""
    return LOADED_FIRST_PIECE_S + (LOAD_TIMEOUT_S if inference.keeper().status().state == "loading" else 0)


def engine_of(workspace: Workspace) -> Choice | None:
    """The model that would answer now; None where the documents' own words do."""
    return None if workspace.answering == Workspace.Answering.VERBATIM else choose(None)
