"""Which engine answers in a workspace."""

from __future__ import annotations

from django.db.models import Q

from apps.chat.models import Generation, GenerationQuerySet
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
BEST = Workspace.Answering.BEST


async def choose_engine(workspace: Workspace) -> Engine:
    """The model that the workspace has chosen, else the installation's, on this machine or on a server.

    The documents' own words where there is none, or where the workspace wants nothing else.
    """
    if workspace.answering == Workspace.Answering.VERBATIM:
        return QuoteEngine()
    model, files = await in_database(_model_and_files)(workspace)
    if isinstance(model, InstalledModel):
        return inference.engine_of(model, beside=files)
    inference.keeper().keep(files)  # a model that was in use before gives its memory back
    return await in_database(servers.remote_engine)(model) if model else QuoteEngine()


def _model_and_files(workspace: Workspace) -> tuple[InstalledModel | RemoteModel | None, list[ModelFile]]:
    """The model that answers in the workspace, and the files that answer anywhere: those stay loaded beside it where there is room."""
    choice = choose(workspace.chosen_model)
    chosen = Workspace.objects.filter(deleted_at=None, answering=Workspace.Answering.BEST).values("chosen_model")
    files = InstalledModel.objects.filter(Q(is_active=True) | Q(pk__in=chosen), role=InstalledModel.Role.CHAT)
    return model_of(choice) if choice else None, [model.file for model in files]


def is_choice_gone(workspace: Workspace) -> bool:
    """Whether the workspace had chosen a model that is not there any more, so that another one answers."""
    return workspace.answering != Workspace.Answering.VERBATIM and is_missing(workspace.chosen_model)


def startable(waiting: GenerationQuerySet) -> GenerationQuerySet:
    """Of the runs that wait, those whose engine can begin now: a model without batches writes one answer at a time.

    The others keep their places in the queue, which people see; inside the engine nobody could tell them what they wait for.
    """
    slow = set(InstalledModel.objects.filter(engine=InstalledModel.Engine.CTRANSFORMERS).values_list("pk", flat=True))
    if not slow:
        return waiting
    known = choices()
    running = Generation.objects.filter(status__in=(Generation.Status.RUNNING, Generation.Status.STOPPING), workspace__answering=BEST)
    answering = {choose(chosen, known) for chosen in running.values_list("workspace__chosen_model", flat=True)}
    busy = Q(pk__in=[])
    for choice in answering:
        if choice and choice.pk in slow:
            busy |= _answered_by(choice, known)
    return waiting.exclude(busy, workspace__answering=BEST)


def _answered_by(choice: Choice, known: list[Choice]) -> Q:
    """Runs that `choice` answers, of those that want a model."""
    theirs = Q(workspace__chosen_model=choice.pk)
    if choice.is_active:  # it stands in for those that chose none, or one that is gone
        theirs |= Q(workspace__chosen_model=None) | ~Q(workspace__chosen_model__in=[other.pk for other in known])
    return theirs


def first_piece_s() -> int:
    """How long the first piece may take: a slow processor reads four long prompts for minutes, and a large file is loaded for more."""
    return LOADED_FIRST_PIECE_S + (LOAD_TIMEOUT_S if inference.keeper().status().state == "loading" else 0)


def engine_of(workspace: Workspace) -> Choice | None:
    """The model that would answer now; None where the documents' own words do."""
    return None if workspace.answering == Workspace.Answering.VERBATIM else choose(workspace.chosen_model)
