"""From slides to places: one each, so that a place's number is the slide's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.documents.parsing.notices import numbered
from apps.documents.parsing.places import Reading


@dataclass(frozen=True, slots=True)
class Slide:
    """What stands on one slide, and what its speaker and its reviewers noted."""

    title: str = ""
    blocks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()

    def text(self) -> str:
        """All of it, with a blank line between two blocks."""
        notes = f"Notes: {chr(10).join(self.notes)}" if self.notes else ""
        return "\n\n".join(block for block in (self.title, *self.blocks, notes, *(f"Comment: {said}" for said in self.comments)) if block)


def add_slides(reading: Reading, slides: Iterable[Slide], *, total: int) -> None:
    """Add the slides, also those without text; the first title is the file's unless it has one."""
    empty = []
    for number, slide in enumerate(slides, start=1):
        title = " ".join(slide.title.split())
        reading.suggest_title(title)
        text = slide.text()
        reading.add("slide", text, label=f"slide {number}: {title}" if title else f"slide {number}")
        reading.progress(number, total)
        if not text:
            empty.append(number)
    if empty:
        reading.note(numbered("without_text", empty, of="slide"))
