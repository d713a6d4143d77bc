"""One analyzer for all languages: words, numbers and n-grams, stemmed and folded."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.text import languages
from apps.core.text import terms as terms_module
from apps.core.text.folding import fold, normalise
from apps.core.text.grams import grams, word_line
from apps.core.text.languages import LANGUAGES, document_language, question_language, stop_words
from apps.core.text.terms import QUESTION_MAX_WORDS, TERM_MAX_CHARS, QuestionWord, has_no_breaks, question_words, terms


def test_words_lose_their_ending_and_stop_words_are_left_out() -> None:
    assert terms("The ships were sailing to the harbours", "en") == ["ship", "sail", "harbour"]


def test_a_language_without_a_list_keeps_its_words() -> None:
    assert terms("Casa este mare", "und") == ["casa", "este", "mare"]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("日本語です", "ja", ["日本", "本語", "語で", "です"]),
        ("DVD版", "ja", ["dvd", "版"]),
        ("한국어 책", "ko", ["한국", "국어", "책"]),
        ("ภาษาไทย", "th", ["ภาษ", "าษา", "ษาไ", "าไท", "ไทย"]),
        ("MP3 in 1995", "en", ["mp", "3", "1995"]),
        ("١٩٩٥", "ar", ["1995"]),
        ("ＦＵＬＬ width", "und", ["full", "width"]),
    ],
)
def test_it_cuts_by_script(text: str, language: str, expected: list[str]) -> None:
    assert terms(text, language) == expected


def test_accents_and_case_do_not_matter() -> None:
    assert terms("CAFÉ", "und") == terms("café", "und") == terms("cafe", "und")
    assert fold(normalise("Straße ISTANBUL İstanbul ılık")) == "strasse istanbul istanbul ilik"


def test_arabic_letters_have_one_form() -> None:
    assert fold("أحمد") == fold("احمد")
    assert fold("مَدرَسة") == fold("مدرسه")


def test_the_vowels_of_indic_scripts_are_kept() -> None:
    assert fold("किताब") == "किताब"
    assert fold("かが") == "かが"
    assert fold("한국") == "한국"


def test_a_very_long_word_is_cut() -> None:
    assert [len(term) for term in terms("x" * 1_000_000, "en")] == [TERM_MAX_CHARS]


@given(st.text(max_size=200), st.sampled_from([*LANGUAGES, "und", "xx"]))
def test_no_text_breaks_it(text: str, language: str) -> None:
    for term in terms(text, language):
        assert 0 < len(term) <= TERM_MAX_CHARS
        assert "\x00" not in term


def test_threads_do_not_share_a_stemmer() -> None:
    words = [f"sailing{'abcdefghij'[at % 10] * (at // 10)}s" for at in range(500)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: [terms(word, "en") for word in words], range(8)))
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Dies ist ein kurzer Text über die Katze und den Hund.", "de"),
        ("This is a short text about the cat and the dog.", "en"),
        ("Le chat est sur la table et ne veut pas descendre.", "fr"),
        ("Это русский текст, и он короткий", "ru"),
        ("नेपाल एक हिमाली राष्ट्र हो। यसको उत्तर र देखि सम्म फैलिएको छ", "ne"),
        ("भारत दक्षिण एशिया में स्थित सबसे बड़ा देश है", "hi"),
        ("Το σπίτι είναι μεγάλο", "el"),
        ("これは日本語の文章です", "ja"),
        ("这是一个中文句子", "zh"),
        ("한국어 문장입니다", "ko"),
        ("ภาษาไทย", "th"),
        ("هذا كتاب", "ar"),
        ("Việt Nam là quốc gia nằm ở phía đông của bán đảo Đông Dương", "und"),
        ("Invoice 12345 ACME", "und"),
        ("12345", "und"),
        ("", "und"),
    ],
)
def test_a_document_tells_its_language(text: str, language: str) -> None:
    assert document_language(text) == language


def test_a_question_that_tells_nothing_is_in_the_main_language() -> None:
    assert question_language("Beyoncé Grammy 2011", ["de", "en"]) == "de"
    assert question_language("sea", ["en"]) == "en"
    assert question_language("Was kostet der Anschluss?", ["en", "de"]) == "de"
    assert question_language("Wie hoch ist der Beitrag für das Jahr?", ["en"]) == "de"
    assert question_language("Beyoncé Grammy 2011", ["zh"]) == "und"
    assert question_language("", []) == "und"


def test_question_words_stand_under_every_language_of_the_documents() -> None:
    (word,) = question_words("sailing", language="en", spoken=["en", "de", "zh"])
    assert word == QuestionWord("sailing", ("sail", "sailing"))
    (word,) = question_words("universities", language="en", spoken=["de"])
    assert word.variants == ("universiti", "universities")


def test_question_words_come_once_and_without_stop_words() -> None:
    words = question_words("The ship and the ship", language="en", spoken=["en"])
    assert [word.text for word in words] == ["ship"]


def test_a_word_that_is_a_stop_word_in_one_language_only_is_asked_where_it_stands_alone() -> None:
    assert [word.text for word in question_words("sea", language="es", spoken=["es", "en"])] == ["sea"]
    assert question_words("the", language="en", spoken=["en"]) == []


def test_a_megabyte_of_question_is_cut() -> None:
    assert len(question_words("word" + " w".join(map(str, range(200_000))), language="en", spoken=[])) == QUESTION_MAX_WORDS
    assert question_words("\x00 \x00", language="en", spoken=[]) == []


def test_it_knows_the_scripts_without_breaks() -> None:
    assert has_no_breaks("日本")
    assert has_no_breaks("ไทย")
    assert not has_no_breaks("한국")
    assert not has_no_breaks("ship")


def test_grams_carry_the_edges_of_a_word() -> None:
    assert grams(["ship", "a"]) == ["_shi", "ship", "hip_", "_a_"]
    assert word_line("The Ship's\n café!") == "_the_ship_s_cafe_"
    assert word_line("") == "__"


def test_the_lists_of_stop_words_are_the_vendored_ones() -> None:
    folder = Path(languages.__file__).parent / "stopwords"
    lines = [line.split() for line in (folder / "VENDOR.txt").read_text().splitlines() if line.endswith(".stop")]
    sums = {name: checksum for checksum, name in lines}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.stop")}
    assert found == sums
    assert {f"{language.stop_list}.stop" for language in LANGUAGES.values() if language.stop_list} == set(found)


def test_every_stemmer_is_there() -> None:
    for language in LANGUAGES:
        assert terms_module.terms("word слово", language)
    assert "the" in stop_words("en")
    assert stop_words("xx") == frozenset()
