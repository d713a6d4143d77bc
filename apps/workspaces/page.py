"""What every page inside a workspace shows around its own content."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from apps.accounts.models import User
from apps.core.errors import NotFound
from apps.workspaces.models import Membership

# Where the session keeps the id to which `home` leads next time. An id: a name would outlive the workspace, when that is erased.
LAST_WORKSPACE = "last_workspace"


def person(request: HttpRequest) -> User:
    """Who is signed in; for views behind `login_required`."""
    return cast("User", request.user)


def page_context(request: HttpRequest, slug: str) -> dict[str, Any]:
    """`workspace`, the person's `membership` in it, all their `workspaces`, and `upload_max_mb`, in one query.

    Raises NotFound where the person is no member.
    """
    memberships = Membership.objects.visible_to(person(request)).filter(user=person(request)).select_related("workspace")
    by_slug = {membership.workspace.slug: membership for membership in memberships.order_by("workspace__is_personal", "workspace__name")}
    if slug not in by_slug:
        raise NotFound
    workspace = by_slug[slug].workspace
    if request.session.get(LAST_WORKSPACE) != str(workspace.pk):
        request.session[LAST_WORKSPACE] = str(workspace.pk)
    return {
        "workspace": workspace,
        "membership": by_slug[slug],
        "workspaces": [membership.workspace for membership in by_slug.values()],
        "upload_max_mb": settings.UPLOAD_MAX_BYTES // 2**20,
    }
