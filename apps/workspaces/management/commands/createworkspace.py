"""`manage.py createworkspace SLUG --owner E`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts.services import person_of
from apps.workspaces.management.script import ScriptCommand
from apps.workspaces.services import create_workspace


class Command(ScriptCommand):
    """Adds a team's workspace, named after its short name until its owner gives it another."""

    help = "Make a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="its short name, which stands in addresses: small letters, digits, hyphens")
        parser.add_argument("--owner", required=True, metavar="E", help="the e-mail address of its owner")

    def run(self, options: dict[str, Any]) -> str:
        slug = options["slug"]
        workspace = create_workspace(name=slug.replace("-", " ").capitalize(), slug=slug, owner=person_of(options["owner"]))
        return f"The workspace {workspace.slug} is {options['owner']}'s."
