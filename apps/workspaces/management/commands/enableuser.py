"""`manage.py enableuser EMAIL`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts.services import person_of
from apps.workspaces import people
from apps.workspaces.management.script import ScriptCommand


class Command(ScriptCommand):
    """Lets a disabled person in again, with their password and their keys."""

    help = "Let a disabled person in again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the e-mail address of the disabled person")

    def run(self, options: dict[str, Any]) -> str:
        user = person_of(options["email"], is_active=False)
        people.enable(people=[user.pk], by=None)
        return f"{user.email} can sign in again, and their keys work."
