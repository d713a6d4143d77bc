"""python -m bench.prefix

What a follow-up question costs: the tokens of its prompt that the model reads, beside those that are new since the question before.

Through the product, by the socket of a browser's tab, with a small gemma4 of random weights that is written for it (window 512): a
conversation grows to 8,000 tokens, then more questions follow; then four such conversations take turns on two slots. Tokens are counted,
no time: a busy machine does not matter. The figures are llama.cpp's own, out of the log of the worker that generates.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import time
import uuid
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from websockets.sync.client import ClientConnection

from bench.asking import SILENCE_MAX_S, open_socket, sign_in
from bench.installation import WORKSPACE, Installation
from tests.gguf_writer import FREQUENT, Shape, write_gemma4

CONTEXT_TOKENS = 16_384
GROWN_TOKENS = 8_000
ANSWER_TOKENS = 64
SLOTS = 2
CONVERSATIONS = 4
FOLLOW_UPS = 3
WORDS = 400  # of a question while a conversation grows
FOLLOW_UP_WORDS = 60
LOGGED_WITHIN_S = 10
SHAPE = Shape("prefix", words=4096, context=32_768)
READ = re.compile(r"run (\S+) attempt \d+: done .*, prompt (\d+) tokens, (\d+) known")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt: how long it was, and how much of it the model had to read."""

    tokens: int
    read: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What one question added to its conversation's prompt, and what was read for it."""

    new: int
    read: int

    @property
    def ratio(self) -> float:
        """What was read of what is new: 1 where nothing was read again."""
        return self.read / self.new


def prompts_in(log: str) -> dict[str, Prompt]:
    """By run: the prompts that the worker's log tells of."""
    found = ((run, int(tokens), int(known)) for run, tokens, known in READ.findall(log))
    return {run: Prompt(tokens, tokens - known) for run, tokens, known in found}


def follow_up(before: Prompt, after: Prompt) -> FollowUp:
    """The second of two prompts of a conversation, one after the other."""
    return FollowUp(after.tokens - before.tokens, after.read)


class Talk:
    """One conversation in a browser's tab."""

    def __init__(self, socket: ClientConnection, log: Path, draw: random.Random) -> None:
        self._socket, self._log, self._draw = socket, log, draw
        self._conversation: str | None = None
        self.prompts: list[Prompt] = []

    def ask(self, words: int) -> Prompt:
        """Ask something of so many words, wait for the answer's end, and see what was read for it."""
        text = " ".join(self._draw.choices(FREQUENT.split(), k=words))
        ask = {"type": "ask", "workspace": WORKSPACE, "conversation": self._conversation, "text": text, "key": str(uuid.uuid4())}
        self._socket.send(json.dumps(ask))
        asked = self._frame("asked")
        self._conversation = asked["conversation"]
        ended = self._frame("ended", run=asked["run"])
        if ended["status"] != "done":
            raise SystemExit(f"The product did not answer: {ended}")
        self.prompts.append(self._logged(asked["run"]))
        return self.prompts[-1]

    def grow(self, tokens: int) -> None:
        """Ask until the prompt has so many tokens."""
        while not self.prompts or self.prompts[-1].tokens < tokens:
            self.ask(WORDS)

    def follow_up(self) -> FollowUp:
        """One more question, a short one."""
        return follow_up(self.prompts[-1], self.ask(FOLLOW_UP_WORDS))

    def _frame(self, kind: str, **wanted: str) -> dict[str, str]:
        while True:
            frame = json.loads(self._socket.recv(timeout=SILENCE_MAX_S))
            if frame["type"] == "error":
                raise SystemExit(f"The product did not answer: {frame}")
            if frame["type"] == kind and wanted.items() <= frame.items():
                return dict(frame)

    def _logged(self, run: str) -> Prompt:
        deadline = time.monotonic() + LOGGED_WITHIN_S
        while run not in (known := prompts_in(self._log.read_text())):
            if time.monotonic() > deadline:
                raise SystemExit(f"The log says nothing of run {run}.")
            time.sleep(0.02)
        return known[run]


def in_turns(talks: Iterable[Talk]) -> list[FollowUp]:
    """Each conversation asks FOLLOW_UPS times, the others in between."""
    known = list(talks)
    return [talk.follow_up() for _ in range(FOLLOW_UPS) for talk in known]


def line(name: str, found: Iterable[FollowUp]) -> str:
    """The ratios in words."""
    known = list(found)
    each = ", ".join(f"{one.read}/{one.new}" for one in known)
    return f"{name}: read of new tokens {sum(one.read for one in known) / sum(one.new for one in known):.3f} ({each})"


def main() -> None:
    """Bring up an installation with a model of its own, measure, and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")))
        model = write_gemma4(folder / "prefix.gguf", SHAPE)
        options = {"GEMMAWEB_SLOTS": SLOTS, "GEMMAWEB_CONTEXT_TOKENS": CONTEXT_TOKENS, "GEMMAWEB_ANSWER_MAX_TOKENS": ANSWER_TOKENS}
        product = stack.enter_context(Installation(**{name: str(value) for name, value in options.items()}))
        product.manage("models", "add", str(model), "--name", "prefix")
        product.manage("models", "use", "prefix")
        cookies = sign_in(product.url)
        log, draw = product.home / "logs" / "generation.log", random.Random(7)
        talks = [Talk(stack.enter_context(open_socket(product.url, cookies)), log, draw) for _ in range(CONVERSATIONS)]
        talks[0].grow(GROWN_TOKENS)
        print(line("one conversation", in_turns(talks[:1])), flush=True)
        for talk in talks[1:]:
            talk.grow(GROWN_TOKENS)
        print(line(f"{CONVERSATIONS} conversations in turns on {SLOTS} slots", in_turns(talks)))


if __name__ == "__main__":
    main()
