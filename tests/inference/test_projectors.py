"""Images in a real engine host: a tiny projector makes vectors of them, and the tiny model reads those."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from apps.chat.redrawing import redraw
from apps.inference.engines.base import IMAGE_TOKENS, EngineUnavailable, RequestRefused, Sampling, Turn, sees_images
from apps.inference.engines.gguf_header import BadModelFile, read_contents
from apps.inference.engines.projector import is_projector, refuse_misfit
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.model_file import ModelFile, read_model_file
from tests.adapter_writer import write_adapter
from tests.gguf_writer import Shape, write_gemma4
from tests.images import encoded, noise, plain
from tests.projector_writer import write_projector

from .answers import pieces_of, text_of, usage_of

SURE = Sampling(temperature=0.0)


def seen(image: bytes) -> str:
    """The image as a request carries it."""
    return base64.b64encode(redraw(image)).decode()


RED, NOISE, LARGE = (seen(encoded(image)) for image in (plain(), noise(), plain("green", (4000, 3000))))


@pytest.fixture
def base(tiny: Path, tmp_path: Path) -> ModelFile:
    """The tiny model with eyes."""
    eyes = read_model_file(write_projector(tmp_path / "eyes.gguf"), "eyes")
    return replace(read_model_file(tiny, "tiny"), projector=eyes)


@pytest_asyncio.fixture
async def seeing(hosts: HostKeeper, base: ModelFile) -> LocalEngine:
    """Its engine."""
    return hosts.engine(base)


async def test_what_is_seen_changes_the_answer(seeing: LocalEngine) -> None:
    shown = ((), (RED,), (NOISE,), (RED, NOISE), (RED,))
    texts = [text_of(await pieces_of(seeing, images=images, sampling=SURE)) for images in shown]
    assert len(set(texts)) == 4
    assert texts[1] == texts[4]


async def test_images_are_counted_as_tokens(seeing: LocalEngine) -> None:
    counts = [usage_of(await pieces_of(seeing, images=images)).prompt_tokens for images in ((), (RED,), (RED, RED), (LARGE,))]
    assert 70 < counts[1] - counts[0] <= IMAGE_TOKENS
    assert counts[2] - counts[1] == counts[1] - counts[0]
    assert 400 < counts[3] - counts[0] <= IMAGE_TOKENS + 2


async def test_images_of_earlier_turns_are_seen(seeing: LocalEngine) -> None:
    turns = [(Turn("user", "Look", images=images), Turn("assistant", "Yes")) for images in ((RED,), (NOISE,), ())]
    texts = [text_of(await pieces_of(seeing, turns=turn, sampling=SURE)) for turn in turns]
    assert len(set(texts)) == 3


async def test_an_image_alone_is_a_question(seeing: LocalEngine) -> None:
    assert text_of(await pieces_of(seeing, "", images=(RED,)))


async def test_many_answers_see_at_once(seeing: LocalEngine) -> None:
    alone = [text_of(await pieces_of(seeing, images=(image,), sampling=SURE)) for image in (RED, NOISE)]
    together = await asyncio.gather(*(pieces_of(seeing, images=(image,), sampling=SURE) for image in (RED, NOISE) * 2))
    assert [text_of(pieces) for pieces in together] == alone * 2


async def test_without_eyes_images_are_refused(hosts: HostKeeper, engine: LocalEngine, seeing: LocalEngine) -> None:
    assert [sees_images(one) for one in (engine, seeing)] == [False, True]
    with pytest.raises(RequestRefused, match="This model reads no images"):
        await pieces_of(engine, images=(RED,))


async def test_with_eyes_text_is_answered_as_without(engine: LocalEngine, hosts: HostKeeper, base: ModelFile) -> None:
    blind = text_of(await pieces_of(engine, sampling=SURE))
    assert text_of(await pieces_of(hosts.engine(base), sampling=SURE)) == blind


async def test_adapters_see_too(hosts: HostKeeper, base: ModelFile, tmp_path: Path) -> None:
    adapter = read_model_file(write_adapter(tmp_path / "a.gguf"), "a")
    both = replace(base, adapters=(adapter,))
    texts = [text_of(await pieces_of(hosts.engine(both, adapter=one), images=(RED,), sampling=SURE)) for one in (None, adapter)]
    assert texts[0] != texts[1]


async def test_changed_eyes_are_not_used_and_text_is_still_answered(hosts: HostKeeper, base: ModelFile) -> None:
    assert base.projector
    write_projector(base.projector.path, seed=6)
    with pytest.raises(EngineUnavailable, match=r"eyes\.gguf has changed since it was added"):
        await pieces_of(hosts.engine(base), images=(RED,))
    assert await pieces_of(hosts.engine(base))


async def test_bytes_that_are_no_image_are_an_error_and_no_end(seeing: LocalEngine) -> None:
    with pytest.raises(Exception, match="Failed to load image"):
        await pieces_of(seeing, images=(base64.b64encode(b"nothing").decode(),))
    assert await pieces_of(seeing, images=(RED,))


def test_a_projector_is_known_by_its_header(tiny: Path, tmp_path: Path) -> None:
    eyes = read_contents(write_projector(tmp_path / "eyes.gguf"))
    assert [is_projector(one) for one in (eyes, read_contents(tiny))] == [True, False]
    refuse_misfit(eyes, read_contents(tiny), "Gemma")


def test_what_does_not_fit_is_refused(tiny: Path, tmp_path: Path) -> None:
    wide = write_gemma4(tmp_path / "wide.gguf", Shape(width=64))
    with pytest.raises(BadModelFile, match="its vectors are 128 wide, those of Gemma 64"):
        refuse_misfit(read_contents(write_projector(tmp_path / "a.gguf")), read_contents(wide), "Gemma")
    with pytest.raises(BadModelFile, match="sees no images"):
        refuse_misfit(read_contents(write_projector(tmp_path / "b.gguf", sees=False)), read_contents(tiny), "Gemma")
