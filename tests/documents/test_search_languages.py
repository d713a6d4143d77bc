"""A workspace of twelve languages: each question finds its own file, whatever it is written in."""

import pytest

from apps.core.text.languages import document_language
from apps.documents.models import WorkspaceIndex
from apps.documents.search import find_passages
from apps.workspaces.models import Workspace
from tests.documents.indexed import add

FILES = {
    "ar": "يُغلق الميناء في الساعة التاسعة مساءً. تنتظر القوارب المتأخرة في الخارج حتى الصباح.",
    "de": "Der Hafen schließt um neun Uhr abends. Boote, die später kommen, warten bis zum Morgen vor der Einfahrt.",
    "el": "Το λιμάνι κλείνει στις εννέα το βράδυ. Τα σκάφη που έρχονται αργότερα περιμένουν έξω μέχρι το πρωί.",
    "en": "The harbour closes at nine in the evening. Boats that come later wait outside until the morning.",
    "es": "El puerto cierra a las nueve de la noche. Los barcos que llegan más tarde esperan fuera hasta la mañana.",
    "hi": "बंदरगाह रात नौ बजे बंद होता है। बाद में आने वाली नावें सुबह तक बाहर प्रतीक्षा करती हैं।",
    "ja": "港は夜九時に閉まります。遅れて来る船は朝まで外で待ちます。",
    "ko": "항구는 저녁 아홉 시에 닫힙니다. 늦게 오는 배는 아침까지 밖에서 기다립니다.",
    "ru": "Гавань закрывается в девять часов вечера. Лодки, которые приходят позже, ждут снаружи до утра.",
    "th": "ท่าเรือปิดเวลาสามทุ่ม เรือที่มาทีหลังต้องรอข้างนอกจนถึงเช้า",
    "tr": "Liman akşam saat dokuzda kapanır ve çok geç gelen tekneler için sabaha kadar dışarıda bir yer var.",
    "zh": "港口晚上九点关闭。晚到的船只要在外面等到早上。",
}
QUESTIONS = [
    ("ar", "متى يغلق الميناء؟"),
    ("ar", "قوارب"),
    ("de", "Wann schliesst der Hafen?"),
    ("de", "Wo wartet ein Boot?"),
    ("el", "Πότε κλεινει το λιμανι;"),
    ("en", "When is the harbour closed?"),
    ("es", "¿Cuándo se cierran los puertos?"),
    ("es", "manana barcos"),
    ("hi", "बंदरगाह कब बंद होता है?"),
    ("ja", "港は何時に閉まりますか？"),
    ("ja", "遅れて来る船"),
    ("ko", "항구가 언제 닫히나요?"),
    ("ru", "Когда закрывается гавань?"),
    ("th", "ท่าเรือปิดกี่โมง"),
    ("tr", "LİMAN ne zaman kapanıyor?"),
    ("zh", "港口几点关闭？"),
]


@pytest.fixture
def shelf(workspace: Workspace) -> Workspace:
    """One file a language, and as many of other things."""
    for language, text in FILES.items():
        add(workspace, f"{language}.txt", text)
    for name, text in {
        "cats.txt": "The cats of the island sleep on warm stones.",
        "katzen.txt": "Die Katzen der Insel schlafen auf Steinen.",
    }.items():
        add(workspace, name, text)
    return workspace


def test_every_language_is_told(shelf: Workspace) -> None:
    assert {language: document_language(text) for language, text in FILES.items()} == {language: language for language in FILES}
    assert WorkspaceIndex.objects.get(workspace=shelf).languages == {language: 2 if language in ("de", "en") else 1 for language in FILES}


@pytest.mark.parametrize(("language", "question"), QUESTIONS)
def test_a_question_finds_its_file(shelf: Workspace, language: str, question: str) -> None:
    assert find_passages(shelf, question, 3).hits[0].document_name == f"{language}.txt"


@pytest.mark.parametrize("language", FILES)
def test_every_sentence_finds_its_own_file_first(shelf: Workspace, language: str) -> None:
    found = find_passages(shelf, FILES[language][:40], 3)
    assert found.hits[0].document_name == f"{language}.txt"
    assert found.relevance > 0.4


def test_an_answer_is_told_the_language_of_its_question(shelf: Workspace) -> None:
    assert find_passages(shelf, "Wann schließt der Hafen und wo warten die Boote?", 3).language == "de"
    assert find_passages(shelf, "When does the harbour close?", 3).language == "en"
    assert find_passages(shelf, "港は何時に閉まりますか", 3).language == "ja"
