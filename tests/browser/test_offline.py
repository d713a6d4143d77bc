"""A page that loses its connection: nothing is lost, and everything goes on in its order."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acting import ask, ended, sign_in
from tests.browser.conftest import OpenPage


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Ada at an empty conversation."""
    page = open_page()
    sign_in(page)
    return page


def go_offline(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    expect(page.get_by_text("No connection")).to_be_visible()


def write(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")


def test_questions_asked_offline_are_answered_in_their_order(page: Page) -> None:
    go_offline(page)
    for question in ("Where is the pier?", "And how long is it?"):
        write(page, question)
    page.context.set_offline(False)
    expect(page.locator("chat-answer[data-status=done]")).to_have_count(2)
    expect(page.locator(".turn")).to_have_class(["turn question", "turn answer"] * 2)
    expect(page.get_by_text("No connection")).to_be_hidden()
    assert page.locator(".turn").evaluate_all("turns => turns.map(turn => turn.dataset.sequence)") == ["1", "2", "3", "4"]


def test_an_answer_that_ended_meanwhile_is_there_afterwards(page: Page, open_page: OpenPage) -> None:
    ended(ask(page, "Where is the pier?"))
    page.wait_for_url("**/c/**")
    other = open_page()
    sign_in(other)
    other.goto(page.url)
    go_offline(page)
    ended(ask(other, "And how long is it?"))
    page.context.set_offline(False)
    expect(page.locator("chat-answer[data-status=done]")).to_have_count(2)


def test_a_question_that_was_not_sent_outlives_a_reload(page: Page) -> None:
    page.get_by_label("Your question").fill("Half a thou")
    page.reload()
    expect(page.get_by_label("Your question")).to_have_value("Half a thou")
