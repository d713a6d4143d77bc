"""Asking: what is stored, what is refused, and the same question sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.chat import services
from apps.chat.models import Conversation, Generation, Message
from apps.core.errors import Invalid, NotFound
from tests.chat.conftest import Ask, Watcher

pytestmark = pytest.mark.django_db


def test_it_stores_question_and_answer(ask: Ask, conversation: Conversation) -> None:
    first = ask("One?", conversation=conversation)
    second = ask("Two?", conversation=conversation)
    messages = list(conversation.messages.order_by("sequence"))
    assert [(message.sequence, message.role, message.text) for message in messages] == [
        (1, "user", "One?"),
        (2, "assistant", ""),
        (3, "user", "Two?"),
        (4, "assistant", ""),
    ]
    assert [message.parent for message in messages] == [None, *messages[:3]]
    assert (first.status, second.question.sequence, messages[1].status) == ("queued", 3, "queued")


def test_the_same_key_is_the_same_run(ask: Ask) -> None:
    assert ask(key="k") == ask(key="k") == ask("Another text?", key="k")
    assert Message.objects.count() == 2


def test_a_key_is_the_person_s_own(ask: Ask, bob: User) -> None:
    assert ask(key="k") != ask(key="k", asked_by=bob)


@pytest.mark.django_db(transaction=True)
def test_the_same_key_ten_times_at_once_is_one_run(ask: Ask) -> None:
    runs: list[Generation] = []
    together(10, lambda: runs.append(ask(key="k")))
    assert len(runs) == 10
    assert len({run.pk for run in runs}) == 1
    assert (Conversation.objects.count(), Message.objects.count()) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_many_questions_at_once_are_in_one_order(ask: Ask, conversation: Conversation) -> None:
    together(8, lambda: ask(conversation=conversation))
    sequences = conversation.messages.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == list(range(1, 17))


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_question_is_refused(ask: Ask, text: str) -> None:
    with pytest.raises(services.QuestionEmpty):
        ask(text)


def test_a_question_too_long_is_refused(ask: Ask, settings: Any) -> None:
    ask("x" * settings.QUESTION_MAX_CHARS)
    with pytest.raises(services.QuestionTooLong):
        ask("x" * (settings.QUESTION_MAX_CHARS + 1))


@pytest.mark.parametrize("text", ["a\0b", "\udc00", "a\ud83d"])
def test_what_no_database_can_hold_is_refused(ask: Ask, text: str) -> None:
    with pytest.raises(services.QuestionUnreadable):
        ask(text)


@pytest.mark.parametrize("wrong", [{"key": ""}, {"key": "k" * 101}, {"key": "a\nb"}, {"max_tokens": 0}, {"max_tokens": -5}])
def test_wrong_fields_are_named(ask: Ask, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        ask(**wrong)
    assert refused.value.fields.keys() == wrong.keys()
    assert not Conversation.objects.exists()


def test_no_answer_is_longer_than_the_installation_allows(ask: Ask, settings: Any) -> None:
    assert ask().max_tokens == settings.ANSWER_MAX_TOKENS
    assert ask(max_tokens=10).max_tokens == 10
    assert ask(max_tokens=10**9).max_tokens == settings.ANSWER_MAX_TOKENS


def test_the_first_question_makes_the_title(ask: Ask, conversation: Conversation) -> None:
    ask("When does\nthe harbour open?", conversation=conversation)
    ask("And in winter?", conversation=conversation)
    conversation.refresh_from_db()
    assert conversation.title == "When does the harbour open?"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  short \n", "short"),
        ("word " * 20, "word word word word word word word word word word word…"),
        ("x" * 100, "x" * 59 + "…"),
        ("a\tb\u200b c", "a b c"),
        ("", ""),
    ],
)
def test_titles_are_cut_at_a_word(text: str, title: str) -> None:
    assert services.clean_title(text) == title


def test_a_conversation_that_went_meanwhile_takes_no_question(ask: Ask, conversation: Conversation) -> None:
    services.delete(conversation=conversation)
    with pytest.raises(NotFound):
        ask(conversation=conversation)
    assert not Generation.objects.exists()


def test_asking_brings_the_conversation_to_the_top(ask: Ask, conversation: Conversation) -> None:
    before = conversation.updated_at
    ask(conversation=conversation)
    conversation.refresh_from_db()
    assert conversation.updated_at > before


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_of_what_was_rolled_back(ask: Ask, conversation: Conversation, watch: Callable[[str], Watcher]) -> None:
    watcher = watch(f"conversation:{conversation.pk}")
    with transaction.atomic():
        ask(conversation=conversation, key="lost")
        transaction.set_rollback(True)
    ask(conversation=conversation, key="kept")
    assert watcher.until("asked")["key"] == "kept"


def together(count: int, work: Callable[[], object]) -> None:
    """Do the work in so many threads at once, and wait for them."""
    barrier = threading.Barrier(count)

    def start() -> None:
        barrier.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
