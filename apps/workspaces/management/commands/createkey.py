"""`manage.py createkey --user E --workspace SLUG`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts.services import person_of
from apps.core.errors import NotFound
from apps.workspaces.keys import create_key
from apps.workspaces.management.script import ScriptCommand
from apps.workspaces.services import NoSuchWorkspace, visible_workspace


class Command(ScriptCommand):
    """Prints a new API key alone on standard output. It is not kept: only this once it can be read."""

    help = "Make an API key of a person for a workspace, and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="E", help="the e-mail address of the person it acts for")
        parser.add_argument("--workspace", required=True, metavar="SLUG", help="the one workspace it opens")

    def run(self, options: dict[str, Any]) -> str:
        user = person_of(options["user"])
        try:
            workspace = visible_workspace(user, options["workspace"])
        except NotFound:
            raise NoSuchWorkspace(f"{user.email} is in no workspace {options['workspace']!r}.") from None
        return create_key(user=user, workspace=workspace, name="createkey")[1]
