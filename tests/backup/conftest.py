"""The database of the tests as an installation to be backed up, and others beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from gemmaweb.local.folder import REPOSITORY
from tests.services import HOME


def url_of(name: str) -> str:
    """Where the database of this name is."""
    return HOME.database_url().replace("/gemmaweb?", f"/{name}?")


@contextmanager
def database() -> Iterator[str]:
    """An empty database of its own, by its URL."""
    name = f"other_{uuid4().hex}"
    with psycopg.connect(HOME.database_url(), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield url_of(name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def manage_at(url: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `manage.py` does on this database and home, whatever its exit status."""
    environment = {**os.environ, "DATABASE_URL": url, "GEMMAWEB_HOME": str(home), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def url(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the tests' own database is; commands in this process take it for that of the installation."""
    found = url_of(str(connection.settings_dict["NAME"]))
    monkeypatch.setenv("DATABASE_URL", found)
    return found


@pytest.fixture
def other_url() -> Iterator[str]:
    """An empty database of its own."""
    with database() as made:
        yield made
