"""An update that fails leaves everything as it was, and says how to go on; a copy from before it is kept."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from gemmaweb.backup.taking import BEFORE_UPDATE, keep, kept
from gemmaweb.local.database import open_database
from gemmaweb.local.folder import REPOSITORY, Home
from tests.local.conftest import StartUp
from tests.local.driver import PRODUCT, Up, manage, settings_of, wait_until

NEWER = {"DJANGO_SETTINGS_MODULE": "tests.local.newer.settings"}
ADA = ("createadmin", "--email", "ada@example.org", "--password-stdin")


def ask(home: Home, question: str) -> list[tuple[object, ...]]:
    """What the database of a stopped installation answers."""
    with open_database(home), psycopg.connect(home.database_url(), autocommit=True) as connection:
        return connection.execute(question).fetchall()


def until_set_up(run: Up) -> Up:
    """The run when it has done with the database; the programs need not come up."""
    wait_until(lambda: "Starting generation" in run.says or run.process.poll() is not None, 90)
    assert run.process.poll() is None, run.says
    return run


@pytest.fixture
def home(up: StartUp, used_home: Path) -> Home:
    """An installation that somebody has used, stopped; the same one for all tests of this file."""
    home = Home(used_home.resolve())
    if not home.postgres_data.exists():
        first = up(*PRODUCT)
        until_set_up(first)
        assert kept(home, BEFORE_UPDATE) == [], "there is nothing to keep at a first start"
        assert manage(home, *ADA, given="correct horse battery").returncode == 0
        assert first.end() == 0
    ask(home, "UPDATE accounts_user SET name = 'Ada' RETURNING name")
    return home


def test_one_that_fails_changes_nothing_and_says_what_to_do(home: Home, up: StartUp) -> None:
    failed = up(*PRODUCT, **NEWER, NEWER="broken")
    assert failed.process.wait(90) == 1
    (copy,) = kept(home, BEFORE_UPDATE)
    assert "Bringing the database up to date has failed: django.db.utils.DataError: division by zero" in failed.says
    assert "Nothing is lost: start the version from before again." in failed.says
    assert f"by: manage.py restore {copy} --replace" in failed.says
    assert ask(home, "SELECT to_regclass('newer_thing')") == [(None,)], "the first migration, which worked, was undone with the second"
    assert ask(home, "SELECT name FROM accounts_user") == [("Ada",)]
    again = until_set_up(up(*PRODUCT))
    assert "Bringing the database up to date" not in again.says
    assert again.end() == 0


def test_the_copy_that_it_names_goes_back_behind_an_update(home: Home, up: StartUp, folder: Path) -> None:
    newer = until_set_up(up(*PRODUCT, **NEWER, NEWER="good"))
    assert newer.end() == 0
    assert ask(home, "SELECT name FROM accounts_user") == [("Renamed",)]
    (home.files / "kept").write_text("an original")
    assert manage(home, "backup", str(folder / "newer"), **NEWER).returncode == 0
    done = manage(home, "restore", str(kept(home, BEFORE_UPDATE)[-1]), "--replace")
    assert done.returncode == 0, done.stderr
    assert re.search(r"What was there before stands in \S+/replaced-\d{8}-\d{6}", done.stdout)
    assert ask(home, "SELECT name, to_regclass('newer_thing') FROM accounts_user") == [("Ada", None)]
    assert (home.files / "kept").read_text() == "an original", "a copy of the database alone leaves the files where they are"
    refused = manage(home, "restore", str(folder / "newer"), "--replace")
    assert refused.returncode == 2
    assert refused.stderr.startswith("The backup was taken by a newer version (0.1.0, with newer.0001_table): ")


def test_an_update_that_is_killed_is_begun_again(home: Home) -> None:
    """Its transaction goes with it, so the second one finds the database as the first did."""
    with open_database(home):
        command = [sys.executable, "manage.py", "upgrade"]
        first = subprocess.Popen(command, cwd=REPOSITORY, env={**settings_of(home), **NEWER, "NEWER": "slow"}, stderr=subprocess.DEVNULL)
        with psycopg.connect(home.database_url(), autocommit=True) as watching:
            wait_until(lambda: watching.execute("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600%'").rowcount > 1, 60)
        first.kill()
        first.wait()
    with open_database(home):
        assert manage(home, "upgrade", **NEWER).returncode == 0
    assert ask(home, "SELECT to_regclass('newer_thing')") == [("newer_thing",)]


def test_the_newest_three_copies_are_kept(home: Home) -> None:
    for old in kept(home, BEFORE_UPDATE):
        old.unlink()
    for day in ("20260101", "20260102", "20260103", "20260104"):
        (home.path / "backups" / f"before-update-{day}-120000.gemmaweb").write_text("old")
    mine = home.path / "backups" / "before-the-party.gemmaweb"
    mine.write_text("mine")
    keep(home, BEFORE_UPDATE, newest=3)
    assert [path.name[14:22] for path in kept(home, BEFORE_UPDATE)[:2]] == ["20260103", "20260104"]
    assert (len(kept(home, BEFORE_UPDATE)), mine.read_text()) == (3, "mine")
