"""How far the vectors of the embedder in use are, on the page of models."""

from __future__ import annotations

from django import template

from apps.documents.vectors import Progress, progress_of
from apps.inference.models import InstalledModel

register = template.Library()


@register.inclusion_tag("documents/_vectors.html")
def vectors_made(model: InstalledModel) -> dict[str, InstalledModel | Progress]:
    """How many passages have a vector of `model`."""
    return {"model": model, "progress": progress_of(model)}
