"""A model of an older family really answers, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from apps.inference.engines import ctransformers
from apps.inference.engines.base import (
    ChatRequest,
    ContextPiece,
    EngineUnavailable,
    Passage,
    Piece,
    PromptTooLong,
    Sampling,
    TextPiece,
    UsagePiece,
    takes_forms,
)
from apps.inference.engines.local import BY_CTRANSFORMERS
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.host_process import PROJECT
from apps.inference.model_file import ModelFile, read_model_file
from tests.older_writer import write_gpt2, write_gpt_neox, write_gptj, write_llama, write_mpt

from .answers import kill, pieces_of, text_of, usage_of

STOP_WITHIN_S = 0.2


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    """A tiny LLaMA."""
    path = write_llama(tmp_path_factory.mktemp("older") / "llama.gguf")
    return replace(read_model_file(path, "old llama"), engine=BY_CTRANSFORMERS)


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    """A tiny GPT-2 in a file that does not say so."""
    path = write_gpt2(tmp_path_factory.mktemp("older") / "gpt2.bin")
    return replace(read_model_file(path, "gpt2"), engine=BY_CTRANSFORMERS, family="gpt2")


@pytest_asyncio.fixture
async def older(hosts: HostKeeper, llama: ModelFile) -> LocalEngine:
    """The tiny LLaMA's engine, loading."""
    return hosts.engine(llama)


async def test_it_streams_text_and_then_figures(older: LocalEngine) -> None:
    pieces = await pieces_of(older, max_tokens=1200)
    texts = [piece for piece in pieces if isinstance(piece, TextPiece)]
    assert len(texts) > 1, "it comes as it is written, in as many pieces as a busy machine finds time for"
    usage = usage_of(pieces)
    assert usage.answer_tokens == 1200
    assert usage.prompt_tokens > 10
    assert usage.tokens_per_s > 0
    assert usage.is_cut
    assert not older.takes_forms


async def test_the_same_seed_writes_the_same(older: LocalEngine) -> None:
    texts = [text_of(await pieces_of(older, max_tokens=60, sampling=Sampling(seed=seed))) for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]
    assert len(set(texts[0])) > 5  # not one draw again and again


async def test_at_no_temperature_the_likeliest_is_written(older: LocalEngine) -> None:
    cold = [text_of(await pieces_of(older, max_tokens=60, sampling=Sampling(temperature=0, seed=seed))) for seed in (1, 2)]
    warm = [text_of(await pieces_of(older, max_tokens=60, sampling=Sampling(temperature=1.5, seed=seed))) for seed in (1, 2)]
    assert cold[0] == cold[1]
    assert warm[0] != warm[1]
    narrow = [text_of(await pieces_of(older, max_tokens=60, sampling=Sampling(top_p=0.0001, seed=seed))) for seed in (1, 2)]
    assert narrow[0] == narrow[1]


async def test_what_the_prompt_is_made_of_keeps_no_word_waiting_unless_something_was_left_out(older: LocalEngine) -> None:
    kinds = [type(piece) for piece in await pieces_of(older, fills=True)]
    assert kinds.index(ContextPiece) > kinds.index(TextPiece)
    assert kinds.count(ContextPiece) == 1
    long = tuple(Passage(number, "Tides", "", "word " * 300, 1.0) for number in range(1, 5))
    pieces = await pieces_of(older, fills=True, passages=long)
    kinds = [type(piece) for piece in pieces]
    assert kinds.index(ContextPiece) < kinds.index(TextPiece)
    assert kinds.count(ContextPiece) == 1
    assert next(piece for piece in pieces if isinstance(piece, ContextPiece)).passages_left
    assert not [piece for piece in await pieces_of(older) if isinstance(piece, ContextPiece)]


def test_what_is_not_asked_for_is_as_the_library_has_it() -> None:
    assert ctransformers.sampling_for(Sampling()) == ctransformers.SAMPLING
    assert ctransformers.sampling_for(Sampling(temperature=0.5, top_p=0.9))["top_p"] == 0.9


async def test_it_takes_no_tools_and_no_form(older: LocalEngine) -> None:
    assert not takes_forms(older)


@pytest.mark.parametrize("family", ["gpt2", "gpt_bigcode"])  # StarCoder's files have the same form
async def test_other_families_answer_too(hosts: HostKeeper, gpt2: ModelFile, family: str) -> None:
    await answers(hosts, replace(gpt2, family=family))


@pytest.mark.parametrize(("family", "write"), [("gptj", write_gptj), ("gpt_neox", write_gpt_neox), ("mpt", write_mpt)])
async def test_families_with_files_of_their_own_form_answer(
    hosts: HostKeeper, tmp_path: Path, family: str, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path / f"{family}.bin")
    await answers(hosts, replace(read_model_file(path, family), engine=BY_CTRANSFORMERS, family=family))


async def answers(hosts: HostKeeper, file: ModelFile) -> None:
    """It writes, counts and stops."""
    engine = hosts.engine(file)
    pieces = await pieces_of(engine, max_tokens=50)
    assert len(text_of(pieces)) >= 20
    assert usage_of(pieces).answer_tokens == 50
    assert await engine.count_tokens("abc") == 3


async def test_it_stops_at_once(older: LocalEngine) -> None:
    answer = older.stream(ChatRequest("Go on", max_tokens=1900))
    while not isinstance(await anext(answer), TextPiece):
        pass
    began = time.monotonic()
    await answer.aclose()
    assert time.monotonic() - began < STOP_WITHIN_S
    next_began = time.monotonic()
    assert await pieces_of(older, max_tokens=1)  # its only slot is free again
    assert time.monotonic() - next_began < STOP_WITHIN_S


async def test_one_answer_is_written_at_a_time(older: LocalEngine) -> None:
    first = older.stream(ChatRequest("First", max_tokens=1500))
    await anext(first)
    second = asyncio.create_task(pieces_of(older, "Second", max_tokens=5))
    await asyncio.sleep(0.05)
    assert not second.done()
    await first.aclose()
    assert usage_of(await second).answer_tokens == 5


async def test_many_answers_come_one_after_the_other(older: LocalEngine) -> None:
    answers = await asyncio.gather(*(pieces_of(older, f"Question {n}", max_tokens=10) for n in range(6)))
    assert [usage_of(pieces).answer_tokens for pieces in answers] == [10] * 6


async def test_it_goes_on_from_what_was_written(older: LocalEngine) -> None:
    written = "abc def"
    pieces = await pieces_of(older, written=written, max_tokens=30)
    spent = await older.count_tokens(written)
    assert 0 < usage_of(pieces).answer_tokens <= 30 - spent
    whole = await pieces_of(older, max_tokens=1)
    assert usage_of(pieces).prompt_tokens > usage_of(whole).prompt_tokens


async def test_characters_of_four_bytes_break_nothing(older: LocalEngine) -> None:
    assert await older.count_tokens("\U0001f44d" * 500) >= 2000
    pieces = await pieces_of(older, "\U0001f44d" * 300, max_tokens=5)
    assert usage_of(pieces).prompt_tokens > 1200


async def test_a_question_that_does_not_fit_is_refused(older: LocalEngine) -> None:
    with pytest.raises(PromptTooLong, match="2047 fit"):
        await pieces_of(older, "word " * 1000)
    assert await pieces_of(older, max_tokens=2)


async def test_an_answer_ends_where_the_context_does(older: LocalEngine) -> None:
    usage = usage_of(await pieces_of(older, "a" * 1900, max_tokens=500))
    assert usage.prompt_tokens + usage.answer_tokens == 2048


async def test_the_reading_of_a_long_question_is_told(older: LocalEngine) -> None:
    pieces: list[Piece] = await pieces_of(older, "a" * 1000, max_tokens=2)
    assert isinstance(pieces[0], UsagePiece)


async def test_it_makes_no_vectors(older: LocalEngine) -> None:
    with pytest.raises(EngineUnavailable):
        await older.embed(["a"])


async def test_it_counts_nothing_as_nothing(older: LocalEngine) -> None:
    assert await older.count_tokens("") == 0
    assert await older.count_tokens("</s>") > 1  # text, no command


async def test_after_its_death_the_next_answer_comes(hosts: HostKeeper, older: LocalEngine) -> None:
    assert await pieces_of(older, max_tokens=2)
    await kill(hosts)
    assert await pieces_of(older, max_tokens=2)


@pytest.mark.parametrize("family", ["falcon", "mpt", "gptj", "gpt_neox", "llama"])
async def test_a_file_of_another_family_has_a_reason(hosts: HostKeeper, gpt2: ModelFile, family: str) -> None:
    with pytest.raises(EngineUnavailable) as refused:
        await pieces_of(hosts.engine(replace(gpt2, family=family)))
    sentences = ("ctransformers cannot load this file", "Loading the model ended its process", "This is no file of the family")
    assert str(refused.value).startswith(sentences)


def test_its_end_is_no_crash(llama: ModelFile, tmp_path: Path) -> None:
    options = ["--engine", "ctransformers", "--model", llama.path, "--slots", "1", "--context-tokens", "512"]
    socket = tmp_path / "nowhere" / "socket"
    script = "import os, sys; sys.argv += ['--parent', str(os.getppid())]; from apps.inference.host import main; main()"
    command = [sys.executable, "-c", script, *map(str, options), "--socket", str(socket)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False, timeout=60)
    assert b"FileNotFoundError" in done.stderr
    assert done.returncode == 1  # not minus 11


@pytest.mark.parametrize(
    ("machine", "flags", "name"),
    [("x86_64", "avx avx2 fma f16c", "avx2"), ("x86_64", "avx f16c", "avx"), ("x86_64", "sse2", "basic"), ("AMD64", "avx avx2", "basic")],
)
def test_the_library_is_chosen_by_the_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str, flags: str, name: str
) -> None:
    (tmp_path / "cpu").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(ctransformers, "CPU_FACTS", tmp_path / "cpu")
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert ctransformers.library_name() == name


def test_an_arm_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(EngineUnavailable, match=r"no library for this machine's processor \(aarch64\)"):
        ctransformers.library_name()


def test_apple_s_processors_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert ctransformers.library_name() == "basic"
