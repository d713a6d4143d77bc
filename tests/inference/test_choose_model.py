"""Which model answers: one at a time, whoever asks for it and when."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.audit.models import Event
from apps.core.errors import Invalid
from apps.inference import services
from apps.inference.engines.base import EngineUnavailable
from apps.inference.model_file import read_model_file
from apps.inference.models import InstalledModel

from .answers import pieces_of


def install(name: str) -> InstalledModel:
    """A model without a file, for what needs none."""
    facts = {"architecture": "gemma4", "quantisation": "F16", "context_length": 512, "sha256": "0" * 64}
    path = Path(__file__)
    size, modified = path.stat().st_size, path.stat().st_mtime_ns
    return InstalledModel.objects.create(name=name, path=str(path), size_bytes=size, modified_ns=modified, **facts)


def in_threads(*names: str) -> None:
    """Choose all these models at the same moment."""
    start = threading.Barrier(len(names))

    def choose(name: str) -> None:
        start.wait()
        try:
            services.use_model(name)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=choose, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_of_many_choices_at_once_one_counts() -> None:
    for name in "abcd":
        install(name)
    in_threads(*"abcd")
    assert InstalledModel.objects.filter(is_active=True).count() == 1
    assert Event.objects.filter(action="model.used").count() == 4


@pytest.mark.django_db
def test_asking_which_one_costs_one_query_and_one_for_its_parts(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    InstalledModel.objects.filter(pk=install("a").pk).update(is_active=True)
    with django_assert_num_queries(2):
        active = services.active_model()
        assert active
        assert active.loaded == active.file


@pytest.mark.django_db
def test_who_added_it_is_known_and_may_leave(tiny: Path, alice: User) -> None:
    model = services.add_model(path=tiny, added_by=alice)
    assert model.added_by == alice
    alice.delete()
    model.refresh_from_db()
    assert model.added_by is None


@pytest.mark.django_db
def test_a_relative_path_is_kept_as_an_absolute_one(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    assert services.add_model(path=Path(tiny.name)).path == str(tiny)


@pytest.mark.django_db
def test_a_name_of_nothing_is_refused(tiny: Path) -> None:
    with pytest.raises(Invalid):
        services.add_model(path=tiny, name="  \t ")


@pytest.fixture
def _fresh_keeper() -> Iterator[None]:
    services.keeper.cache_clear()
    yield
    services.keeper.cache_clear()


@pytest.mark.usefixtures("_fresh_keeper")
async def test_a_process_has_one_keeper(tiny: Path) -> None:
    keeper = services.keeper()
    assert services.keeper() is keeper
    try:
        assert await pieces_of(keeper.engine(read_model_file(tiny, "tiny")))
    finally:
        await keeper.close()


@pytest.mark.usefixtures("_fresh_keeper")
async def test_a_closed_keeper_answers_no_more(tiny: Path) -> None:
    engine = services.keeper().engine(read_model_file(tiny, "tiny"))
    await services.keeper().close()
    with pytest.raises(EngineUnavailable):
        await pieces_of(engine)


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as an administrator types it, against the tests' database."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}?host={database['HOST']}"
    environment = {**os.environ, "DATABASE_URL": url}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.django_db(transaction=True)
def test_it_works_from_the_command_line(tiny: Path) -> None:
    assert manage("models", "add", str(tiny), "--name", "m").returncode == 0
    assert manage("models", "use", "m").returncode == 0
    model = services.active_model()
    assert model
    assert model.name == "m"


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<html>")
    done = manage("models", "add", str(tmp_path / "page.gguf"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "CommandError: This is not a GGUF file: it does not begin with the letters GGUF."
