"""What the set-up commands share: one clear line on standard error and exit 1 for whatever goes wrong."""

from __future__ import annotations

import sys
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError

from apps.core.errors import ProductError

CONNECT_TIMEOUT_S = 2
NO_DATABASE = "The database does not answer. Is the installation running, and does GEMMAWEB_HOME name its folder?"
NOT_MIGRATED = "The database has no tables yet. Start the installation once, or run `manage.py migrate`."


class ScriptCommand(BaseCommand):
    """A command that asks no question. Subclasses write `run`."""

    requires_system_checks: list[str] = []

    def run(self, options: dict[str, Any]) -> str:
        """Do it; the line for standard output."""
        raise NotImplementedError

    def handle(self, *_args: Any, **options: Any) -> str:
        """Run, and turn what may go wrong into one line. Raises CommandError."""
        try:
            psycopg.connect(settings.DATABASE_URL, connect_timeout=CONNECT_TIMEOUT_S).close()  # the pool would try for 10 s, aloud
            return self.run(options)
        except ProductError as error:
            raise CommandError(str(error)) from error
        except psycopg.OperationalError as error:
            raise CommandError(NO_DATABASE) from error
        except ProgrammingError as error:
            raise CommandError(NOT_MIGRATED) from error


def add_person_arguments(parser: CommandParser) -> None:
    """`--email E --password-stdin`."""
    parser.add_argument("--email", required=True, help="the address to sign in with")
    parser.add_argument("--password-stdin", action="store_true", required=True, help="the password is the first line of standard input")


def read_password() -> str:
    """The first line of standard input. Raises CommandError where it is no text."""
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandError("The password on standard input is not UTF-8 text.") from None
