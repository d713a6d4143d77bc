"""A file comes from the hub: whole or not at all, whatever the hub does."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from apps.inference.catalogue import Entry, read_catalogue
from apps.inference.download_errors import DownloadFailed
from apps.inference.hub import Broken, next_address
from apps.inference.transfer import Stopped, Transfer

from .hub_server import (
    LocalHub,
    cut_after,
    deaf_to_ranges,
    instead,
    lead_to,
    stall_after,
    status,
    unannounced,
    write_catalogue,
)

DATA = random.Random(1).randbytes(1_000_000)
WRONG = bytes(len(DATA))
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    """A hub that has the file."""
    running = LocalHub()
    running.serve(DATA)
    yield running
    running.close()


@pytest.fixture
def other_hub() -> Iterator[LocalHub]:
    """Another host, with the file too: a mirror, or the store that the hub leads to."""
    running = LocalHub()
    running.serve(DATA)
    yield running
    running.close()


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    """The file's entry."""
    return read_catalogue(write_catalogue(tmp_path / "catalogue.toml", DATA))["small"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where models are kept; not there yet."""
    return tmp_path / "models"


def transfer(entry: Entry, folder: Path, *hubs: LocalHub | str, **more: Any) -> Transfer:
    endpoints = [each if isinstance(each, str) else each.address for each in hubs]
    return Transfer(entry, folder, endpoints=endpoints, pause_s=0.01, **{"stall_s": 5.0, **more})


def failure(attempt: Transfer) -> str:
    """The code with which it fails, after a look at its sentence."""
    with pytest.raises(DownloadFailed) as caught:
        attempt.run()
    assert "%" not in str(caught.value)
    return caught.value.code


def put_part(folder: Path, data: bytes) -> None:
    folder.mkdir()
    (folder / "small.gguf.part").write_bytes(data)


def test_it_comes_whole(entry: Entry, folder: Path, hub: LocalHub) -> None:
    attempt = transfer(entry, folder, hub)
    path = attempt.run()
    assert path == folder / "small.gguf"
    assert path.read_bytes() == DATA
    assert attempt.done_bytes == len(DATA)
    assert [file.name for file in folder.glob("[!.]*")] == ["small.gguf"]
    assert hub.ranges == [None]
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_cut_is_gone_on_with(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.answers = [cut_after(300_000), cut_after(300_000)]
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    assert hub.ranges == [None, "bytes=300000-", "bytes=600000-"]
    assert [headers.get("if-range") for _, headers in hub.asked] == [None, '"one"', '"one"']


def test_another_attempt_goes_on_and_sums_up_what_is_there(entry: Entry, folder: Path, hub: LocalHub) -> None:
    put_part(folder, DATA[:400_000])
    attempt = transfer(entry, folder, hub, mirror=f'{hub.address} "one"')
    assert attempt.done_bytes == 400_000
    assert attempt.run().read_bytes() == DATA
    assert hub.ranges == ["bytes=400000-"]


def test_a_file_that_became_another_is_begun_anew(entry: Entry, folder: Path, hub: LocalHub) -> None:
    put_part(folder, WRONG[:400_000])
    assert transfer(entry, folder, hub, mirror=f'{hub.address} "old"').run().read_bytes() == DATA
    assert hub.asked[0][1]["if-range"] == '"old"'


def test_one_mirrors_tag_is_not_shown_to_another(entry: Entry, folder: Path, hub: LocalHub, other_hub: LocalHub) -> None:
    hub.answers = [cut_after(300_000), *[status(503)]]
    other_hub.tag = '"two"'
    assert transfer(entry, folder, hub, other_hub).run().read_bytes() == DATA
    assert other_hub.ranges == ["bytes=300000-"]
    assert "if-range" not in other_hub.asked[0][1]


def test_a_hub_that_knows_no_ranges_is_begun_anew(entry: Entry, folder: Path, hub: LocalHub) -> None:
    put_part(folder, DATA[:400_000])
    hub.answers = [deaf_to_ranges]
    assert transfer(entry, folder, hub).run().read_bytes() == DATA


def test_a_weak_tag_is_no_condition(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.tag = 'W/"one"'
    hub.answers = [cut_after(300_000)]
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    assert "if-range" not in hub.asked[1][1]


def test_a_whole_file_costs_no_question(entry: Entry, folder: Path, hub: LocalHub) -> None:
    put_part(folder, DATA)
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    (folder / "small.gguf").rename(folder / "small.gguf")
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    assert hub.asked == []


@pytest.mark.parametrize("left", [WRONG, DATA + b"more"], ids=["wrong", "too long"])
def test_what_lies_there_and_is_wrong_is_fetched_again(entry: Entry, folder: Path, hub: LocalHub, left: bytes) -> None:
    put_part(folder, left)
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    assert hub.ranges == [None]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (instead(WRONG), "wrong_bytes"), (unannounced(WRONG), "wrong_bytes"), (instead(DATA[:-1]), "wrong_length"),
        (instead(DATA + b"x"), "wrong_length"), (unannounced(DATA + b"x"), "wrong_length"), (status(416), "wrong_length"),
        (status(206), "wrong_length"),
    ],
)  # fmt: skip
def test_another_file_is_refused_and_removed(entry: Entry, folder: Path, hub: LocalHub, answer: Any, code: str) -> None:
    hub.answers = [answer]
    assert failure(transfer(entry, folder, hub)) == code
    assert [(file.name, file.stat().st_size) for file in folder.glob("[!.]*")] == [("small.gguf.part", 0)]


def test_another_mirror_may_have_the_right_one(entry: Entry, folder: Path, hub: LocalHub, other_hub: LocalHub) -> None:
    hub.answers = [instead(WRONG)]
    assert transfer(entry, folder, hub, other_hub).run().read_bytes() == DATA


@pytest.mark.parametrize(
    ("number", "code"),
    [(401, "hub_refused"), (403, "hub_refused"), (404, "hub_missing"), (429, "hub_failed"), (500, "hub_failed"), (204, "hub_failed")],
)
def test_a_refusal_has_its_sentence(entry: Entry, folder: Path, hub: LocalHub, number: int, code: str) -> None:
    put_part(folder, DATA[:400_000])
    hub.answers = [status(number)]
    assert failure(transfer(entry, folder, hub)) == code
    assert (folder / "small.gguf.part").read_bytes() == DATA[:400_000]


def test_a_hub_out_of_reach_changes_nothing(entry: Entry, folder: Path) -> None:
    put_part(folder, DATA[:400_000])
    assert failure(transfer(entry, folder, NOBODY)) == "hub_unreachable"
    assert (folder / "small.gguf.part").read_bytes() == DATA[:400_000]


def test_the_second_mirror_is_asked_where_the_first_is_out_of_reach(entry: Entry, folder: Path, hub: LocalHub) -> None:
    assert transfer(entry, folder, NOBODY, hub).run().read_bytes() == DATA


def test_of_two_failures_the_telling_one_is_told(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.answers = [status(401)]
    assert failure(transfer(entry, folder, NOBODY, hub)) == "hub_refused"


def test_a_line_that_breaks_again_and_again_is_given_up(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.answers = [cut_after(300_000), cut_after(0), cut_after(0), cut_after(0)]
    assert failure(transfer(entry, folder, hub)) == "cut_off"
    assert (folder / "small.gguf.part").read_bytes() == DATA[:300_000]


def test_a_hub_that_falls_silent_is_asked_again(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.answers = [stall_after(300_000, 1.0)]
    assert transfer(entry, folder, hub, stall_s=0.2).run().read_bytes() == DATA
    assert hub.ranges == [None, "bytes=300000-"]


def test_redirects_are_followed(entry: Entry, folder: Path, hub: LocalHub, other_hub: LocalHub) -> None:
    hub.answers = [lead_to(hub.address), lead_to(other_hub.address)]
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    assert other_hub.asked[0][0] == entry.path + "?signature=x?signature=x"


def test_the_rest_is_asked_for_behind_a_redirect_too(entry: Entry, folder: Path, hub: LocalHub, other_hub: LocalHub) -> None:
    hub.answers = [lead_to(other_hub.address), lead_to(other_hub.address)]
    other_hub.answers = [cut_after(300_000)]
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    assert other_hub.ranges == [None, "bytes=300000-"]


@pytest.mark.parametrize("target", ["file:///etc", "ftp://127.0.0.1", "http://127.0.0.1:x", "//[", "http://a b", "http://\xff.."])
def test_a_redirect_to_nowhere_is_no_crash(entry: Entry, folder: Path, hub: LocalHub, target: str) -> None:
    hub.answers = [lead_to(target)] * 3
    assert failure(transfer(entry, folder, hub)) == "hub_unreachable"


def test_a_redirect_never_leads_away_from_https() -> None:
    assert next_address("https://hub.example/y", "//127.0.0.1:80/x") == "https://127.0.0.1:80/x"
    with pytest.raises(Broken):
        next_address("https://hub.example/y", "http://hub.example/x")


def test_a_circle_ends(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.answers = [lead_to(hub.address)] * 100
    assert failure(transfer(entry, folder, hub)) == "hub_unreachable"
    assert len(hub.asked) == 18  # three questions with five redirects each


def test_the_token_goes_to_the_hub_alone(entry: Entry, folder: Path, hub: LocalHub, other_hub: LocalHub) -> None:
    hub.answers = [lead_to(hub.address), lead_to(other_hub.address)]
    transfer(entry, folder, hub, token="secret").run()
    assert [headers.get("authorization") for _, headers in hub.asked] == ["Bearer secret"] * 2
    assert "authorization" not in other_hub.asked[0][1]


def test_the_second_mirror_gets_no_token(entry: Entry, folder: Path, hub: LocalHub, other_hub: LocalHub) -> None:
    hub.answers = [status(401)]
    transfer(entry, folder, hub, other_hub, token="secret").run()
    assert "authorization" not in other_hub.asked[0][1]


def test_nothing_is_asked_where_the_disk_is_full(entry: Entry, folder: Path, hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5000))
    assert failure(transfer(entry, folder, hub)) == "no_space"
    assert hub.asked == []


def test_a_disk_that_fills_up_is_a_sentence(entry: Entry, folder: Path, hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert failure(transfer(entry, folder, hub)) == "no_space"


def test_a_folder_that_cannot_be_made_is_a_sentence(entry: Entry, folder: Path, hub: LocalHub) -> None:
    folder.write_text("a file")
    assert failure(transfer(entry, folder, hub)) == "disk_trouble"


def test_it_stops_at_once_and_keeps_what_came(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.answers = [stall_after(300_000, 20)]
    attempt = transfer(entry, folder, hub, stall_s=20)
    threading.Timer(0.3, attempt.stop).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        attempt.run()
    assert time.monotonic() - began < 1.3
    assert (folder / "small.gguf.part").read_bytes() == DATA[:300_000]


def test_it_waits_for_an_attempt_that_was_thought_dead(entry: Entry, folder: Path, hub: LocalHub) -> None:
    hub.answers = [stall_after(300_000, 20)]
    old = transfer(entry, folder, hub, stall_s=20)

    def run_old() -> None:
        with pytest.raises(Stopped):
            old.run()

    thread = threading.Thread(target=run_old)
    thread.start()
    while old.done_bytes < 300_000:
        time.sleep(0.01)
    threading.Timer(0.3, old.stop).start()
    assert transfer(entry, folder, hub).run().read_bytes() == DATA
    thread.join()
    assert hub.ranges == [None, "bytes=300000-"]


def test_it_stops_before_it_begins(entry: Entry, folder: Path, hub: LocalHub) -> None:
    attempt = transfer(entry, folder, hub)
    attempt.stop()
    with pytest.raises(Stopped):
        attempt.run()
    assert hub.asked == []
