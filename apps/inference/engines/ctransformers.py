"""A model of an older family in this process, run by ctransformers 0.2.27: LLaMA, GPT-2, GPT-J, GPT-NeoX, Falcon, MPT, StarCoder.

Only the engine host imports this: it is native code of 2023, which ends its process on many a damaged file and at every interpreter's end.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import platform
import random
import resource
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .base import ChatRequest, EngineError, EngineUnavailable, Piece, PromptTooLong, Sampling, TextPiece, UsagePiece
from .filling import Filling, write_filled
from .local import Take
from .older_files import read_older
from .plain_prompt import CarefulNeutraliser, StopFilter, dialogue

SAMPLING = {"top_k": 40, "top_p": 0.95, "temperature": 0.8, "repetition_penalty": 1.1, "last_n_tokens": 64}  # the library's own
BATCH_TOKENS = 32  # an answer can be stopped between two batches of its prompt
MEMORY_BESIDE_BYTES = 3 * 1024**3  # what was read before, the keys and values of its context, room to compute
TELL_EVERY_S = 1.0
SPARE_TOKENS = 16  # what the library writes around a text
CPU_FACTS = Path("/proc/cpuinfo")


class CtransformersModel:
    """A loaded model. It has no batches: one answer at a time, others wait."""

    slots = 1

    def __init__(self, path: Path, *, family: str, context_tokens: int) -> None:
        """Raises BadModelFile, and EngineUnavailable if the library refuses the file or does not run on this machine."""
        header = read_older(path, family)
        self._neutral = CarefulNeutraliser(header.control_tokens)
        self.context_tokens = min(context_tokens, header.context_length)
        self._threads = max(
            1, (os.cpu_count() or 1) // 2
        )  # they spin until the slowest is done: two on two busy cores wrote 4 tokens/s, one 600
        self._llm = _load(path, "gguf" if header.version else header.architecture, self.context_tokens)

    def chat(self, request: ChatRequest, take: Take) -> None:
        """Answer, calling `take` with each piece as it comes until it returns True. Raises EngineError."""
        write, tell = partial(self._answer, take=take), partial(self._tell, take=take)
        write_filled(request, self, self.context_tokens, write=write, tell=tell)

    def _tell(self, filling: Filling, take: Take) -> None:
        """Tell what the prompt is made of."""
        take(filling.told(self, self.context_tokens))

    def _answer(self, request: ChatRequest, take: Take) -> None:
        prompt = self._tokens(dialogue(request, self._neutral))
        room = self.context_tokens - len(prompt)
        if room <= 0:
            raise PromptTooLong(f"The question and its passages are {len(prompt)} tokens long; {self.context_tokens - 1} fit.")
        limit = min(room, request.max_tokens - (len(self._tokens(request.written)) if request.written else 0))
        try:
            if self._read(prompt, take):
                tokens = self._sampled(limit, request.sampling)
                self._write(tokens, prompt_tokens=len(prompt), limit=limit, goes_on=bool(request.written), take=take)
        except RuntimeError as error:
            raise EngineError(f"The model broke off: {error}") from error

    def whole(self, request: ChatRequest) -> int:
        """The length of the prompt that is made of `request`."""
        return len(self._tokens(dialogue(request, self._neutral)))

    def at_most(self, request: ChatRequest) -> int:
        """The same: it costs next to nothing, as the tokenizer is in this process."""
        return self.whole(request)

    def parts(self, texts: Sequence[str]) -> list[int]:
        """The length of each text inside a prompt."""
        return [self.count_tokens(text) for text in texts]

    def reader(self, request: ChatRequest) -> PieceReader:
        """What it gives are pieces already."""
        return PieceReader()

    def count_tokens(self, text: str) -> int:
        """What `text` costs inside a prompt."""
        return len(self._tokens(self._neutral(text), alone=False)) if text else 0

    def _tokens(self, text: str, *, alone: bool = True) -> list[int]:
        """The tokens of `text`; `alone` puts the model's own beginning before them.

        The library's method makes room for one token a character: four-byte characters wrote past its end.
        """
        data = text.encode("utf-8", "replace")
        room = (ctypes.c_int * (len(data) + SPARE_TOKENS))()
        count = self._llm.ctransformers_llm_tokenize(data, alone and self._llm.model_type == "llama", room)
        return list(room[:count])

    def _read(self, prompt: list[int], take: Take) -> bool:
        """Read the prompt, what the answer before had in common with it left out; False if it was stopped."""
        new = list(self._llm.prepare_inputs_for_generation(prompt, reset=True))
        for start in range(0, len(new), BATCH_TOKENS):
            if take(UsagePiece(len(prompt), 0, 0.0)):
                return False
            self._llm.eval(new[start : start + BATCH_TOKENS], batch_size=BATCH_TOKENS, threads=self._threads)
        return True

    def _write(self, tokens: Iterator[int], *, prompt_tokens: int, limit: int, goes_on: bool, take: Take) -> None:
        decoder, stops = codecs.getincrementaldecoder("utf-8")("replace"), StopFilter()
        began = told = time.monotonic()
        count, is_blank = 0, not goes_on
        for count, token in enumerate(tokens, start=1):
            text = stops.feed(decoder.decode(self._llm.ctransformers_llm_detokenize(token)))
            text = text.lstrip() if is_blank else text
            is_blank = is_blank and not text
            now = time.monotonic()
            if text and take(TextPiece(text)):
                return
            if now - told >= TELL_EVERY_S:
                told = now
                take(UsagePiece(prompt_tokens, count, count / (now - began)))
            if stops.has_ended:
                break
        if rest := stops.finish():
            take(TextPiece(rest))
        is_cut = count == limit and not stops.has_ended
        take(UsagePiece(prompt_tokens, count, count / max(time.monotonic() - began, 1e-6), is_cut))

    def _sampled(self, limit: int, asked: Sampling) -> Iterator[int]:
        """Up to `limit` tokens, each read back before the next is chosen."""
        # The library starts anew from its seed at each token: one number for all of them would be the same draw again and again.
        draw = random.SystemRandom() if asked.seed is None else random.Random(asked.seed)  # noqa: S311
        how = sampling_for(asked)
        for _ in range(limit):
            token: int = self._llm.sample(seed=draw.getrandbits(31), **how)
            if self._llm.is_eos_token(token):
                return
            yield token
            self._llm.eval([token], batch_size=BATCH_TOKENS, threads=self._threads)


class PieceReader:
    """Hands the pieces on."""

    def pieces(self, chunk: Piece) -> list[Piece]:
        """The piece itself."""
        return [chunk]


def sampling_for(asked: Sampling) -> dict[str, float]:
    """How the next token is chosen, by the library's names. At a temperature of 0, by which it would divide, the likeliest one is.

    It knows no penalties by presence or frequency.
    """
    wanted = {"temperature": asked.temperature, "top_p": asked.top_p}
    how = SAMPLING | {name: value for name, value in wanted.items() if value is not None}
    return how if how["temperature"] > 0 else how | {"temperature": 1.0, "top_k": 1}


def library_name() -> str:
    """Which of its builds runs on this processor: its own choice ends the process at the first token. Raises EngineUnavailable."""
    machine = platform.machine().lower()
    if platform.system() == "Darwin":
        return "basic" if machine == "arm64" else "avx2"
    if machine not in ("x86_64", "amd64"):
        raise EngineUnavailable(f"ctransformers has no library for this machine's processor ({machine}). Use a model that llama.cpp runs.")
    flags = set(CPU_FACTS.read_text().split()) if CPU_FACTS.exists() else set()
    if {"avx2", "fma", "f16c"} <= flags:
        return "avx2"
    return "avx" if {"avx", "f16c"} <= flags else "basic"


def _limit_memory(size_bytes: int) -> None:
    """Have a file of another family than was said fail at once: its numbers, misread, asked for all the memory of the machine."""
    limit = size_bytes * 3 + MEMORY_BESIDE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _load(path: Path, model_type: str, context_tokens: int) -> Any:
    name = library_name()
    _limit_memory(path.stat().st_size)
    os.environ["HF_HUB_OFFLINE"] = "1"  # it brings a client of a model hub along
    from ctransformers.llm import LLM, Config  # heavy, and native

    try:
        return LLM(str(path), model_type, config=Config(context_length=context_tokens), lib=name)
    except (RuntimeError, OSError) as error:
        raise EngineUnavailable("ctransformers cannot load this file") from error
