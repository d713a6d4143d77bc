"""Which engine a file is added for, and who is next where it writes one answer at a time."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.inference.engines.base import ChatRequest, Turn
from apps.inference.engines.plain_prompt import CarefulNeutraliser, StopFilter, dialogue
from apps.inference.models import InstalledModel
from tests.conftest import make_person, signed_in
from tests.gguf_writer import TEMPLATE
from tests.older_writer import write_gpt2, write_llama

pytestmark = pytest.mark.django_db


def add(*arguments: object) -> str:
    """What `models add` prints."""
    out = StringIO()
    call_command("models", "add", *map(str, arguments), stdout=out)
    return out.getvalue()


def refusal(*arguments: object) -> str:
    """The sentence with which it fails."""
    with pytest.raises(CommandError) as caught:
        add(*arguments)
    assert not InstalledModel.objects.exists()
    return str(caught.value)


@pytest.fixture
def gpt2(tmp_path: Path) -> Path:
    """A file without the letters GGUF."""
    return write_gpt2(tmp_path / "gpt2.bin")


def test_llama_cpp_takes_what_it_can_load(tmp_path: Path) -> None:
    add(write_llama(tmp_path / "llama.gguf", template=TEMPLATE))
    assert InstalledModel.objects.get().engine == "llama"


def test_the_other_engine_can_be_asked_for(tmp_path: Path) -> None:
    add(write_llama(tmp_path / "llama.gguf"), "--engine", "ctransformers")
    model = InstalledModel.objects.get()
    assert (model.engine, model.architecture, model.context_length, model.name) == ("ctransformers", "llama", 2048, "random-llama")
    assert model.writes_one_at_a_time
    assert (model.file.engine, model.file.family) == ("ctransformers", "llama")


def test_an_older_file_needs_its_family(gpt2: Path) -> None:
    assert "name its family by --type, one of llama, gpt2" in refusal(gpt2)
    assert "There is no family 'gemma'" in refusal(gpt2, "--type", "gemma")
    add(gpt2, "--type", "gpt2")
    model = InstalledModel.objects.get()
    assert (model.engine, model.architecture, model.quantisation, model.context_length) == ("ctransformers", "gpt2", "GGML", 512)


def test_an_older_file_is_none_for_llama_cpp(gpt2: Path) -> None:
    assert "add it with --engine ctransformers --type" in refusal(gpt2, "--engine", "llama")


def test_gemma_is_led_to_the_right_engine(tiny: Path) -> None:
    sentence = refusal(tiny, "--engine", "ctransformers")
    assert sentence == ("ctransformers does not know the architecture gemma4, which is newer than it: add the file with --engine llama.")


def test_a_file_of_another_family_is_refused(gpt2: Path) -> None:
    assert refusal(gpt2, "--type", "falcon").startswith(("ctransformers cannot load", "Loading the model ended its process"))


def test_an_impossible_header_is_refused(tmp_path: Path) -> None:
    torn = tmp_path / "torn.bin"
    torn.write_bytes(b"lmgg\0\0")
    assert "cut off" in refusal(torn, "--type", "gpt2")
    torn.write_bytes(b"lmgg" + b"\xff" * 40)
    assert "This is no file of the family mpt" in refusal(torn, "--type", "mpt")


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    torn = write_llama(tmp_path / "torn.gguf")
    torn.write_bytes(torn.read_bytes()[:-2000])
    assert "cut off" in refusal(torn, "--engine", "ctransformers")
    assert "No such file" in refusal(tmp_path / "nothing.bin", "--engine", "ctransformers")


def test_the_page_shows_the_engine(gpt2: Path, installation: object) -> None:
    add(gpt2, "--type", "gpt2")
    root = make_person("Root")
    root.is_superuser = True
    root.save()
    page: Client = signed_in(root)
    assert "ctransformers" in page.get("/admin/models/", headers={"accept": "text/html"}).content.decode()


def test_a_conversation_becomes_plain_text() -> None:
    request = ChatRequest("Why?", turns=(Turn("user", "Hi"), Turn("assistant", "Hello")), system="Be kind.", written="Beca")
    assert dialogue(request, CarefulNeutraliser(frozenset())) == (
        "### Instruction:\nBe kind.\n\n### User:\nHi\n\n### Assistant:\nHello\n\n### User:\nWhy?\n\n### Assistant:\nBeca"
    )


@pytest.mark.parametrize("text", ["<|endoftext|>", "</s>", "<s>", "### User:", "### Assistant: yes", "<fim_prefix>"])
def test_what_people_write_is_no_command(text: str) -> None:
    neutral = CarefulNeutraliser(frozenset())(text)
    assert neutral != text
    assert neutral.replace("\u2060", "") == text


@pytest.mark.parametrize("text", ["<b>bold</b>", "a < b", "## User", "<table>", "#!/bin/sh"])
def test_other_text_stays(text: str) -> None:
    assert CarefulNeutraliser(frozenset())(text) == text


def test_an_answer_ends_where_the_next_turn_would_begin() -> None:
    stops = StopFilter()
    assert "".join([stops.feed("It is blue.\n"), stops.feed("###"), stops.feed(" User: and"), stops.finish()]) == "It is blue."
    assert stops.has_ended


def test_what_only_looks_like_a_turn_is_shown() -> None:
    stops = StopFilter()
    assert stops.feed("one\n### ") == "one"
    assert stops.feed("two") == "\n### two"
    assert stops.feed("\n#") == ""
    assert stops.finish() == "\n#"
    assert not stops.has_ended
