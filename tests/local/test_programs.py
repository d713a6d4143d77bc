"""Which worker serves which queue, on one machine and in containers."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gemmaweb.local import programs
from gemmaweb.local.folder import Home
from gemmaweb.local.plan import gemmaweb_plan


def queues(command: tuple[str, ...]) -> list[str]:
    return command[command.index("-Q") + 1].split(",")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that nobody uses."""
    return Home(tmp_path)


def test_on_one_machine_each_queue_has_one_worker(home: Home) -> None:
    with socket.socket() as listening:
        plan = gemmaweb_plan(home, listening=listening, slots=2, readers=3, set_up=list)
    workers, _web = plan.programs
    served = {
        worker.name: programs.worker(worker.name, home, slots=2, readers=3, also=programs.TOGETHER.get(worker.name, ()))
        for worker in workers
    }
    assert sorted(queue for command in served.values() for queue in queues(command)) == sorted(programs.QUEUES)
    assert queues(served["ingest"]) == ["ingest", "models"]


@pytest.mark.parametrize("queue", programs.QUEUES)
def test_in_containers_each_worker_has_one_queue(home: Home, queue: str) -> None:
    assert queues(programs.worker(queue, home, slots=2, readers=3)) == [queue]


@pytest.mark.parametrize("queue", programs.QUEUES)
def test_only_engines_are_kept_from_the_hub(home: Home, queue: str) -> None:
    assert ("HF_HUB_OFFLINE" in programs.worker_environment(home, queue)) == (queue == "generation")
