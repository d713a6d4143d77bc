"""`manage.py createadmin --email E --password-stdin`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.accounts import services as accounts
from apps.workspaces import services
from apps.workspaces.management.script import ScriptCommand, add_person_arguments, read_password


class Command(ScriptCommand):
    """Sets the installation up where nobody has, as the first-run page does; afterwards it adds another administrator."""

    help = "Make the first administrator and the first workspace, or, once there is one, another administrator."

    def add_arguments(self, parser: CommandParser) -> None:
        add_person_arguments(parser)

    def run(self, options: dict[str, Any]) -> str:
        details = accounts.Details(options["email"], read_password())
        try:
            user, workspace = services.set_up(details, workspace_name="Team")
        except services.AlreadySetUp:
            user = services.add_person(accounts.new_person(details, is_superuser=True))
            return f"{user.email} is another administrator of this installation."
        return f"{user.email} is the first administrator, and owns the workspace {workspace.slug}."
