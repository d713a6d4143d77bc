"""What people may choose from: the models of this machine and those of servers, and which one answers for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db.models import BooleanField, Case, CharField, Exists, F, OuterRef, Value, When
from django.db.models.functions import Coalesce

from .models import EngineServer, InstalledModel, RemoteModel

Place = Literal["machine", "network", "internet"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that can answer: its name, where its words are made, whether the installation uses it where nobody chose, and has eyes.

    What a server's model can see is the server's to say.
    """

    pk: UUID
    name: str
    place: Place
    is_active: bool
    sees_images: bool = True


def choices() -> list[Choice]:
    """All models that can answer, by name. One query."""
    outside = Exists(EngineServer.objects.filter(remote=OuterRef("pk"), is_public=True))
    place = Case(When(outside, then=Value("internet")), default=Value("network"), output_field=CharField())
    remotes = RemoteModel.objects.values_list("pk", "name", place, "is_active", Value(True, BooleanField()))
    files = InstalledModel.objects.filter(role=InstalledModel.Role.CHAT)
    eyes = InstalledModel.objects.filter(role=InstalledModel.Role.PROJECTOR, base=Coalesce(OuterRef("base_id"), OuterRef("pk")))
    rows = files.values_list("pk", "name", Value("machine", CharField()), F("is_active"), Exists(eyes)).union(remotes)
    return sorted((Choice(*row) for row in rows), key=lambda choice: choice.name.casefold())


def choose(*chosen: UUID | None, among: list[Choice] | None = None) -> Choice | None:
    """The first of the `chosen` models that is there, else the installation's; None where the documents' own words answer."""
    known = {choice.pk: choice for choice in (choices() if among is None else among)}
    wanted = next((known[pk] for pk in chosen if pk in known), None)
    return wanted or next((choice for choice in known.values() if choice.is_active), None)


def is_missing(*chosen: UUID | None, among: list[Choice] | None = None) -> bool:
    """Whether a model was chosen that is not there any more."""
    wanted = set(chosen) - {None}
    return bool(wanted) and not wanted <= {choice.pk for choice in (choices() if among is None else among)}


def model_of(choice: Choice) -> InstalledModel | RemoteModel | None:
    """The row behind `choice`; None where it has gone in this moment."""
    if choice.place == "machine":
        return InstalledModel.objects.filter(pk=choice.pk).with_parts().first()
    return RemoteModel.objects.filter(pk=choice.pk).first()
