"""What the containers run, run without containers: the commands, environments, health checks and stop signals of docker-compose.yml."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.deployment.compose import PASSWORDS, ROOT, read
from tests.deployment.servers import Postgres, Valkey, free_port
from tests.product import wait_until

SET = {name: f"{name.lower().replace('_', '')}0123456789" for name in PASSWORDS}
SERVICES: dict[str, Any] = read(SET)["services"]
RUNNING = ("generation", "ingest", "models", "sweep", "web")
MANAGE = ("python", "manage.py")


class Containers:
    """The parts of docker-compose.yml that are ours, as processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.postgres, self.valkey = Postgres(folder, "postgres"), Valkey(folder, "valkey")
        self.running: dict[str, subprocess.Popen[str]] = {}

    def start(self) -> None:
        """In the order that `depends_on` asks for."""
        self.postgres.start(SERVICES["postgres"])
        self.valkey.start(SERVICES["valkey"])
        self.finish(*MANAGE, "collectstatic", "--noinput", "--verbosity", "0")  # the image has done this
        self.finish(*SERVICES["migrate"]["command"])
        for name in RUNNING:
            self.run(name)

    def environment(self, name: str) -> dict[str, str]:
        """What the container has: its own variables, those of the Dockerfile, and nothing of ours."""
        inside = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(self.folder), "PYTHONUNBUFFERED": "1",
            "GEMMAWEB_HOME": str(self.folder / "home"), "GEMMAWEB_STATIC_ROOT": str(self.folder / "collected"),
            "GEMMAWEB_HOST": "127.0.0.1", "GEMMAWEB_PORT": str(self.port), "OMP_WAIT_POLICY": "passive",
        }  # fmt: skip
        given: dict[str, str] = SERVICES[name]["environment"]
        places = {"@postgres:5432": f"@127.0.0.1:{self.postgres.port}", "@valkey:6379": f"@127.0.0.1:{self.valkey.port}"}
        for place, here in places.items():
            given = {variable: value.replace(place, here) for variable, value in given.items()}
        return inside | given

    def run(self, name: str) -> None:
        """Start the container of that name, by its command."""
        log = (self.folder / f"{name}.log").open("a")
        self.running[name] = subprocess.Popen(
            SERVICES[name]["command"], cwd=ROOT, env=self.environment(name), stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True
        )

    def finish(self, *command: str, given: str = "") -> str:
        """What a command prints, run as in the container `migrate`."""
        done = subprocess.run(command, cwd=ROOT, env=self.environment("migrate"), input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def is_healthy(self, name: str) -> bool:
        """Whether the health check of that container succeeds."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return subprocess.run(command, cwd=ROOT, env=self.environment(name), capture_output=True, check=False).returncode == 0

    def curl(self, *options: str) -> Any:
        """What the API answers to curl."""
        done = subprocess.run(["curl", "-sS", "--max-time", "60", *options], capture_output=True, text=True, check=True)
        return done.stdout

    def stop(self, name: str) -> tuple[int, float]:
        """Exit status and seconds, after SIGTERM."""
        began, process = time.monotonic(), self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(60), time.monotonic() - began


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """All of them, started."""
    folder = tmp_path_factory.mktemp("containers")
    folder.chmod(0o755)
    for above in folder.parents[:2]:
        above.chmod(0o755)  # the servers run under another account where we are root
    started = Containers(folder)
    try:
        started.start()
        yield started
    finally:
        for process in started.running.values():
            process.kill()
            process.wait()
        for server in (started.postgres, started.valkey):
            server.stop()


def test_each_part_becomes_healthy(containers: Containers) -> None:
    for name in RUNNING:
        wait_until(partial(containers.is_healthy, name), name, within_s=90)
    assert json.loads(containers.curl(f"http://127.0.0.1:{containers.port}/readyz"))["status"] == "ready"


def test_the_account_in_the_database_is_no_superuser(containers: Containers) -> None:
    ask = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    code = f"from django.db import connection; rows = connection.cursor(); rows.execute({ask!r}); print(rows.fetchone()[0])"
    assert containers.finish(*MANAGE, "shell", "--no-imports", "--command", code) == "False"


def test_a_question_about_a_file_is_answered(containers: Containers) -> None:
    containers.finish(*MANAGE, "createadmin", "--email", "ada@example.org", "--password-stdin", given="correct horse battery")
    key = containers.finish(*MANAGE, "createkey", "--user", "ada@example.org", "--workspace", "team")
    come_in, api = ("-H", f"Authorization: Bearer {key}"), f"http://127.0.0.1:{containers.port}/api/workspaces/team"
    lease = containers.folder / "lease.txt"
    lease.write_text("The notice period is three months.")
    document = json.loads(containers.curl(*come_in, "-F", f"file=@{lease}", f"{api}/documents"))["id"]
    wait_until(lambda: json.loads(containers.curl(*come_in, f"{api}/documents/{document}"))["status"] == "ready", "the file", within_s=60)
    asked = ("-H", "Content-Type: application/json", "-d", json.dumps({"text": "What is the notice period?"}))
    answer = containers.curl(*come_in, "-N", *asked, f"{api}/ask")
    assert '"status":"done"' in answer
    assert "three months" in answer


def test_the_pages_have_their_styles(containers: Containers) -> None:
    page = containers.curl("-L", "-H", "Accept: text/html", f"http://127.0.0.1:{containers.port}/accounts/login/")
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "--paper" in containers.curl(f"http://127.0.0.1:{containers.port}{style}")


def test_one_that_is_dead_is_not_healthy(containers: Containers) -> None:
    containers.running["ingest"].kill()
    containers.running.pop("ingest").wait()
    wait_until(lambda: not containers.is_healthy("ingest"), "the last sign of life to expire", within_s=30)
    assert containers.is_healthy("generation")
    containers.run("ingest")
    wait_until(lambda: containers.is_healthy("ingest"), "the next one", within_s=60)


@pytest.mark.parametrize("name", ["web", "sweep", "models", "ingest", "generation"])
def test_it_stops_within_its_grace(containers: Containers, name: str) -> None:
    status, seconds = containers.stop(name)
    assert seconds < int(SERVICES[name]["stop_grace_period"].rstrip("s"))
    assert status in {0, -signal.SIGTERM}
    if name == "web":
        assert not containers.is_healthy(name)


def test_the_database_and_the_queue_stop_when_they_are_told(containers: Containers) -> None:
    password = SET["VALKEY_PASSWORD"]
    assert redis.Redis(port=containers.valkey.port, password=password).ping()
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=containers.valkey.port).ping()
    lines = subprocess.run("cat /proc/[0-9]*/cmdline 2>/dev/null", shell=True, capture_output=True, text=True, check=False).stdout  # noqa: S602
    assert "valkey-server" in lines
    assert password not in lines, "everybody on the machine can read a command line"
    assert containers.valkey.stop() == 0
    assert containers.postgres.stop() == 0
