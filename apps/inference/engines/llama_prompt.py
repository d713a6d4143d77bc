"""From a typed request to the messages that a local model reads; what people wrote can never become a command to the tokenizer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypedDict

from .base import ChatRequest, Passage

WORD_JOINER = "\u2060"  # not visible, and in no token of command


class ChatMessage(TypedDict):
    """One message as the model's chat template takes it."""

    role: str
    content: str


class Neutraliser:
    """Breaks every control token in a text, so that `<turn|>` is read as eight characters and ends no turn.

    A tokenizer of chat prompts makes commands of them wherever they stand: unbroken, a document could close the user's turn
    and open one of the system.
    """

    def __init__(self, control_tokens: Iterable[str]) -> None:
        longest_first = sorted(control_tokens, key=len, reverse=True)
        # A look-ahead at every place finds tokens that overlap too. No token at all: a pattern that never matches.
        tokens = "|".join(re.escape(token) for token in longest_first) or "(?!)"
        self._start = re.compile(f"(?=(?:{tokens}))(.)", re.DOTALL)

    def __call__(self, text: str) -> str:
        """`text` with an invisible joiner behind the first character of each control token."""
        return self._start.sub(rf"\g<1>{WORD_JOINER}", text)


def chat_messages(request: ChatRequest, neutral: Neutraliser) -> list[ChatMessage]:
    """System, earlier turns, the passages with the question, and the beginning of the answer if there is one to go on from."""
    messages = [ChatMessage(role="system", content=neutral(request.system))] if request.system else []
    messages += [ChatMessage(role=turn.role, content=neutral(turn.text)) for turn in request.turns]
    passages = [_passage(passage, neutral) for passage in request.passages]
    messages.append(ChatMessage(role="user", content="\n\n".join([*passages, neutral(request.question)])))
    head, _ = split_written(request.written)
    if head:
        messages.append(ChatMessage(role="assistant", content=neutral(head)))
    return messages


def split_written(written: str) -> tuple[str, str]:
    """The part of a begun answer that the model goes on from, and the last word, which it must write again.

    The word may be half of a longer one; told to go on behind it, a model sees tokens that it would never have written so.
    """
    words = written.rsplit(maxsplit=1)
    head = words[0] if len(words) == 2 else ""
    return head, written[len(head) :]


def grammar_beginning_with(text: str) -> str:
    """A GBNF grammar of all answers that begin with `text`."""
    escaped = "".join(f"\\U{ord(character):08X}" for character in text)
    return f'root ::= "{escaped}" [\\x00-\\U0010FFFF]*'


def _passage(passage: Passage, neutral: Neutraliser) -> str:
    title, place, text = (neutral(part) for part in (passage.title, passage.place, passage.text))
    return f"[{passage.number}] {title}, {place}\n{text}" if place else f"[{passage.number}] {title}\n{text}"
