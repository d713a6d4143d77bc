"""`manage.py createuser --email E --password-stdin [--workspace SLUG --role ROLE]`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from apps.accounts import services as accounts
from apps.workspaces import services
from apps.workspaces.management.script import ScriptCommand, add_person_arguments, read_password
from apps.workspaces.members import add_member
from apps.workspaces.models import Role, Workspace


class Command(ScriptCommand):
    """Adds a person, with a personal workspace, and to a team's workspace where one is named."""

    help = "Make a person, and a member of a workspace."

    def add_arguments(self, parser: CommandParser) -> None:
        add_person_arguments(parser)
        parser.add_argument("--workspace", metavar="SLUG", help="also a member of this workspace")
        parser.add_argument("--role", help=f"as one of {', '.join(Role.values)}; member unless given")

    def run(self, options: dict[str, Any]) -> str:
        workspace, role = _place(options["workspace"], options["role"])
        user = accounts.new_person(accounts.Details(options["email"], read_password()))
        with transaction.atomic():
            services.add_person(user)
            if workspace:
                add_member(workspace=workspace, user=user, role=role)
        return f"{user.email} can sign in." if workspace is None else f"{user.email} can sign in, and is {role} of {workspace.slug}."


def _place(slug: str | None, role: str | None) -> tuple[Workspace | None, Role]:
    """The workspace and the role in it that the options name. Raises CommandError, NoSuchWorkspace."""
    if role is not None and role not in Role.values:
        raise CommandError(f"{role!r} is no role: take one of {', '.join(Role.values)}.")
    if slug is None and role is not None:
        raise CommandError("--role says what somebody is in a workspace: name it by --workspace.")
    return services.team_workspace(slug) if slug else None, Role(role or Role.MEMBER)
