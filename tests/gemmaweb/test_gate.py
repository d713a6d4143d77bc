"""The gate in front of uploads: whoever may not send a file is told so before a byte of it is read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connections
from django.test import Client

from apps.accounts.models import User
from apps.core.bodies import BodyLimit
from apps.core.database import in_database
from apps.documents.models import Document
from apps.workspaces.keys import create_key
from apps.workspaces.models import ApiKey, Membership, Role, Workspace
from gemmaweb.gate import gate
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="crane.txt"\r\n\r\nThe crane is closed.\r\n--x--\r\n'


class Upload:
    """A file on its way in. `read_first` is how much of it was taken before there was an answer."""

    def __init__(self, address: str = "10.0.0.9", slug: str = "harbour", **headers: str) -> None:
        wanted = {"host": "localhost", "content-type": "multipart/form-data; boundary=x", "content-length": str(len(FORM)), **headers}
        self.scope = {
            "type": "http", "method": "POST", "path": f"/api/workspaces/{slug}/documents", "query_string": b"", "client": (address, 1),
            "headers": [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in wanted.items()],
        }  # fmt: skip
        self.left = [FORM[:20], FORM[20:]]
        self.read_first = 0
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        """The next part; then the client waits for its answer."""
        if not self.left:
            await asyncio.Event().wait()
        self.read_first += not self.sent
        return {"type": "http.request", "body": self.left.pop(0), "more_body": bool(self.left)}

    async def send(self, message: Any) -> None:
        """Keep what was answered."""
        self.sent.append(message)

    async def run(self) -> tuple[int, str]:
        """Status and code of the answer; no code where the file was taken."""
        pages: Any = get_asgi_application()
        application: Any = BodyLimit(pages, gate)
        await application(self.scope, self.receive, self.send)
        await sync_to_async(connections.close_all)()
        body = json.loads(b"".join(part.get("body", b"") for part in self.sent[1:]))
        return int(self.sent[0]["status"]), body.get("error", {}).get("code", "")

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer."""
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}


def key_of(user: User, slug: str = "harbour") -> str:
    """The Authorization of a new key."""
    return "Bearer " + create_key(user=user, workspace=Workspace.objects.get(slug=slug), name="robot")[1]


def cookies_of(user: User) -> str:
    """The Cookie header of a browser in which `user` has signed in."""
    return f"{settings.SESSION_COOKIE_NAME}={signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value}"


async def is_shut(upload: Upload, status: int, code: str) -> None:
    """It was refused so, with nothing read before the answer, all of it after, and nothing stored."""
    assert await upload.run() == (status, code)
    assert (upload.read_first, upload.left) == (0, [])
    assert not await in_database(Document.objects.exists)()


@pytest.mark.parametrize("authorization", ["", "Bearer gemma_" + "A" * 43, "Bearer ", "Basic YTpi", "Bearer \x00"])
async def test_nobody_sends_a_file_without_a_key(workspace: Workspace, authorization: str) -> None:
    upload = Upload(**({"authorization": authorization} if authorization else {}))
    await is_shut(upload, 401, "unauthorized")
    assert upload.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_key_is_none(alice: User, workspace: Workspace) -> None:
    key = await in_database(key_of)(alice)
    await in_database(ApiKey.objects.update)(revoked_at="2026-01-01T00:00Z")
    await is_shut(Upload(authorization=key), 401, "unauthorized")


async def test_trying_keys_is_slowed_down_here_too(workspace: Workspace) -> None:
    codes = {(await Upload(authorization=f"Bearer guess-{number}").run())[1] for number in range(61)}
    assert codes == {"unauthorized", "too_many"}
    upload = Upload(authorization="Bearer guess")
    await is_shut(upload, 429, "too_many")
    assert upload.headers["retry-after"] == "60"


async def test_a_proxy_is_not_taken_for_whoever_tries_keys_through_it(workspace: Workspace, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    for number in range(61):
        await Upload(authorization="Bearer guess", x_forwarded_for=f"192.0.2.{number}").run()
    await is_shut(Upload(authorization="Bearer guess", x_forwarded_for="198.51.100.1"), 401, "unauthorized")


async def test_a_stranger_sends_nothing(charlie: User, workspace: Workspace) -> None:
    await is_shut(Upload(authorization=await in_database(key_of)(charlie, "elsewhere")), 404, "not_found")


async def test_a_viewer_sends_nothing(bob: User, workspace: Workspace) -> None:
    await in_database(Membership.objects.filter(user=bob).update)(role=Role.VIEWER)
    await is_shut(Upload(authorization=await in_database(key_of)(bob)), 403, "forbidden")


async def test_a_session_without_our_pages_token_sends_nothing(alice: User, workspace: Workspace) -> None:
    await is_shut(Upload(cookie=await in_database(cookies_of)(alice)), 403, "csrf")


async def test_a_disabled_persons_session_sends_nothing(bob: User, workspace: Workspace) -> None:
    cookies = await in_database(cookies_of)(bob)
    await in_database(User.objects.filter(pk=bob.pk).update)(is_active=False)
    await is_shut(Upload(cookie=cookies, x_csrftoken="x"), 401, "unauthorized")


async def test_a_wrong_key_is_not_saved_by_a_session(alice: User, workspace: Workspace) -> None:
    cookies = await in_database(cookies_of)(alice)
    await is_shut(Upload(cookie=cookies, authorization="Bearer wrong", x_csrftoken="x"), 401, "unauthorized")


async def test_it_speaks_the_persons_language(charlie: User, workspace: Workspace) -> None:
    await in_database(User.objects.filter(pk=charlie.pk).update)(language="de")
    upload = Upload(authorization=await in_database(key_of)(charlie, "elsewhere"))
    await upload.run()
    assert "nicht" in json.loads(upload.sent[1]["body"])["error"]["message"]


async def test_a_writer_sends_a_file(alice: User, workspace: Workspace) -> None:
    upload = Upload(authorization=await in_database(key_of)(alice))
    assert await upload.run() == (202, "")
    assert upload.read_first == 2


async def test_our_own_page_sends_a_file(alice: User, workspace: Workspace) -> None:
    browser = await in_database(signed_in)(alice)
    page = await in_database(browser.get)("/me/")
    token = page.context["csrf_token"]
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    assert await Upload(cookie=cookies, x_csrftoken=str(token)).run() == (202, "")
    assert (await Upload(cookie=cookies, x_csrftoken="forged").run())[1] == "csrf"


def test_other_addresses_have_no_gate(client: Client, workspace: Workspace) -> None:
    assert client.get("/api/workspaces/harbour/documents").status_code == 401
