"""A model is asked for, fetched, tried and installed; stopped, gone on with, taken over from a dead worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils.timezone import now

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core import live
from apps.core.errors import ProductError
from apps.inference import downloader, downloads, services, tasks
from apps.inference.background import Background
from apps.inference.models import Download, InstalledModel
from tests.conftest import make_person
from tests.finder_writer import FinderShape, write_finder
from tests.gguf_writer import Shape, write_gemma4
from tests.product import wait_until

from .hub_server import LocalHub, cut_after, instead, stall_after, status, write_catalogue

pytestmark = pytest.mark.django_db(transaction=True)
Status = Download.Status


@pytest.fixture
def hub(tiny: Path, tmp_path: Path, settings: Any) -> Iterator[LocalHub]:
    """A hub with the tiny model, a catalogue that names it, and a folder for it."""
    running = LocalHub()
    running.serve(tiny.read_bytes())
    settings.CATALOGUE = write_catalogue(tmp_path / "catalogue.toml", tiny.read_bytes())
    settings.MODELS = tmp_path / "models"
    settings.HF_ENDPOINTS = [running.address]
    yield running
    running.close()


@pytest.fixture
def worker() -> Iterator[None]:
    """The worker's threads, which have ended when the test has."""
    yield
    tasks.getting.join(10)
    tasks.reading.join(10)


def row() -> Download:
    return Download.objects.get()


def part(settings: Any) -> Path:
    return Path(settings.MODELS) / "small.gguf.part"


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(ProductError) as caught:
        act()
    assert str(caught.value)
    return caught.value.code


def in_two_threads(act: Callable[[], object]) -> list[object]:
    """What two that do it at the same moment get."""
    start, got = threading.Barrier(2), []

    def one() -> None:
        start.wait()
        try:
            got.append(act())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def claimed() -> Download:
    download = downloads.claim_next()
    assert download is not None
    return download


def test_a_model_is_fetched_tried_and_offered(hub: LocalHub, tiny: Path, settings: Any) -> None:
    person = make_person("Root")
    downloads.ask_for(name="small", asked_by=person)
    downloader.run_all()
    model = InstalledModel.objects.get()
    assert (model.name, model.role, model.catalogue_key, model.added_by) == ("Small", "chat", "small", person)
    assert (model.path, model.place) == ("small.gguf", Path(settings.MODELS) / "small.gguf")
    assert model.place.read_bytes() == tiny.read_bytes()
    assert (model.trouble, model.is_active) == ("", False)
    assert (row().status, row().done_bytes, row().reason) == (Status.DONE, tiny.stat().st_size, "")
    actions = Event.objects.order_by("at").values_list("action", "actor")
    assert list(actions) == [(f"model.{word}", person.pk) for word in ("download_asked", "downloaded", "added")]


def test_it_can_be_used_by_its_name_and_by_its_key(hub: LocalHub) -> None:
    downloads.ask_for(name="Small")
    downloader.run_all()
    assert services.use_model("small") == services.use_model("Small") == services.active_model()


def test_it_moves_with_its_folder(hub: LocalHub, tmp_path: Path, settings: Any) -> None:
    downloads.ask_for(name="small")
    downloader.run_all()
    settings.MODELS = settings.MODELS.rename(tmp_path / "elsewhere")
    assert InstalledModel.objects.get().trouble == ""
    assert services.use_model("small").is_active


def test_one_that_we_fetched_can_be_checked_anew(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    downloader.run_all()
    model = InstalledModel.objects.get()
    assert services.add_model(path=model.place, name="Small") == model
    assert InstalledModel.objects.get().is_ours


@pytest.mark.parametrize("role", ["embed", "rerank"])
def test_what_finds_passages_is_kept_with_its_role(hub: LocalHub, tmp_path: Path, settings: Any, role: str) -> None:
    data = write_finder(tmp_path / "finder.gguf", FinderShape(ranks=role == "rerank")).read_bytes()
    hub.serve(data)
    settings.CATALOGUE = write_catalogue(tmp_path / "other.toml", data, role=role)
    downloads.ask_for(name="small")
    downloader.run_all()
    assert InstalledModel.objects.get().role == role
    assert refusal(lambda: services.use_model("small")) == "not_for_answers"


def test_a_file_that_does_not_work_says_why(hub: LocalHub, tmp_path: Path, settings: Any) -> None:
    data = write_gemma4(tmp_path / "silent.gguf", Shape(template=None)).read_bytes()
    hub.serve(data)
    settings.CATALOGUE = write_catalogue(tmp_path / "other.toml", data)
    downloads.ask_for(name="small")
    downloader.run_all()
    assert (row().status, row().reason_code) == (Status.FAILED, "does_not_work")
    assert "no chat template" in row().reason
    assert not InstalledModel.objects.exists()


def test_it_is_asked_for_once(hub: LocalHub) -> None:
    got = in_two_threads(lambda: downloads.ask_for(name="small"))
    assert got == [row(), row()]
    assert Event.objects.filter(action="model.download_asked").count() == 1


def test_one_worker_gets_it(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    assert sorted(in_two_threads(downloads.claim_next), key=bool) == [None, row()]
    assert row().attempt == 1


@pytest.mark.parametrize("name", ["", "other", "Small ", "../small", "small\0"])
def test_only_what_the_catalogue_has_is_fetched(hub: LocalHub, name: str) -> None:
    assert refusal(lambda: downloads.ask_for(name=name)) == "not_offered"


def test_nothing_is_fetched_twice(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    downloader.run_all()
    assert refusal(lambda: downloads.ask_for(name="small")) == "already_there"
    assert len(hub.asked) == 1


def test_a_name_that_is_taken_is_said_before_a_byte_came(hub: LocalHub, tiny: Path) -> None:
    services.add_model(path=tiny, name="Small")
    assert refusal(lambda: downloads.ask_for(name="small")) == "name_taken"


def test_a_name_that_was_taken_meanwhile_is_said_too(hub: LocalHub, tiny: Path) -> None:
    downloads.ask_for(name="small")
    download = claimed()
    services.add_model(path=tiny, name="Small")
    downloader.run(download)
    assert (row().status, row().reason_code) == (Status.FAILED, "does_not_work")


def test_offline_is_a_sentence_and_asks_nobody(hub: LocalHub, settings: Any) -> None:
    downloads.ask_for(name="small")
    settings.HF_HUB_OFFLINE = True
    downloader.run_all()
    assert (row().status, row().reason_code) == (Status.FAILED, "hub_offline")
    assert "HF_HUB_OFFLINE" in row().reason
    assert refusal(lambda: downloads.ask_for(name="small")) == "hub_offline"
    assert hub.asked == []


def test_a_model_that_left_the_catalogue_fails(hub: LocalHub, tmp_path: Path, settings: Any, tiny: Path) -> None:
    downloads.ask_for(name="small")
    settings.CATALOGUE = write_catalogue(tmp_path / "other.toml", tiny.read_bytes(), key="other")
    downloader.run_all()
    assert row().reason_code == "not_in_catalogue"


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [(status(401), "hub_refused", "team/small"), (status(503), "hub_failed", "503"), (instead(b"GGUF"), "wrong_length", "length")],
)
def test_why_it_failed_is_kept(hub: LocalHub, answer: Any, code: str, word: str) -> None:
    hub.answers = [answer]
    downloads.ask_for(name="small")
    downloader.run_all()
    assert (row().status, row().reason_code, row().rate_bytes_s) == (Status.FAILED, code, 0)
    assert word in row().reason
    assert Event.objects.get(action="model.download_failed").details == {"key": "small", "code": code}


def test_wrong_bytes_are_removed_and_a_new_try_begins_at_nothing(hub: LocalHub, tiny: Path, settings: Any) -> None:
    hub.answers = [instead(bytes(tiny.stat().st_size))]
    downloads.ask_for(name="small")
    downloader.run_all()
    assert (row().reason_code, row().done_bytes, part(settings).stat().st_size) == ("wrong_bytes", 0, 0)
    downloads.ask_for(name="small")
    assert row().reason == ""
    downloader.run_all()
    assert row().status == Status.DONE


def test_it_stops_within_a_second_and_goes_on(hub: LocalHub, worker: None, settings: Any) -> None:
    hub.answers = [stall_after(200_000, 20)]
    downloads.ask_for(name="small")
    tasks.wake()
    wait_until(lambda: row().done_bytes == 200_000, "some bytes")
    assert row().rate_bytes_s > 0
    assert row().seconds_left is not None
    downloads.stop(key="small")
    stopped_at = time.monotonic()
    tasks.getting.join(5)
    assert time.monotonic() - stopped_at < 1
    assert (row().status, row().rate_bytes_s, row().reason) == (Status.STOPPED, 0, "")
    assert part(settings).stat().st_size == 200_000
    downloads.ask_for(name="small")
    tasks.wake()
    wait_until(lambda: row().status == Status.DONE, "the rest")
    assert hub.ranges == [None, "bytes=200000-"]
    assert hub.asked[1][1]["if-range"] == hub.tag


def test_one_that_waits_is_stopped_too(hub: LocalHub) -> None:
    person = make_person("Root")
    downloads.ask_for(name="small")
    downloads.stop(key="small", stopped_by=person)
    assert downloads.claim_next() is None
    assert refusal(lambda: downloads.stop(key="small")) == "nothing_to_stop"
    assert Event.objects.get(action="model.download_stopped").actor == person


def test_a_stop_in_mid_trial_installs_nothing(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    download = claimed()
    checked = downloader._fetch_and_check(download, downloader._transfer(download))
    downloads.stop(key="small")
    assert downloads.finish(download, checked) is None
    assert not InstalledModel.objects.exists()


def test_the_end_of_the_worker_hands_it_back(hub: LocalHub, worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = threading.Event()
    monkeypatch.setattr(downloader, "_ending", ending)
    hub.answers = [stall_after(200_000, 20)]
    downloads.ask_for(name="small")
    tasks.wake()
    wait_until(lambda: row().done_bytes == 200_000, "some bytes")
    tasks.hand_back_at_end()
    tasks.wait_at_end()
    assert row().status == Status.QUEUED
    ending.clear()
    tasks.wake_at_start()
    assert live.client().llen("gemmaweb:models") > 0
    downloader.run_all()
    assert (row().status, hub.ranges) == (Status.DONE, [None, "bytes=200000-"])


def grow_old() -> None:
    Download.objects.update(beat_at=now() - timedelta(minutes=1))


def test_a_dead_workers_download_is_taken_over(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    first = claimed()
    tasks.sweep()
    assert row().status == Status.RUNNING
    grow_old()
    tasks.sweep()
    assert (row().status, row().deaths) == (Status.QUEUED, 0)
    second = claimed()
    assert not Download.objects.beat(first, done_bytes=1, rate_bytes_s=1, mirror="")
    assert Download.objects.beat(second, done_bytes=2, rate_bytes_s=1, mirror="")
    assert row().done_bytes == 2


def test_who_dies_of_the_trial_may_do_so_three_times(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    for _ in range(3):
        claimed()
        Download.objects.update(done_bytes=row().size_bytes)
        grow_old()
        tasks.sweep()
    assert (row().status, row().reason_code) == (Status.FAILED, "worker_died")


def test_a_lost_wake_up_is_sent_again_and_not_heaped_up(hub: LocalHub) -> None:
    tasks.sweep()
    assert not live.client().llen("gemmaweb:models")
    downloads.ask_for(name="small", wakes_worker=False)
    tasks.sweep()
    tasks.sweep()
    assert live.client().llen("gemmaweb:models") == 1


def test_what_came_can_be_thrown_away(hub: LocalHub, settings: Any) -> None:
    hub.answers = [cut_after(200_000), status(503)]
    downloads.ask_for(name="small")
    downloader.run_all()
    assert part(settings).stat().st_size == 200_000
    downloads.discard(key="small")
    assert not part(settings).exists()
    assert not Download.objects.exists()
    assert refusal(lambda: downloads.discard(key="small")) == "not_offered"


def test_what_runs_is_not_thrown_away(hub: LocalHub) -> None:
    downloads.ask_for(name="small")
    assert refusal(lambda: downloads.discard(key="small")) == "not_offered"
    assert row().status == Status.QUEUED


def test_only_administrators_see_it(hub: LocalHub, alice: User) -> None:
    downloads.ask_for(name="small")
    assert not Download.objects.visible_to(alice).exists()
    alice.is_superuser = True
    assert Download.objects.visible_to(alice).exists()


def test_a_background_that_failed_works_again_when_it_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    failures: list[threading.ExceptHookArgs] = []

    def work() -> None:
        done.append(len(done))
        if len(done) == 1:
            raise RuntimeError("the first time")

    monkeypatch.setattr(threading, "excepthook", failures.append)
    background = Background("trouble", work)
    background.wake()
    background.join(5)
    background.wake()
    background.join(5)
    assert done == [0, 1]
    assert [failure.exc_type for failure in failures] == [RuntimeError]
