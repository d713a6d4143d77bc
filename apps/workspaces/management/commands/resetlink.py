"""`manage.py resetlink EMAIL`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.urls import reverse

from apps.accounts.services import person_of
from apps.workspaces import people
from apps.workspaces.management.script import ScriptCommand


class Command(ScriptCommand):
    """Prints, alone on standard output, a link by which the person sets a new password. It is not kept: only this once it can be read."""

    help = "Make a link by which a person sets a new password, and print it. It works once, for a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the e-mail address of the person")

    def run(self, options: dict[str, Any]) -> str:
        token = people.make_reset_link(person=person_of(options["email"]).pk, by=None)
        return f"{_address()}{reverse('reset', args=[token])}"


def _address() -> str:
    """Where the installation answers on this machine; nothing where its home does not say: then the path is what counts."""
    told = settings.HOME.path / "address"
    return told.read_text().strip().rstrip("/") if told.exists() else ""
