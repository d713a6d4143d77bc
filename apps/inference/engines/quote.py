"""The engine that needs no model: it answers with the documents' own sentences, word for word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from apps.core.text.grams import grams, word_line
from apps.core.text.languages import UNKNOWN, question_language
from apps.core.text.sentences import sentence_spans
from apps.core.text.terms import question_words, terms
from apps.inference.engines.base import ChatRequest, EngineUnavailable, Passage, Piece, QuotePiece, TextPiece

PASSAGES = 5
SENTENCES = 3
SHOWN_FROM = 0.7  # of the best sentence's score
QUOTE_MAX_CHARS = 600
# The best hit's relevance and a fifth of the best sentence's score together; see docs/decisions/0003.
CLEAR_FROM = 0.42
GRAMS_SHARE = 0.6
CHUNK_SHARE = 0.3
BEFORE_SHARE = 0.7
ELSEWHERE_SHARE = 0.3
TITLE_SHARE = 0.3

_SENTENCES_FOR_PEOPLE = {
    "en": {
        "no_model": (
            "No model is installed here yet, so I can only answer from documents, in their own words. Drop a file into this "
            "workspace and ask about it, or ask an administrator to install a model."
        ),
        "not_clear": "Nothing in the documents clearly answers this question.",
    },
    "de": {
        "no_model": (
            "Hier ist noch kein Modell installiert, deshalb kann ich nur aus Dokumenten antworten, mit deren eigenen Worten. Legen "
            "Sie eine Datei in diesen Arbeitsbereich und fragen Sie danach, oder bitten Sie die Verwaltung, ein Modell zu installieren."
        ),
        "not_clear": "Nichts in den Dokumenten beantwortet diese Frage eindeutig.",
    },
}
_NUMBER = re.compile(r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|billion)\b|\d[\d,.]*")
_DATE = re.compile(
    r"\b(?:1\d\d\d|20\d\d|january|february|march|april|may|june|july|august|september|october|november|december)\b", re.IGNORECASE
)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
# What an English question asks for, what a sentence that has it looks like, and what that is worth.
_CUES = (
    (re.compile(r"\bhow (?:many|much)\b"), _NUMBER, 0.3),
    (re.compile(r"\b(?:when|(?:what|which) year)\b"), _DATE, 0.35),
    (re.compile(r"\b(?:who|whom|whose)\b"), _NAME, 0.2),
)

_WHOLE = re.compile(r"[.!?:;。！？।؟…][\"'”’»)\]]*$")
_OWN_MARKER = re.compile(r"\[(\s?\d[\d ,;]*)\]")
_MARKUP = re.compile(r"[\\`*_\[\]<~]|&(?=#?\w+;)|^[-+#=>]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage, letter by letter, and how well it answers."""

    passage: Passage
    text: str
    score: float


class QuoteEngine:
    """Answers a question about documents by the one to three sentences that answer it best, each with its citation."""

    name = "quote"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """One quotation after the other, best first; a plain sentence and no citation where nothing clearly answers.

        What an earlier attempt has `written` is not repeated: the same request always gets the same answer.
        """
        written = request.written
        for quoted, text in _answer(request):
            await asyncio.sleep(0)
            if quoted:
                yield quoted
            shown = _common_start(written, text)
            written = written[shown:] if shown else ""
            if text[shown:]:
                yield TextPiece(text[shown:])

    async def count_tokens(self, text: str) -> int:
        """The words of `text`: no model reads them, but a limit needs a measure."""
        return len(text.split())

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Always raises EngineUnavailable."""
        raise EngineUnavailable


def best_sentences(request: ChatRequest) -> list[Sentence]:
    """The sentences worth showing, best first; none where nothing clearly answers."""
    ranked = sorted(_scored(request), key=lambda sentence: -sentence.score)[:SENTENCES]
    if not ranked or request.relevance + 0.2 * ranked[0].score < CLEAR_FROM:
        return []
    return [sentence for sentence in ranked if sentence.score >= SHOWN_FROM * ranked[0].score]


def _answer(request: ChatRequest) -> Iterator[tuple[QuotePiece | None, str]]:
    """The pieces of the whole answer: what a marker stands for, if any, before the text that carries it."""
    if not request.has_documents:
        yield None, _say("no_model", request.language)
        return
    sentences = best_sentences(request)
    if not sentences:
        yield None, _say("not_clear", request.language)
    for n, sentence in enumerate(sentences, 1):
        quote = _cut(sentence.text)
        ellipsis = "" if quote == sentence.text else " …"
        apart = "\n\n" if n > 1 else ""
        yield QuotePiece(n, sentence.passage.number, quote), f"{apart}> {_as_markdown(quote)}{ellipsis} [{n}]"


def _say(what: str, language: str) -> str:
    return _SENTENCES_FOR_PEOPLE.get(language, _SENTENCES_FOR_PEOPLE["en"])[what]


def _common_start(one: str, other: str) -> int:
    if one.startswith(other):
        return len(other)
    return len(one) if other.startswith(one) else 0


def _cut(sentence: str) -> str:
    """`sentence`, or its first whole words where it is a table or a list without end."""
    if len(sentence) <= QUOTE_MAX_CHARS:
        return sentence
    return sentence[: QUOTE_MAX_CHARS + 1].rpartition(" ")[0].rstrip() or sentence[:QUOTE_MAX_CHARS]


def _as_markdown(quote: str) -> str:
    """`quote` on one line, shown as it is: its own markup is no markup, and its own "[1]" is none of our markers."""
    return _MARKUP.sub(r"\\\g<0>", _OWN_MARKER.sub(r"(\1)", " ".join(quote.split())))


def _scored(request: ChatRequest) -> Iterator[Sentence]:
    seen: set[str] = set()
    best_score = max((passage.score for passage in request.passages), default=0.0) or 1.0
    judge = _Judge(request)
    for passage in request.passages[:PASSAGES]:
        for text, score in judge.sentences_of(passage):
            line = word_line(text)
            if line not in seen:
                seen.add(line)
                yield Sentence(passage, text, score + CHUNK_SHARE * passage.score / best_score)


class _Judge:
    """What a question asks for, ready to be looked for in many sentences."""

    def __init__(self, request: ChatRequest) -> None:
        words = question_words(request.question, language=request.language, spoken=[])
        self.language = request.language
        self.weights = request.weights
        self.grams = grams([word.text for word in words])
        self.question = request.question.casefold()
        self.cues = [(answer, worth) for asked, answer, worth in _CUES if asked.search(self.question)]

    def sentences_of(self, passage: Passage) -> Iterator[tuple[str, float]]:
        """Each sentence of `passage` with what it, the one before, the rest and the title hold of the question."""
        language = question_language(passage.text, [self.language])
        texts = [passage.text[start:end] for start, end in sentence_spans(passage.text)]
        held = [self._terms(text, language) for text in texts]
        everywhere = set().union(*held)
        title = self._terms(passage.title, language) - everywhere
        before: set[str] = set()
        for text, here in zip(texts, held, strict=True):
            if self._is_echo(text, language):
                before = here
                continue
            context = BEFORE_SHARE * self._share(before - here) + ELSEWHERE_SHARE * self._share(everywhere - here - before)
            yield text, self._share(here) + context + TITLE_SHARE * self._share(title) + self._form(text)
            before = here

    def _is_echo(self, text: str, language: str) -> bool:
        """Whether this is but words of the question and no whole sentence, like the heading above the answer."""
        return not _WHOLE.search(text) and self.weights.keys() >= set(terms(text, language))

    def _terms(self, text: str, language: str) -> set[str]:
        return self.weights.keys() & {*terms(text, language), *terms(text, UNKNOWN)}

    def _share(self, held: Iterable[str]) -> float:
        return sum(self.weights[term] for term in held)

    def _form(self, text: str) -> float:
        """What the sentence has of the question's grams, and whether it holds the kind of thing that is asked for."""
        line = word_line(text)
        found = sum(gram in line for gram in self.grams) / max(1, len(self.grams))
        return GRAMS_SHARE * found + sum(worth for answer, worth in self.cues if self._has_new(answer, text))

    def _has_new(self, answer: re.Pattern[str], text: str) -> bool:
        return any(found[0].casefold() not in self.question for found in answer.finditer(text))
