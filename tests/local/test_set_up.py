"""What a start has to set up: only what is missing or has changed, and a failure is told."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from gemmaweb.local.account import bind
from gemmaweb.local.errors import StartFailed
from gemmaweb.local.folder import Home
from gemmaweb.local.plan import Plan, Step
from gemmaweb.local.supervisor import Supervisor, log_to
from gemmaweb.local.web import listen
from gemmaweb.management.commands import up


@pytest.fixture
def home(folder: Path) -> Home:
    made = Home(folder / "home")
    made.prepare()
    return made


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "_database_is_behind", lambda url: False)


@pytest.fixture
def sources(folder: Path, settings: Any) -> Path:
    """A folder of static files, the only one."""
    made = folder / "sources"
    made.mkdir()
    (made / "a.css").write_text("a")
    settings.STATICFILES_DIRS = [made]
    return made


def titles(home: Home) -> list[str]:
    return [step.title for step in up._set_up(home)]


def test_a_new_home_wants_static_files_and_an_old_one_does_not(home: Home, behind: None, sources: Path) -> None:
    (step,) = up._set_up(home)
    assert step.title == "Collecting static files"
    step.done()
    assert titles(home) == []


@pytest.mark.parametrize("change", ["longer", "new", "gone"])
def test_changed_sources_are_collected_again(home: Home, behind: None, sources: Path, change: str) -> None:
    up._set_up(home)[0].done()
    if change == "gone":
        (sources / "a.css").unlink()
    else:
        (sources / {"longer": "a.css", "new": "b.css"}[change]).write_text("longer")
    assert titles(home) == ["Collecting static files"]


@pytest.mark.django_db
def test_a_database_with_all_tables_is_not_behind() -> None:
    assert not up._database_is_behind(url_of_tests())


@pytest.mark.django_db
def test_an_empty_database_is_behind() -> None:
    assert up._database_is_behind(url_of_tests().replace(str(connection.settings_dict["NAME"]), "gemmaweb"))


def url_of_tests() -> str:
    return Home.from_environment().database_url().replace("/gemmaweb?", f"/{connection.settings_dict['NAME']}?")


async def test_a_step_that_fails_ends_the_start_with_its_last_words(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Step("Trying", bind(("sh", "-c", "echo no luck; exit 3"), signal.SIGKILL), done=lambda: pytest.fail("not done"))
    monkeypatch.setenv("GEMMAWEB_PORT", "0")
    with listen() as listening, pytest.raises(StartFailed, match="Trying has failed: no luck"):
        await Supervisor(home, Plan(services=(), set_up=lambda: [failing], programs=()), listening).run()


def test_what_it_says_goes_to_the_terminal_and_with_the_time_to_a_log(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    speaking = logging.getLogger("gemmaweb.local")
    log_to(home)
    speaking.info("Starting")
    assert capsys.readouterr().out == "Starting\n"
    assert (home.logs / "supervisor.log").read_text().endswith(" Starting\n")
    for handler in speaking.handlers:
        handler.close()
    speaking.handlers = []
