"""Which language a text is in: told by its script, then by a vote of its stop words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import regex

from apps.core.text.folding import normalise

UNKNOWN = "und"


class Language(NamedTuple):
    """What the analyzer knows of a language: its script, its Snowball stemmer and its list of stop words, where there are any."""

    script: str
    stemmer: str = ""
    stop_list: str = ""


LANGUAGES: dict[str, Language] = {
    "en": Language("Latin", "english", "english"),
    "da": Language("Latin", "danish", "danish"),
    "de": Language("Latin", "german", "german"),
    "es": Language("Latin", "spanish", "spanish"),
    "fi": Language("Latin", "finnish", "finnish"),
    "fr": Language("Latin", "french", "french"),
    "hu": Language("Latin", "hungarian", "hungarian"),
    "it": Language("Latin", "italian", "italian"),
    "nl": Language("Latin", "dutch", "dutch"),
    "no": Language("Latin", "norwegian", "norwegian"),
    "pt": Language("Latin", "portuguese", "portuguese"),
    "sv": Language("Latin", "swedish", "swedish"),
    "tr": Language("Latin", "turkish", "turkish"),
    "ru": Language("Cyrillic", "russian", "russian"),
    "hi": Language("Devanagari", "hindi"),
    "ne": Language("Devanagari", "nepali", "nepali"),
    "ar": Language("Arabic", "arabic"),
    "el": Language("Greek", "greek"),
    "hy": Language("Armenian", "armenian"),
    "ta": Language("Tamil", "tamil"),
    "he": Language("Hebrew"),
    "th": Language("Thai"),
    "lo": Language("Lao"),
    "km": Language("Khmer"),
    "my": Language("Myanmar"),
    "zh": Language("Han"),
    "ja": Language("Kana"),
    "ko": Language("Hangul"),
}

_STOP_WORDS = Path(__file__).parent / "stopwords"
_SCRIPT_OF_RUN = regex.compile(
    "|".join(rf"(?P<{name}>\p{{{name}}}++)" for name in dict.fromkeys(language.script for language in LANGUAGES.values()) if name != "Kana")
    + r"|(?P<Kana>[\p{Hiragana}\p{Katakana}]++)"
)
_WORD = regex.compile(r"[\p{L}\p{M}]++")
_SAMPLE_CHARS = 20_000
_KANA_SHARE_OF_JAPANESE = 0.05
_VOTES_PER_WORD_TO_BELIEVE = 0.09  # English is at .12 to .38, Vietnamese, Polish and Romanian at .02 to .08 for their best


@cache
def stop_words(language: str) -> frozenset[str]:
    """The words of `language` that say nothing about what a text is about; empty where there is no list."""
    name = LANGUAGES[language].stop_list if language in LANGUAGES else ""
    if not name:
        return frozenset()
    return frozenset(normalise((_STOP_WORDS / f"{name}.stop").read_text(encoding="utf-8")).split())


def document_language(text: str) -> str:
    """The language of a document as its ISO 639-1 code, `und` where nothing tells."""
    sample = normalise(text[:_SAMPLE_CHARS])
    script = _script(sample)
    votes = _votes(sample, script)
    language = max(votes, key=votes.__getitem__, default="")
    if votes[language] > _VOTES_PER_WORD_TO_BELIEVE * len(_WORD.findall(sample)):
        return language
    return _only_language_of(script)


def question_language(question: str, spoken: Sequence[str]) -> str:
    """The language of a short question. `spoken` are the languages of the documents, the main one first: it wins where nothing tells."""
    sample = normalise(question[:_SAMPLE_CHARS])
    script = _script(sample)
    fitting = [language for language in spoken if language in LANGUAGES and LANGUAGES[language].script == script]
    votes = _votes(sample, script)
    best = max(votes, key=votes.__getitem__, default="")
    if best and (not fitting or votes[best] > max(1.0, *(votes[language] for language in fitting))):
        return best
    return max(fitting, key=votes.__getitem__, default="") or _only_language_of(script)


def _script(text: str) -> str:
    """The script of most characters. A text with some kana is Japanese, however many Han it has."""
    if text.isascii():
        return "Latin"
    counts: Counter[str] = Counter()
    for run in _SCRIPT_OF_RUN.finditer(text):
        counts[run.lastgroup or ""] += run.end() - run.start()
    if counts["Kana"] > _KANA_SHARE_OF_JAPANESE * (counts["Kana"] + counts["Han"]):
        counts["Kana"] += counts.pop("Han", 0)
    return max(counts, key=counts.__getitem__, default="Latin") if counts.total() else "Latin"


def _votes(text: str, script: str) -> defaultdict[str, float]:
    """What the stop words of the text say: each is worth 1 / number of the languages that may hold it, those without a list included."""
    votes: defaultdict[str, float] = defaultdict(float)
    holders = _holders(script)
    unlisted = sum(not LANGUAGES[code].stop_list for code in _languages_of(script))
    for word in _WORD.findall(text):
        for language in holders.get(word, ()):
            votes[language] += 1 / (len(holders[word]) + unlisted)
    return votes


@cache
def _holders(script: str) -> dict[str, list[str]]:
    holders: dict[str, list[str]] = {}
    for language in _languages_of(script):
        for word in stop_words(language):
            holders.setdefault(word, []).append(language)
    return holders


def _languages_of(script: str) -> Iterator[str]:
    return (code for code, language in LANGUAGES.items() if language.script == script)


def _only_language_of(script: str) -> str:
    """The language that a script stands for when no stop word speaks: none for Latin, which too many share."""
    return UNKNOWN if script == "Latin" else next(iter(_languages_of(script)), UNKNOWN)
