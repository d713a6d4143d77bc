"""`manage.py disableuser EMAIL`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts.services import person_of
from apps.workspaces import people
from apps.workspaces.management.script import ScriptCommand


class Command(ScriptCommand):
    """Ends a person's sessions, sockets and invitations, and refuses their keys, at once."""

    help = "Let a person in no more. Nothing of theirs is deleted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the e-mail address of the person")

    def run(self, options: dict[str, Any]) -> str:
        user = person_of(options["email"])
        people.disable(people=[user.pk], by=None)
        return f"{user.email} is disabled: signed out everywhere, and their keys are refused."
