"""`manage.py up`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from pathlib import Path

import psycopg
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management.base import BaseCommand
from django.db.migrations.loader import MigrationLoader

from gemmaweb.backup.taking import BEFORE_UPDATE, kept
from gemmaweb.local import supervisor
from gemmaweb.local.errors import StartFailed
from gemmaweb.local.filesystem import write_whole
from gemmaweb.local.folder import Home
from gemmaweb.local.plan import Plan, Step, gemmaweb_plan, manage


class Command(BaseCommand):
    help = "Run the whole product on this machine: PostgreSQL, Valkey, web and workers, until Ctrl-C."

    def handle(self, *args: object, **options: object) -> None:
        home = Home.from_environment()
        try:
            supervisor.run(home, lambda web: _plan(home, web))
        except StartFailed as failure:
            self.stderr.write(str(failure))
            sys.exit(1)


def _plan(home: Home, web: socket.socket) -> Plan:
    return gemmaweb_plan(home, listening=web, slots=settings.SLOTS, readers=settings.READERS, set_up=lambda: _set_up(home))


def _set_up(home: Home) -> list[Step]:
    """What is still to be done before web and workers start: nothing at all on most starts."""
    steps = []
    url = os.environ.get("DATABASE_URL") or home.database_url()
    if _database_is_behind(url):
        steps.append(Step("Bringing the database up to date", manage("upgrade"), advice=lambda: _way_back(home)))
    stamp, sources = home.path / "static.sources", _static_sources()
    if not stamp.exists() or stamp.read_text() != sources:
        collect = manage("collectstatic", "--noinput", "--verbosity", "0")
        steps.append(Step("Collecting static files", collect, done=lambda: write_whole(stamp, sources)))
    return steps


def _way_back(home: Home) -> str:
    """What to do after a migration has failed, in words that hold a command where there is something to go back to."""
    copies = kept(home, BEFORE_UPDATE)
    if not copies:
        return ""
    return (
        "Nothing is lost: start the version from before again. Should that one miss something, it goes back to the copy "
        f"from just before the update by: manage.py restore {copies[-1]} --replace"
    )


def _database_is_behind(url: str) -> bool:
    """Asked without Django's connection: this process needs no pool for the rest of its life.

    Raises StartFailed.
    """
    wanted = set(MigrationLoader(None).disk_migrations)
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return not wanted <= set(connection.execute("SELECT app, name FROM django_migrations"))
    except psycopg.errors.UndefinedTable:
        return True
    except psycopg.OperationalError as error:
        raise StartFailed(f"The database does not answer: {str(error).strip()}") from error


def _static_sources() -> str:
    """A fingerprint of all files that collectstatic would take, and of the rule by which it names them."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
