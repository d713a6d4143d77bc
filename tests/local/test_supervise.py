"""The supervisor over a small product: how it starts, restarts and stops, and what is left when it is killed."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.local.conftest import StartUp
from tests.local.driver import Up, kill, wait_until


def left_in(up: Up) -> list[Path]:
    """What only a running product may have: the notes of `run` that name processes, sockets or the lock, and the address."""
    run = up.home.run
    return [path for path in (up.home.address, run / "lock", run / "sockets", run / "children.json", up.home.sockets) if path.exists()]


@pytest.fixture
def _hangup_is_heard() -> Iterator[None]:
    """Whoever runs the tests under nohup hands its deafness on: what `up` starts from is set here."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_hangup_is_heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_starts_says_where_and_leaves_nothing(up: StartUp, number: signal.Signals) -> None:
    run = up().wait_ready()
    assert run.says.splitlines()[-1] == f"Gemmaweb is ready at {run.address}"
    assert urlopen(run.address).status == 200
    assert run.end(number) == 0
    assert (run.pids(), left_in(run)) == ([], [])


def test_a_second_one_refuses_and_leaves_the_first_unharmed(up: StartUp) -> None:
    first = up().wait_ready()
    before = first.pids()
    second = Up(first.home.path, GEMMAWEB_PORT="0")
    assert second.process.wait(20) == 2
    assert second.says == f"Gemmaweb already runs on this folder, at {first.address}\n"
    assert first.pids() == before
    assert urlopen(first.address).status == 200


def test_a_killed_child_comes_back_and_the_port_stays(up: StartUp) -> None:
    run = up().wait_ready()
    old = int(urlopen(run.address).read())
    kill(old)
    assert int(urlopen(run.address, timeout=20).read()) != old  # it waited in the socket's queue
    wait_until(lambda: "web ended (killed by SIGKILL), starts again in 1 s" in run.says)


@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
def test_a_killed_service_comes_back(up: StartUp, name: str) -> None:
    run = up().wait_ready()
    noted = json.loads((run.home.run / "children.json").read_text())
    service = name.removesuffix("-server")
    kill(noted[service][0])
    wait_until(lambda: json.loads((run.home.run / "children.json").read_text())[service] != noted[service])
    assert f"{service} ended (killed by SIGKILL), starts again in 1 s" in run.says
    assert run.end() == 0


def test_a_child_that_cannot_start_ends_it_with_the_reason(up: StartUp) -> None:
    run = up(TOY="crash")
    wait_until(lambda: "worker ended (exit status 1), starts again in 2 s" in run.says, 60)
    assert run.process.wait(30) == 1
    assert "worker does not start: a reason" in run.says.splitlines()[-1]
    assert (run.pids(), left_in(run)) == ([], [])


def test_a_deaf_child_is_killed_after_its_grace_with_its_family(up: StartUp) -> None:
    run = up(TOY="deaf").wait_ready()
    assert run.end() == 0
    assert "worker did not stop within 2 s" in run.says
    assert run.pids() == []


def test_the_children_of_a_killed_supervisor_leave(up: StartUp) -> None:
    run = up().wait_ready()
    kill(run.process.pid)
    run.process.wait()
    wait_until(lambda: not run.pids(), 5)


def test_it_repairs_itself_after_everything_was_killed(up: StartUp) -> None:
    for _round in range(2):
        up().wait_ready().kill_all()
    run = up().wait_ready()
    assert run.end() == 0
    assert left_in(run) == []


def test_a_start_is_stopped_half_way(up: StartUp) -> None:
    run = up()
    wait_until(lambda: "Starting postgres" in run.says)
    assert run.end(signal.SIGINT) == 0
    assert (run.pids(), left_in(run)) == ([], [])


def test_a_taken_port_is_refused_in_a_sentence(up: StartUp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = up(GEMMAWEB_PORT=str(taken.getsockname()[1]))
        assert run.process.wait(20) == 2
    assert run.says.startswith(f"Port {taken_port(run)} of 127.0.0.1 cannot be used (Address already in use)")
    assert left_in(run) == []


def taken_port(run: Up) -> str:
    return run.says.split()[1]


@pytest.mark.parametrize(
    ("name", "value"), [("GEMMAWEB_PORT", "eighty"), ("GEMMAWEB_PORT", "70000"), ("GEMMAWEB_HOST", "no.such.host.invalid")]
)
def test_an_impossible_address_is_refused(up: StartUp, name: str, value: str) -> None:
    run = up(**{name: value})
    assert run.process.wait(20) == 2
    assert run.says.startswith(f"{name} ")
    assert repr(value) in run.says


def test_a_home_may_have_a_long_name_with_spaces(up: StartUp, folder: Path) -> None:
    run = up(home=folder / ("a long name " * 9) / "and 'more' \"of\" it").wait_ready()
    assert len(str(run.home.path)) > 107
    assert run.end() == 0
    assert run.pids() == []


def test_it_serves_all_addresses_and_says_which(up: StartUp) -> None:
    run = up(GEMMAWEB_HOST="0.0.0.0").wait_ready()  # noqa: S104 - what is tested
    assert run.address.startswith("http://127.0.0.1:")
    assert urlopen(run.address).status == 200
