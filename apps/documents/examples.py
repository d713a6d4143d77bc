"""What could be asked first: what the newest files have headings for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import NamedTuple

from django.db.models import F
from django.db.models.functions import Left

from apps.documents.models import Document, DocumentQuerySet, DocumentVersion, Page

DOCUMENTS = 3
PAGES = 30
PAGE_CHARS = 2_000
WITH_HEADINGS = frozenset({"page", "section", "text"})
ENDS = ".!?。！？"
NO_LAST = f",;:…-{ENDS}"  # of a heading's signs
SHORT = 0.6  # of the widest line: what a PDF breaks at its edge is wider
TOPIC_CHARS = range(4, 51)
TOPIC_WORDS_MAX = 7

_NUMBERING = re.compile(r"^(?:§+\s*|[A-Z]\.\s*)?(?:\d+(?:\.\d+)*[.)]?)?\s*")
_OF_A_TABLE = re.compile(r"[|\t=@]|://")  # or of code
_HASHES = re.compile(r"^#{1,6}\s+|\s+#+$")


class Topic(NamedTuple):
    """A heading, without its number, and the name of the document that has it."""

    heading: str
    document: str


def example_topics(documents: DocumentQuerySet, count: int = 3) -> list[Topic]:
    """Up to `count` headings of the newest of `documents` that are ready, from as many of them as there are."""
    ready = documents.filter(current__status=DocumentVersion.Status.READY).order_by("-current__created_at")
    newest = {document.current_id: document for document in ready.only("name", "title", "current_id")[:DOCUMENTS]}
    pages = Page.objects.filter(version__in=newest, number__lte=PAGES).order_by("number")
    found: dict[object, list[str]] = {version: [] for version in newest}
    for version, kind, label, text in pages.annotate(start=Left(F("text"), PAGE_CHARS)).values_list("version_id", "kind", "label", "start"):
        found[version] += _headings(kind, label, text)
    shares = [
        [Topic(heading, str(document)) for heading in _spread(_telling(found[pk], document), count)] for pk, document in newest.items()
    ]
    in_turns = chain.from_iterable(zip_longest(*shares))
    return list({topic.heading.casefold(): topic for topic in in_turns if topic}.values())[:count]


def _headings(kind: str, label: str, text: str) -> Iterator[str]:
    """What stands over a slide, or alone between paragraphs: no model of a layout, only lines that look like one."""
    if kind == "slide":
        yield label.partition(": ")[2]
    if kind not in WITH_HEADINGS:
        return
    lines = [line.strip() for line in text.splitlines()]
    widest = max(map(len, lines), default=0)
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        is_apart = not before or (before[-1] in ENDS and not after[:1].islower() and len(line) < widest * SHORT)
        if line and is_apart and line[-1] not in NO_LAST:
            yield line


def _telling(headings: list[str], document: Document) -> list[str]:
    """Those that say something: short, more letters than numbers, and neither the title nor at the head of several pages."""
    times = Counter(headings)
    plain = ((_NUMBERING.sub("", _HASHES.sub("", heading)).strip(), heading) for heading in times)
    return [
        short
        for short, heading in plain
        if times[heading] == 1
        and len(short) in TOPIC_CHARS
        and len(short.split()) <= TOPIC_WORDS_MAX
        and short[0].isalnum()
        and not _OF_A_TABLE.search(short)
        and sum(map(str.isalpha, short)) > len(short) * 0.6
        and short.casefold() not in f"{document.title} {document.name}".casefold()
    ]


def _spread(topics: list[str], count: int) -> list[str]:
    """`count` of them from all over a document."""
    step = max(1, len(topics) / count)
    return [topics[int(step * (place + 0.5))] for place in range(count) if step * (place + 0.5) < len(topics)]
