"""Files for benchmarks, written on the spot and the same on every machine: notes in three forms, reports and a book as PDF."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from tests.documents.files import pdf

NOTES = 500
REPORTS = 20
REPORT_PAGES = 8
BOOK_PAGES = 350
LINE_WORDS = 9
PAGE_LINES = 36
SYLLABLES = tuple("".join(signs) for signs in itertools.product("bdfghklmnprstvz", "aeiou"))
WORDS = 20_000


class Writer:
    """Invented words, as often as Zipf has them: a text with the vocabulary of a real one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # no secret, but the same files each time
        spelling = random.Random(0)
        self._words = ["".join(spelling.choices(SYLLABLES, k=spelling.randint(1, 4))) for _ in range(WORDS)]
        self._weights = list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))

    def sentence(self) -> str:
        """Six to twenty words."""
        words = self._random.choices(self._words, cum_weights=self._weights, k=self._random.randint(6, 20))
        return f"{' '.join(words).capitalize()}."

    def paragraphs(self, count: int) -> list[str]:
        """`count` paragraphs of three to seven sentences."""
        return [" ".join(self.sentence() for _ in range(self._random.randint(3, 7))) for _ in range(count)]

    def page(self) -> str:
        """A full page: lines of a few words."""
        words = " ".join(self.sentence() for _ in range(30)).split()
        lines = (" ".join(words[start : start + LINE_WORDS]) for start in range(0, PAGE_LINES * LINE_WORDS, LINE_WORDS))
        return "\n".join(lines).rstrip()


def write_corpus(folder: Path) -> list[Path]:
    """Write NOTES notes, REPORTS reports and a book into `folder`, and return them in that order."""
    writer = Writer(1)
    paths = []
    for name, data in itertools.chain(_notes(writer), _reports(writer), [("book.pdf", book(2))]):
        paths.append(folder / name)
        paths[-1].write_bytes(data)
    return paths


def book(seed: int, pages: int = BOOK_PAGES) -> bytes:
    """A PDF of `pages` full pages; another `seed`, another book."""
    writer = Writer(seed)
    return pdf(*(writer.page() for _ in range(pages)), title=f"Book {seed}")


def _notes(writer: Writer) -> Iterator[tuple[str, bytes]]:
    for number in range(NOTES):
        suffix, note = (("md", _markdown), ("txt", _text), ("html", _html))[number % 3]
        yield f"note-{number:03}.{suffix}", note(writer.sentence(), writer.paragraphs(4 + number % 9)).encode()


def _reports(writer: Writer) -> Iterator[tuple[str, bytes]]:
    for number in range(REPORTS):
        yield f"report-{number:02}.pdf", pdf(*(writer.page() for _ in range(REPORT_PAGES)), title=f"Report {number}")


def _markdown(title: str, paragraphs: list[str]) -> str:
    return f"# {title}\n\n" + "\n\n".join(f"## Part {number}\n\n{text}" for number, text in enumerate(paragraphs, 1))


def _text(title: str, paragraphs: list[str]) -> str:
    return "\n\n".join([title, *paragraphs])


def _html(title: str, paragraphs: list[str]) -> str:
    return f"<!doctype html><title>{title}</title><h1>{title}</h1>" + "".join(f"<p>{text}</p>" for text in paragraphs)
