"""The terms that a text is found by: one analyzer for all languages."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import regex
import Stemmer

from apps.core.text.folding import fold, normalise
from apps.core.text.languages import LANGUAGES, stop_words

TERM_MAX_CHARS = 64
QUESTION_MAX_CHARS = 20_000
QUESTION_MAX_WORDS = 64
OTHER_LANGUAGES_MAX = 6

_PAIRED = r"\p{Han}\p{Hiragana}\p{Katakana}ー々〆"
_TRIPLED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# The letters leave out the scripts without breaks, or "DVD版" would be one word.
_RUN = regex.compile(
    rf"(?P<digits>\p{{Nd}}++)|(?P<hangul>\p{{Hangul}}++)|(?P<paired>[{_PAIRED}]++)|(?P<tripled>[{_TRIPLED}]++)"
    rf"|(?P<word>[[\p{{L}}\p{{M}}]--[{_PAIRED}{_TRIPLED}\p{{Hangul}}]]++)",
    regex.VERSION1,
)
_GRAM_CHARS = {"hangul": 2, "paired": 2, "tripled": 3}
_WITHOUT_BREAKS = regex.compile(rf"[{_PAIRED}{_TRIPLED}]")


class QuestionWord(NamedTuple):
    """One word of a question: `variants` are the terms it may stand under, the best first; `text` is the plain word, folded."""

    text: str
    variants: tuple[str, ...]


def terms(text: str, language: str) -> list[str]:
    """The terms of `text` in their order, as often as they occur."""
    stops = stop_words(language)
    found = (_stem(piece, language) if kind == "word" else piece for kind, piece in _pieces(text) if kind != "word" or piece not in stops)
    return [term for term in found if term]


def question_words(question: str, *, language: str, spoken: Sequence[str]) -> list[QuestionWord]:
    """The words of a question in `language`, each with its terms under the other languages that the documents are in.

    A short question's language is a guess, and a German question may be answered by an English file: so each word
    also stands under its stems in the other languages of its script, six at most, and as it is.
    """
    others = [code for code in spoken if code != language and _shares_script(code, language)][:OTHER_LANGUAGES_MAX]
    pieces = dict.fromkeys(_pieces(question[:QUESTION_MAX_CHARS]))
    stops = stop_words(language)
    if all(piece in stops for _, piece in pieces):  # "sea" is a stop word in Spanish: what says something in one language is asked
        stops = stops.intersection(*map(stop_words, others))
    words = [_question_word(kind, piece, [language, *others]) for kind, piece in pieces if piece not in stops]
    return [word for word in words if word.text][:QUESTION_MAX_WORDS]


def _question_word(kind: str, piece: str, codes: Sequence[str]) -> QuestionWord:
    stems = [_stem(piece, code) for code in codes] if kind == "word" else []
    plain = _plain(piece)
    return QuestionWord(plain, tuple(term for term in dict.fromkeys([*stems, plain]) if term))


def has_no_breaks(term: str) -> bool:
    """Whether `term` is of a script without spaces between words, where neighbours say nothing that the term does not."""
    return _WITHOUT_BREAKS.match(term) is not None


def _shares_script(code: str, language: str) -> bool:
    script = LANGUAGES[language].script if language in LANGUAGES else "Latin"
    return code in LANGUAGES and LANGUAGES[code].script == script


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of every word, number and n-gram."""
    for run in _RUN.finditer(normalise(text)):
        kind, piece = run.lastgroup or "", run[0]
        if kind == "digits":
            yield kind, _ascii_digits(piece[:TERM_MAX_CHARS])
        elif kind == "word":
            yield kind, piece[:TERM_MAX_CHARS]
        else:
            size = _GRAM_CHARS[kind]
            for start in range(max(1, len(piece) - size + 1)):
                yield kind, piece[start : start + size]


def _ascii_digits(digits: str) -> str:
    return digits if digits.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in digits)


def _plain(word: str) -> str:
    return fold(word)[:TERM_MAX_CHARS]


class _Stemmers(threading.local):
    """Each thread's own: a Snowball stemmer must not be shared."""

    def __init__(self) -> None:
        self.by_name: dict[str, Callable[[str], str]] = {}

    def get(self, name: str) -> Callable[[str], str]:
        if name not in self.by_name:
            self.by_name[name] = Stemmer.Stemmer(name, 0).stemWord
        return self.by_name[name]


_stemmers = _Stemmers()


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> str:
    name = LANGUAGES[language].stemmer if language in LANGUAGES else ""
    return _plain(_stemmers.get(name)(word) if name else word)
