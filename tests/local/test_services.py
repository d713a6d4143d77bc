"""The embedded PostgreSQL and Valkey by themselves: closed to strangers, whole after a kill."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from redis import AuthenticationError, Redis

from gemmaweb.local import postgres, service
from gemmaweb.local.errors import StartFailed
from gemmaweb.local.folder import Home
from gemmaweb.local.leftovers import started_at
from gemmaweb.local.postgres import Postgres
from gemmaweb.local.valkey import Valkey
from tests.local.driver import kill, wait_until


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home with its sockets open, for all tests of this file."""
    made = Home(Path(tempfile.mkdtemp(prefix="gemmaweb-local-")))
    made.path.chmod(0o755)
    made.prepare()
    made.open_sockets()
    yield made
    made.close_sockets()
    shutil.rmtree(made.path)


@pytest.fixture
def database(home: Home) -> Iterator[Postgres]:
    server = Postgres(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(home: Home) -> Iterator[Valkey]:
    server = Valkey(home)
    server.start()
    yield server
    server.stop()


def ask(home: Home, question: str, **changed: str) -> object:
    with psycopg.connect(make_conninfo(home.database_url(), **changed)) as connection:
        row = connection.execute(question).fetchone()
        return row and row[0]


def postmaster(home: Home) -> int:
    return int((home.postgres_data / "postmaster.pid").read_text().split()[0])


def test_the_database_belongs_to_an_owner_without_power(home: Home, database: Postgres) -> None:
    assert ask(home, "SELECT current_user") == "gemmaweb"
    assert ask(home, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(home, "COPY (SELECT 1) TO PROGRAM 'true'")


def test_vectors_are_there_in_every_database(home: Home, database: Postgres) -> None:
    assert ask(home, "SELECT ('[1,2]'::vector <#> '[3,4]')::float8") == -11
    with psycopg.connect(home.database_url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
    assert ask(home, "SELECT extversion FROM pg_extension WHERE extname = 'vector'", dbname="another")


def test_letters_of_all_languages_change_case(home: Home, database: Postgres) -> None:
    assert ask(home, "SELECT upper('äéжω')") == "ÄÉЖΩ"
    assert ask(home, "SHOW server_encoding") == "UTF8"


@pytest.mark.parametrize("changed", [{"password": "wrong"}, {"user": "postgres", "password": ""}])
def test_a_wrong_password_is_refused(home: Home, database: Postgres, changed: dict[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(home, "SELECT 1", **changed)


def test_the_database_listens_on_no_port(home: Home, database: Postgres) -> None:
    assert ask(home, "SHOW listen_addresses") == ""
    assert ask(home, "SHOW fsync") == "on"


def test_a_server_that_outlived_its_starter_is_ended_first(home: Home) -> None:
    first = Postgres(home)
    first.start()
    old = postmaster(home)
    second = Postgres(home)
    second.start()
    assert postmaster(home) != old
    assert started_at(old) == ""
    second.stop()
    first.stop()


def test_an_old_number_that_lives_again_does_not_matter(home: Home, database: Postgres) -> None:
    database.stop()
    stranger = subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)"))
    (home.postgres_data / "postmaster.pid").write_text(f"{stranger.pid}\n{home.postgres_data}\n")
    database.start()
    assert ask(home, "SELECT 1") == 1
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_rows_outlive_a_kill(home: Home, database: Postgres) -> None:
    with psycopg.connect(home.database_url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    kill(postmaster(home))
    database.stop()
    database.start()
    assert ask(home, "SELECT number FROM kept") == 1


def test_a_cluster_half_made_is_made_anew(folder: Path) -> None:
    home = Home(folder / "home")
    home.prepare()
    home.open_sockets()
    half = home.path / "postgres-18.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    Postgres(home).prepare()
    assert (home.postgres_data / "postgresql.conf").exists()
    assert not half.exists()
    home.close_sockets()


def test_a_cluster_that_cannot_be_made_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(folder / "home")
    home.prepare()
    home.open_sockets()
    monkeypatch.setattr(postgres, "LOCALE", ("--locale-provider=none-such",))
    with pytest.raises(StartFailed, match=r"could not be made: see .*postgres\.log"):
        Postgres(home).prepare()
    assert not home.postgres_data.exists()
    home.close_sockets()


def test_a_server_that_does_not_start_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SETTINGS", {"shared_buffers": "much"})
    with pytest.raises(StartFailed, match="postgres did not start: see"):
        Postgres(home).start()


def test_a_missing_wheel_is_told() -> None:
    with pytest.raises(StartFailed, match="none_such is not installed"):
        service.package_folder("none_such")


def test_valkey_wants_its_password_and_has_no_port(home: Home, valkey: Valkey) -> None:
    with Redis.from_url(home.redis_url()) as redis:
        assert redis.config_get("port")["port"] == "0"
    with pytest.raises(AuthenticationError), Redis(unix_socket_path=f"{home.service_sockets}/valkey.sock") as stranger:
        stranger.ping()


def test_what_valkey_has_synced_outlives_a_kill(home: Home, valkey: Valkey) -> None:
    with Redis.from_url(home.redis_url()) as redis:
        redis.set("kept", "yes")
        redis.waitaof(1, 0, 5000)
        kill(int(str(redis.info("server")["process_id"])))
    valkey.stop()
    valkey.start()
    with Redis.from_url(home.redis_url()) as redis:
        assert redis.get("kept") == b"yes"


def test_no_password_stands_on_a_command_line(home: Home, database: Postgres, valkey: Valkey) -> None:
    shown = " ".join((*database.command(), *valkey.command()))
    assert all(secret.read_text() not in shown for secret in home.secrets.iterdir())


def test_stopping_what_does_not_run_does_nothing(home: Home) -> None:
    Postgres(home).stop()
    assert not Postgres(home).is_ready()
    assert not Valkey(home).is_ready()


def test_a_server_deaf_to_its_signal_is_killed(home: Home, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Valkey, "stop_signal", signal.SIGWINCH)  # means nothing to it
    valkey.stop(grace_s=0.2)
    assert not valkey.is_ready()


def test_the_servers_end_with_the_process_that_started_them(folder: Path) -> None:
    home = Home(folder / "home")
    start = (
        "import os, time; from gemmaweb.local.folder import Home; from gemmaweb.local.valkey import Valkey;"
        "home = Home.from_environment(); home.prepare(); home.open_sockets(); Valkey(home).start(); os._exit(9)"
    )
    folder.chmod(0o755)
    subprocess.run((sys.executable, "-c", start), env={**os.environ, "GEMMAWEB_HOME": str(home.path)}, check=False)
    wait_until(lambda: not connects(home.service_sockets / "valkey.sock"), 5)
    home.close_sockets()


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(path)) == 0
