"""A thousand damaged headers: our parser reads each or refuses it with a sentence, within bounds; the rest harms a child at most."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.inference import services
from apps.inference.engines.gguf_header import BadModelFile, GgufHeader, read_header
from apps.inference.fit import Room, Setting, fit
from apps.inference.models import InstalledModel
from tests.gguf_writer import Shape, write_gemma4

MUTATIONS = 1000
TRIALS_MAX = 50  # of about 150
WATCHED = 99  # the memory of each so-manieth file is watched, which takes a hundred times as long
READ_WITHIN_S = 2.0  # a whole one takes 10 ms
MEMORY_MAX_BYTES = 32 * 1024 * 1024  # a whole one takes less than one MB
NAMES = (b"gemma4.", b"tokenizer.", b"general.", b"blk.")
Passed = tuple[Path, GgufHeader]
EDGES = (0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)


@dataclass(frozen=True)
class Sample:
    """A synthetic file, its header's length, and where in it keys and sizes stand."""

    data: bytes
    header_bytes: int
    names: tuple[int, ...]


def flip_bytes(sample: Sample, draw: random.Random) -> bytes:
    """Some bytes of the header are others."""
    wrong = bytearray(sample.data)
    for _ in range(draw.randint(1, 8)):
        wrong[draw.randrange(sample.header_bytes)] = draw.randrange(256)
    return bytes(wrong)


def write_edges(sample: Sample, draw: random.Random) -> bytes:
    """A number somewhere in the header is one of those at which programs break."""
    size = draw.choice((4, 8))
    place = draw.randrange(8, sample.header_bytes - size)
    return _put(sample, place, (draw.choice(EDGES) % 2 ** (8 * size)).to_bytes(size, "little"))


def change_after_a_name(sample: Sample, draw: random.Random) -> bytes:
    """What stands right behind the name of a key or of a tensor: types, counts, dimensions, offsets, values."""
    place = draw.choice(sample.names) + draw.randrange(0, 24, 4)
    return _put(sample, place, struct.pack("<I", draw.choice(EDGES) % 2**32))


def cut(sample: Sample, draw: random.Random) -> bytes:
    """The file ends early."""
    return sample.data[: draw.randrange(len(sample.data))]


def repeat_a_part(sample: Sample, draw: random.Random) -> bytes:
    """A part of the header stands there twice."""
    start = draw.randrange(24, sample.header_bytes)
    end = min(sample.header_bytes, start + draw.randint(1, 400))
    return sample.data[:end] + sample.data[start:]


def drop_a_part(sample: Sample, draw: random.Random) -> bytes:
    """A part of the header is missing."""
    start = draw.randrange(4, sample.header_bytes)
    return sample.data[:start] + sample.data[start + draw.randint(1, 64) :]


def change_the_counts(sample: Sample, draw: random.Random) -> bytes:
    """The file claims another number of tensors or of keys."""
    return _put(sample, draw.choice((8, 16)), struct.pack("<Q", draw.choice((*EDGES, draw.randrange(300)))))


WAYS: tuple[Callable[[Sample, random.Random], bytes], ...] = (
    *(flip_bytes, write_edges, change_after_a_name),
    *(cut, repeat_a_part, drop_a_part, change_the_counts),
)


def _put(sample: Sample, place: int, data: bytes) -> bytes:
    return sample.data[:place] + data + sample.data[place + len(data) :]


def sample_of(path: Path) -> Sample:
    """A file to be damaged."""
    data = path.read_bytes()
    header_bytes = data.rindex(b"blk.") + 60
    names = [_name_end(data, place) for mark in NAMES for place in _all(data, mark, header_bytes)]
    return Sample(data, header_bytes, tuple(names))


def _all(data: bytes, mark: bytes, end: int) -> Iterator[int]:
    place = data.find(mark, 0, end)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1, end)


def _name_end(data: bytes, place: int) -> int:
    return place + int(struct.unpack("<Q", data[place - 8 : place])[0] % 256)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Three files of different vocabulary and depth."""
    folder = tmp_path_factory.mktemp("samples")
    shapes = (Shape(), Shape(name="deep", layers=12, words=600), Shape(name="wordy", words=3000))
    return [sample_of(write_gemma4(folder / f"{shape.name}.gguf", shape)) for shape in shapes]


def damaged(samples: list[Sample]) -> Iterator[bytes]:
    """The thousand files, the same in each run."""
    draw = random.Random(20_261_121)
    for number in range(MUTATIONS):
        yield WAYS[number % len(WAYS)](samples[number % len(samples)], draw)


def read(path: Path) -> GgufHeader | BadModelFile:
    """What is read, or the refusal; any other exception is the test's failure."""
    try:
        return read_header(path)
    except BadModelFile as error:
        return error


@pytest.fixture(scope="module")
def passed(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> list[Passed]:
    """Those of the thousand that our parser reads; each of the others is refused with a sentence, and quickly."""
    folder = tmp_path_factory.mktemp("passed")
    found: list[Passed] = []
    path = folder / "damaged.gguf"
    for data in damaged(samples):
        path.write_bytes(data)
        began = time.process_time()
        outcome = read(path)
        assert time.process_time() - began < READ_WITHIN_S
        if isinstance(outcome, GgufHeader):
            found.append((path.rename(folder / f"passed-{len(found)}.gguf"), outcome))
        else:
            assert outcome.code
            assert str(outcome).endswith(".")
            assert len(str(outcome)) < 600
    return found


def test_a_thousand_damaged_headers_are_read_or_refused(passed: list[Passed]) -> None:
    assert 0 < len(passed) < MUTATIONS / 2
    for _, header in passed:
        if header.shape:  # numbers that cannot be believed must not break what reckons with them
            assert fit(header.shape, Setting(8192, 4), Room(2**34, 2**32)).need.total > 0


def test_none_of_them_takes_much_memory(samples: list[Sample], tmp_path: Path) -> None:
    path = tmp_path / "damaged.gguf"
    tracemalloc.start()
    try:
        for data in list(damaged(samples))[::WATCHED]:
            path.write_bytes(data)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            read(path)
            assert tracemalloc.get_traced_memory()[1] - before < MEMORY_MAX_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.django_db
def test_what_passes_is_tried_in_a_child_and_harms_nobody(passed: list[Passed]) -> None:
    chosen = random.Random(5).sample(passed, min(TRIALS_MAX, len(passed)))
    ends = [added(path, f"damaged {number}") for number, (path, _) in enumerate(chosen)]
    refused = [sentence for sentence in ends if sentence]
    assert refused  # some abort, some are told to be torn, some chat on with a letter changed
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in refused)
    assert InstalledModel.objects.count() == len(ends) - len(refused)


def added(path: Path, name: str) -> str:
    """The sentence that refuses the file; nothing where it was added."""
    try:
        services.add_model(path=path, name=name)
    except services.ModelRefused as error:
        return str(error)
    return ""
