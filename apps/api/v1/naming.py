"""Names of models: what they stand for in a program's request."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from apps.api.caller import Caller
from apps.api.v1.refusals import ModelNotFound
from apps.chat.engines import engine_of
from apps.inference.choice import choices
from apps.inference.finding import finder_in_use
from apps.inference.models import InstalledModel
from apps.inference.services import NO_MODEL
from apps.workspaces.models import Workspace

OF_DOCUMENTS = "documents:"


@dataclass(frozen=True, slots=True)
class Named:
    """A model that a program may ask. `searches`: the workspace's documents are searched, and the answer cites them.

    `chosen` is the model that answers; None for the workspace's own.
    """

    name: str
    workspace: Workspace
    searches: bool
    chosen: UUID | None = None

    def entry(self) -> dict[str, object]:
        """As `GET /v1/models` lists it."""
        created = int(self.workspace.created_at.timestamp())
        return {"id": self.name, "object": "model", "created": created, "owned_by": self.workspace.slug}


def models_of(caller: Caller) -> list[Named]:
    """The model that answers here, the others that could, then each reachable workspace's documents.

    `quote` knows nothing but documents: it always searches.
    """
    known: dict[str, Named] = {}
    workspaces = list(caller.workspaces().order_by("slug"))
    there = choices()
    for workspace in workspaces:
        first = engine_of(workspace, among=there)
        for choice in [first, *there] if first else []:
            known.setdefault(choice.name, Named(choice.name, workspace, searches=False, chosen=choice.pk))
        if first is None:
            known.setdefault(NO_MODEL, Named(NO_MODEL, workspace, searches=True))
    for workspace in workspaces:
        name = f"{OF_DOCUMENTS}{workspace.slug}"
        known[name] = Named(name, workspace, searches=True)
    return list(known.values())


def vectors_of(caller: Caller) -> list[dict[str, object]]:
    """The embedder in use as `GET /v1/models` lists it, where the caller reaches any workspace; for `/v1/embeddings` alone."""
    model = finder_in_use(InstalledModel.Role.EMBED)
    first = caller.workspaces().order_by("slug").first() if model else None
    if model is None or first is None:
        return []
    return [{"id": model.name, "object": "model", "created": int(model.added_at.timestamp()), "owned_by": first.slug}]


def entry_named(caller: Caller, name: str) -> dict[str, object]:
    """What `GET /v1/models` lists under this name. Raises ModelNotFound."""
    for entry in (*(named.entry() for named in models_of(caller)), *vectors_of(caller)):
        if entry["id"] == name:
            return entry
    raise ModelNotFound


def model_named(caller: Caller, name: str) -> Named:
    """The model of this name. Raises ModelNotFound."""
    for named in models_of(caller):
        if named.name == name:
            return named
    raise ModelNotFound
