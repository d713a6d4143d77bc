"""What people call themselves and their things is text, on every page that shows it."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.workspaces.invitations import invite
from apps.workspaces.keys import create_key
from apps.workspaces.models import Role, Workspace
from tests.conftest import signed_in

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\"'><svg onload=alert(1)>",
    "{{ 7 }}{% now 'Y' %}",
    "javascript:alert(1)",
]
PAGES = ["/w/harbour/", "/w/harbour/people/", "/w/harbour/settings/", "/w/harbour/documents/", "/me/", "/me/keys/"]


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest, alice: User, bob: User, workspace: Workspace) -> str:
    """A name that everything has that can have one."""
    name: str = request.param
    User.objects.filter(pk__in=[alice.pk, bob.pk]).update(name=name)
    Workspace.objects.filter(pk=workspace.pk).update(name=name)
    invite(workspace=workspace, invited_by=alice, role=Role.MEMBER, note=name)
    create_key(user=alice, workspace=workspace, name=name)
    return name


@pytest.mark.parametrize("path", PAGES)
def test_it_is_shown_as_text(alice: User, hostile: str, path: str) -> None:
    page = signed_in(alice).get(path)
    content = page.content.decode()
    assert page.status_code == 200
    assert "<img src=x" not in content
    assert "<svg onload" not in content
    assert "<script>" not in content
    assert 'href="javascript:' not in content


@pytest.mark.parametrize("path", PAGES)
def test_no_page_lets_a_script_of_its_own_run(alice: User, workspace: Workspace, path: str) -> None:
    policy = signed_in(alice).get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
