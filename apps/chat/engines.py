"""Which engine answers in a workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Case, F, Q, UUIDField, Value, When
from django.db.models.functions import Now

from apps.chat.models import Conversation, Generation, GenerationQuerySet
from apps.core.database import in_database
from apps.inference import servers
from apps.inference import services as inference
from apps.inference.choice import Choice, choices, choose, is_missing, model_of
from apps.inference.engines.base import Engine
from apps.inference.engines.quote import QuoteEngine
from apps.inference.host_process import LOAD_TIMEOUT_S
from apps.inference.model_file import ModelFile
from apps.inference.models import InstalledModel, RemoteModel
from apps.workspaces.models import Workspace

LOADED_FIRST_PIECE_S = 300
LATELY = timedelta(hours=1)  # a conversation that rests so long keeps no model of its own in memory
BEST = Workspace.Answering.BEST


class Chosen(NamedTuple):
    """Who answers, and whether it is not who was chosen because that model is not there any more."""

    engine: Engine
    is_other: bool = False


async def choose_engine(workspace: Workspace, chosen: UUID | None = None) -> Chosen:
    """The model that the conversation has `chosen`, else the workspace's, else the installation's, on this machine or on a server.

    The documents' own words where there is none, or where the workspace wants nothing else.
    """
    if workspace.answering == Workspace.Answering.VERBATIM:
        return Chosen(QuoteEngine())
    model, is_other, files = await in_database(_model_and_files)(workspace, chosen)
    if isinstance(model, InstalledModel):
        return Chosen(inference.engine_of(model, beside=files), is_other)
    inference.keeper().keep(files)  # a model that was in use before gives its memory back
    return Chosen(await in_database(servers.remote_engine)(model) if model else QuoteEngine(), is_other)


def _model_and_files(workspace: Workspace, chosen: UUID | None) -> tuple[InstalledModel | RemoteModel | None, bool, list[ModelFile]]:
    """The model that answers, whether another one was wanted, and the files that answer elsewhere, loaded while there is room."""
    known = choices()
    choice = choose(chosen, workspace.chosen_model, among=known)
    of_teams = Workspace.objects.filter(deleted_at=None, answering=BEST).values("chosen_model")
    lately = Conversation.objects.filter(deleted_at=None, updated_at__gt=Now() - LATELY).values("chosen_model")
    wanted = Q(is_active=True) | Q(pk__in=of_teams) | Q(pk__in=lately)
    files = {model.pk: model for model in InstalledModel.objects.filter(wanted, role=InstalledModel.Role.CHAT).with_parts()}
    model = (files.get(choice.pk) or model_of(choice)) if choice else None
    is_gone = choice is not None and model is None  # in this moment
    return model, is_gone or is_missing(chosen or workspace.chosen_model, among=known), [file.loaded for file in files.values()]


def slow_models() -> models.QuerySet[InstalledModel]:
    """Those that write one answer at a time."""
    return InstalledModel.objects.filter(engine=InstalledModel.Engine.CTRANSFORMERS)


def startable(waiting: GenerationQuerySet) -> GenerationQuerySet:
    """Of the runs that wait, those whose engine can begin now: a model without batches writes one answer at a time.

    The others keep their places in the queue, which people see; inside the engine nobody could tell them what they wait for.
    """
    slow = set(slow_models().values_list("pk", flat=True))
    known = choices()
    running = Generation.objects.filter(status__in=(Generation.Status.RUNNING, Generation.Status.STOPPING), workspace__answering=BEST)
    busy = slow & set(running.annotate(model=_model(known)).values_list("model", flat=True))
    others = ~Q(workspace__answering=BEST) | Q(model=None) | ~Q(model__in=busy)
    return waiting.annotate(model=_model(known)).filter(others) if busy else waiting


def _model(known: list[Choice]) -> Case:
    """The id of the model that answers a run, as `choose` finds it."""
    pks = [choice.pk for choice in known]
    usual = choose(among=known)
    return Case(
        When(conversation__chosen_model__in=pks, then=F("conversation__chosen_model")),
        When(workspace__chosen_model__in=pks, then=F("workspace__chosen_model")),
        default=Value(usual.pk if usual else None, UUIDField()),
        output_field=UUIDField(null=True),
    )


def first_piece_s() -> int:
    """How long the first piece may take: a slow processor reads four long prompts for minutes, and a large file is loaded for more."""
    return LOADED_FIRST_PIECE_S + (LOAD_TIMEOUT_S if inference.keeper().status().state == "loading" else 0)


def engine_of(workspace: Workspace, chosen: UUID | None = None, *, among: list[Choice] | None = None) -> Choice | None:
    """The model that would answer now; None where the documents' own words do."""
    return None if workspace.answering == Workspace.Answering.VERBATIM else choose(chosen, workspace.chosen_model, among=among)
