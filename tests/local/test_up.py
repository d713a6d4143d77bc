"""`manage.py up`, the whole product: started as root and as an ordinary user, killed and repaired."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.local.conftest import StartUp
from tests.local.driver import PRODUCT, Up, kill, wait_until

NAMES = {"postgres", "valkey", "web", "generation", "ingest", "sweep"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start it as another")


def noted(run: Up) -> dict[str, list[object]]:
    children: dict[str, list[object]] = json.loads((run.home.run / "children.json").read_text())
    return children


def owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_it_starts_serves_and_stops(up: StartUp) -> None:
    run = up(*PRODUCT).wait_ready()
    assert run.says.splitlines()[-1] == f"Gemmaweb is ready at {run.address}"
    assert "Bringing the database up to date" in run.says
    assert json.load(urlopen(f"{run.address}readyz"))["status"] == "ready"
    assert set(noted(run)) == NAMES
    assert run.end(signal.SIGINT) == 0
    assert (run.pids(), run.home.address.exists()) == ([], False)


def test_a_later_start_has_nothing_to_set_up_and_gives_the_same_data(up: StartUp) -> None:
    run = up(*PRODUCT).wait_ready()
    assert run.says.splitlines()[:-1] == ["Starting postgres, valkey", "Starting generation, ingest, sweep, web"]
    assert run.end() == 0


@pytest.mark.parametrize("name", ["web", "generation"])
def test_a_killed_program_comes_back(up: StartUp, name: str) -> None:
    run = up(*PRODUCT).wait_ready()
    before = noted(run)
    kill(int(str(before[name][0])))
    wait_until(lambda: noted(run)[name] != before[name])
    assert f"{name} ended (killed by SIGKILL), starts again in 1 s" in run.says
    assert urlopen(f"{run.address}healthz", timeout=30).status == 200


def test_it_repairs_itself_three_times(up: StartUp) -> None:
    for _round in range(3):
        up(*PRODUCT).wait_ready().kill_all()
    run = up(*PRODUCT).wait_ready()
    assert json.load(urlopen(f"{run.address}readyz"))["status"] == "ready"
    assert run.end() == 0


@as_root
def test_an_ordinary_user_runs_all_of_it(up: StartUp, nobodys: Path) -> None:
    run = up(*PRODUCT, home=nobodys, as_nobody=True).wait_ready()
    assert {owner(pid) for pid in run.pids()} == {nobodys.stat().st_uid}
    assert run.end() == 0
    assert run.pids() == []


@as_root
def test_root_runs_the_servers_as_nobody(up: StartUp) -> None:
    run = up(*PRODUCT).wait_ready()
    owners = {name: owner(int(str(pid))) for name, (pid, _) in noted(run).items()}
    assert 0 not in (owners["postgres"], owners["valkey"])
    assert owners["web"] == owners["generation"] == 0


def test_the_services_of_the_environment_are_used_instead(up: StartUp) -> None:
    lender = up(*PRODUCT).wait_ready()
    services = {"DATABASE_URL": lender.home.database_url(), "REDIS_URL": lender.home.redis_url()}
    borrower = up(*PRODUCT, home=lender.home.path.with_name("other"), **services).wait_ready()
    assert set(noted(borrower)) == NAMES - {"postgres", "valkey"}
    assert not borrower.home.postgres_data.exists()
    assert borrower.end() == 0


def test_a_database_that_does_not_answer_is_told_in_a_sentence(up: StartUp, folder: Path) -> None:
    run = up(*PRODUCT, home=folder / "home", DATABASE_URL=f"postgresql://nobody@/none?host={folder}")
    assert run.process.wait(30) == 1
    assert "The database does not answer: " in run.says


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "GEMMAWEB_HOME",
            "/dev/null",
            "The folder /dev/null cannot be used: Not a directory. Set GEMMAWEB_HOME to one that you may write.",
        ),
        ("GEMMAWEB_PORT", "http", "GEMMAWEB_PORT must be a number from 0 to 65535, not 'http'."),
        ("GEMMAWEB_SLOTS", "many", "GEMMAWEB_SLOTS must be a whole number, not 'many'."),
    ],
)
def test_what_is_impossible_is_refused_in_a_sentence(up: StartUp, name: str, value: str, sentence: str) -> None:
    run = up(*PRODUCT, **{name: value})
    assert run.process.wait(30) == 2
    assert run.says == f"{sentence}\n"


def test_a_second_one_refuses(up: StartUp) -> None:
    run = up(*PRODUCT).wait_ready()
    second = up(*PRODUCT)
    assert second.process.wait(30) == 2
    assert second.says == f"Gemmaweb already runs on this folder, at {run.address}\n"
    assert urlopen(f"{run.address}readyz").status == 200
