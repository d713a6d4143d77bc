"""What is read for a follow-up question, out of the worker's log."""

from __future__ import annotations

from bench.prefix import FollowUp, Prompt, follow_up, line, prompts_in

LOG = """
2026-11-21 20:53:01 INFO apps.chat.answer run 01a1-first attempt 1: done , 312 characters, prompt 8000 tokens, 7700 known
2026-11-21 20:53:02 INFO apps.chat.answer run 01a1-second attempt 1: done , 290 characters, prompt 8220 tokens, 8000 known
2026-11-21 20:53:03 INFO apps.chat.answer run 01a1-third attempt 2: failed engine_failed, 0 characters, prompt 0 tokens, 0 known
"""


def test_prompts_are_found_by_their_run() -> None:
    assert prompts_in(LOG) == {"01a1-first": Prompt(8000, 300), "01a1-second": Prompt(8220, 220)}


def test_what_is_new_is_what_the_prompt_before_had_not() -> None:
    found = follow_up(*prompts_in(LOG).values())
    assert found == FollowUp(new=220, read=220)
    assert found.ratio == 1


def test_the_ratio_is_that_of_all_together() -> None:
    assert line("two", [FollowUp(100, 100), FollowUp(300, 500)]) == "two: read of new tokens 1.500 (100/100, 500/300)"
