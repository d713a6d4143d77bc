"""An installation in which things have happened: what its pages are looked at with."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.acting import ask, drop, ended, sign_in
from tests.browser.conftest import OpenPage

HANDBOOK = "# Harbour\n\nGuest boats may lie at the guest pier for three nights.\n\n| crane | tonnes |\n| --- | --- |\n| north | 12 |\n"
LONG_NAME = f"{'Minutes of the extraordinary meeting about the dredging of the inner basin ' * 3}"[:180] + ".txt"
NOBODY = "00000000-0000-0000-0000-000000000000"


def furnish(open_page: OpenPage) -> dict[str, str]:
    """The addresses of all pages by their names, with a read, a failed and an oddly named file, and an answer, to show."""
    page = open_page("/accounts/login/")
    sign_in(page)
    page.goto("/w/team/")
    files = {"harbour.md": HANDBOOK.encode(), "broken.pdf": b"%PDF-1.7 broken", LONG_NAME: "ミナトの桟橋 ميناء الضيوف".encode()}
    drop(page, files)
    expect(page.locator('.upload:is([data-status="ready"], [data-status="failed"])')).to_have_count(3, timeout=60_000)
    ended(ask(page, "How many nights may guest boats lie at the guest pier?"))
    conversation = page.url.rstrip("/").rpartition("/")[2]
    shelf = {one["name"]: one["id"] for one in _json(page, "/api/workspaces/team/documents")["results"]}
    return {
        "workspace": "/w/team/",
        "conversation": f"/c/{conversation}/",
        "documents": "/w/team/documents/",
        "document": f"/d/{shelf['harbour.md']}/",
        "document (failed)": f"/d/{shelf['broken.pdf']}/",
        "document (odd)": f"/d/{shelf[LONG_NAME]}/",
        "gone": f"/c/{NOBODY}/",
        **_OF_WORKSPACES,
        **_OF_PEOPLE,
        **_of_administrators(page),
    }


def _of_administrators(page: Page) -> dict[str, str]:
    """The pages of the installation's people and workspaces, and those of Ada and of her team."""
    ada, [team, *_others] = _json(page, "/api/me"), _json(page, "/api/workspaces")["results"]
    return {
        "administration_people": "/admin/people/",
        "administration_new_person": "/admin/people/new/",
        "administration_person": f"/admin/people/{ada['id']}/",
        "administration_email": f"/admin/people/{ada['id']}/email/",
        "administration_workspaces": "/admin/workspaces/",
        "administration_new_workspace": "/admin/workspaces/new/",
        "administration_workspace": f"/admin/workspaces/{team['id']}/",
    }


_OF_WORKSPACES = {
    "people": "/w/team/people/",
    "workspace_settings": "/w/team/settings/",
    "leave_workspace": "/w/team/leave/",
    "archive_workspace": "/w/team/archive/",
    "delete_workspace": "/w/team/delete/",
    "deleted_workspaces": "/workspaces/deleted/",
}
_OF_PEOPLE = {
    "me": "/me/",
    "security": "/me/security/",
    "keys": "/me/keys/",
    "account_change_password": "/accounts/password/change/",
    "account_logout": "/accounts/logout/",
    "models": "/admin/models/",
    "first_models": "/admin/models/first/",
}


def _json(page: Page, address: str) -> Any:
    reply = page.request.get(address)
    assert reply.ok, reply.text()
    return reply.json()
