"""What a person should know about a file that was read: a code and its details, made a sentence in the reader's language at the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.documents.parsing.errors import gettext_noop

NUMBERS_NAMED_MAX = 12
Detail = str | int | list[int] | list[str]

SENTENCES = {
    "page_without_text": gettext_noop("Page %(pages)s had no text."),
    "pages_without_text": gettext_noop("Pages %(pages)s had no text."),
    "slide_without_text": gettext_noop("Slide %(slides)s had no text."),
    "slides_without_text": gettext_noop("Slides %(slides)s had no text."),
    "page_unreadable": gettext_noop("Page %(pages)s could not be read."),
    "pages_unreadable": gettext_noop("Pages %(pages)s could not be read."),
    "page_from_picture": gettext_noop("Page %(pages)s was read from a picture; check its figures."),
    "pages_from_picture": gettext_noop("Pages %(pages)s were read from pictures; check their figures."),
    "picture_read": gettext_noop("These words were read from a picture; check the figures."),
    "page_left": gettext_noop("Page %(pages)s is a picture that was not read, as reading more of them would take too long."),
    "pages_left": gettext_noop("Pages %(pages)s are pictures that were not read, as reading more of them would take too long."),
    "inserted_file_missing": gettext_noop("A file that is inserted into this document could not be found."),
    "inserted_file_unreadable": gettext_noop("A file that is inserted into this document (%(name)s) could not be read."),
    "chapters_missing": gettext_noop("%(count)s chapters that this book lists are not in its file."),
    "cut_off": gettext_noop("This file ends too early: what stood after that is missing."),
    "values_missing": gettext_noop(
        "%(count)s formulas had no value in this file. Open it in its own program, save it and upload that to have them read."
    ),
    "left_out_in_part": gettext_noop("Read in part only: %(names)s."),
    "left_out_empty_file": gettext_noop("Empty: %(names)s."),
    "left_out_unsupported_kind": gettext_noop("Of a kind that is not read: %(names)s."),
    "left_out_encrypted": gettext_noop("Protected by a password and left out: %(names)s."),
    "left_out_copy_protected": gettext_noop("Protected against copying and left out: %(names)s."),
    "left_out_damaged": gettext_noop("Damaged and left out: %(names)s."),
    "left_out_too_large_inside": gettext_noop("Too large inside and left out: %(names)s."),
    "left_out_too_many_pages": gettext_noop("With too many pages and left out: %(names)s."),
    "left_out_nested_too_deeply": gettext_noop("Nested too deeply and left out: %(names)s."),
    "left_out_packed_too_deeply": gettext_noop("Packed inside too many others and left out: %(names)s."),
    "left_out_no_text": gettext_noop("Without text: %(names)s. A scan can be read if you upload it by itself."),
    "left_out_picture_inside": gettext_noop("Pictures that were left out: %(names)s. Upload them by themselves to have them read."),
    "left_out_empty_archive": gettext_noop("Archives without files: %(names)s."),
    "left_out_nothing_readable": gettext_noop("Archives in which nothing could be read: %(names)s."),
    "left_out_encrypted_mail": gettext_noop("Encrypted and left out: %(names)s."),
    "left_out_timed_out": gettext_noop("Left out, for reading took too long: %(names)s."),
    "left_out_out_of_memory": gettext_noop("Left out, for reading needed too much memory: %(names)s."),
    "left_out_crashed": gettext_noop("Left out, for reading failed: %(names)s."),
    "rest_left_out": gettext_noop("The files after %(name)s were not read."),
    "broken_json": gettext_noop("From line %(line)s on this is no valid JSON; the file was read as plain text."),
    "more_notices": gettext_noop("There are %(count)s more notes like these."),
}
_IN_A_PART = gettext_noop("%(part)s: %(sentence)s")
_LIST_END = gettext_noop("%(first)s and %(last)s")
_QUOTED = gettext_noop("“%(name)s”")
_MORE = gettext_noop("%(count)s more")


@dataclass(frozen=True, slots=True)
class Notice:
    """One of SENTENCES with its details; `part` names the file inside the file that it is about, "" is the file itself."""

    code: str
    details: Mapping[str, Detail] = field(default_factory=dict)
    part: str = ""

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """In English, or in the language of `translate`. Raises KeyError or ValueError where code and details do not belong together."""
        more = self.details.get("more", 0)
        said = {name: _listed(detail, more, translate) if isinstance(detail, list) else detail for name, detail in self.details.items()}
        sentence = translate(SENTENCES[self.code]) % said
        return translate(_IN_A_PART) % {"part": self.part, "sentence": sentence} if self.part else sentence

    def as_json(self) -> dict[str, Any]:
        """What is stored, and what a frame carries; `from_json` takes it back."""
        return {"code": self.code, "details": dict(self.details), "part": self.part}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Notice:
        """The notice that `as_json` gave."""
        return cls(code=stored["code"], details=stored["details"], part=stored["part"])


def numbered(what: str, numbers: Sequence[int], *, of: str = "page") -> Notice:
    """The notice `page_{what}` or `pages_{what}` about these pages (or slides), of which the first dozen are named."""
    shown = list(numbers[:NUMBERS_NAMED_MAX])
    return Notice(f"{of}_{what}" if len(numbers) == 1 else f"{of}s_{what}", {f"{of}s": shown, "more": len(numbers) - len(shown)})


def _listed(named: Sequence[int] | Sequence[str], more: object, translate: Callable[[str], str]) -> str:
    """ "3 and 7", "“a.pdf”, “b.pdf” and 40 more"."""
    names = [str(one) if isinstance(one, int) else translate(_QUOTED) % {"name": one} for one in named]
    *first, last = [*names, *([translate(_MORE) % {"count": more}] if more else [])]
    return translate(_LIST_END) % {"first": ", ".join(first), "last": last} if first else last
