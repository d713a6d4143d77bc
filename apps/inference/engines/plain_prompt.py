"""A conversation as plain text, for models whose chat templates no library of theirs can read."""

from __future__ import annotations

import re
from dataclasses import replace

from .base import ChatRequest
from .llama_prompt import WORD_JOINER, Neutraliser, chat_messages

HEADINGS = {"system": "### Instruction:", "user": "### User:", "assistant": "### Assistant:", "tool": "### Result:"}
STOPS = tuple(f"\n{heading}" for heading in HEADINGS.values())
TOKENS_OF_OTHERS = r"<(?=\||\w+\||/?(?:s|unk|pad|bos|eos|fim_\w+|start_of_turn|end_of_turn)>)|\[(?=/?INST\])"
LOOKS_LIKE_COMMAND = re.compile(TOKENS_OF_OTHERS + r"|#(?=## (?:Instruction|User|Assistant|Result):)")


class CarefulNeutraliser(Neutraliser):
    """Breaks what looks like a control token too, for models that do not tell theirs, and our own headings."""

    def __call__(self, text: str) -> str:
        """`text` with an invisible joiner wherever it could become a command."""
        return LOOKS_LIKE_COMMAND.sub(rf"\g<0>{WORD_JOINER}", super().__call__(text))


def dialogue(request: ChatRequest, neutral: CarefulNeutraliser) -> str:
    """All that was said under its headings, then the beginning of the answer: behind that the model goes on."""
    messages = chat_messages(replace(request, written=""), neutral)
    parts = [f"{HEADINGS[message['role']]}\n{message['content']}\n\n" for message in messages]
    return "".join([*parts, HEADINGS["assistant"], "\n", request.written])


class StopFilter:
    """Lets text through up to the first of STOPS; what may be the beginning of one waits."""

    def __init__(self) -> None:
        self._held = ""
        self.has_ended = False

    def feed(self, text: str) -> str:
        """What can be shown now."""
        text = self._held + text
        ends = [text.index(stop) for stop in STOPS if stop in text]
        if ends:
            self.has_ended, self._held = True, ""
            return text[: min(ends)]
        held = max(_overlap(text, stop) for stop in STOPS)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def finish(self) -> str:
        """What was held back and is no stop after all."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` begin `stop`."""
    return next((length for length in range(len(stop) - 1, 0, -1) if text.endswith(stop[:length])), 0)
