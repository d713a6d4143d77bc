"""Programs with keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from apps.accounts.models import User
from apps.chat.models import Conversation
from apps.documents.models import Document
from apps.documents.services import store_upload
from apps.workspaces.keys import create_key
from apps.workspaces.models import Workspace
from tests.api.running import Running

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer  # an HttpResponse that reads JSON


class Program:
    """A program with a key: sends JSON, reads JSON."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {key}", "Accept": "application/json"})

    def get(self, path: str, **query: Any) -> Answer:
        """The answer to GET."""
        return self.client.get(f"/api/{path}", query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """The answer to POST of a JSON body."""
        return self.client.post(f"/api/{path}", body, content_type="application/json", headers=headers)

    def patch(self, path: str, body: Any) -> Answer:
        """The answer to PATCH of a JSON body."""
        return self.client.patch(f"/api/{path}", body, content_type="application/json")

    def delete(self, path: str) -> Answer:
        """The answer to DELETE."""
        return self.client.delete(f"/api/{path}")

    def upload(self, path: str, **fields: Any) -> Answer:
        """The answer to POST of a form."""
        return self.client.post(f"/api/{path}", fields)


def program_of(user: User, workspace: Workspace) -> Program:
    """A program that acts for `user` in `workspace`."""
    return Program(create_key(user=user, workspace=workspace, name="robot")[1])


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and code of a refusal, once its form has been looked at."""
    error = answer.json()["error"]
    assert set(error) <= {"code", "message", "fields", "document"}
    assert error["message"]
    return answer.status_code, error["code"]


def put_file(workspace: Workspace, user: User, name: str = "notes.txt", content: bytes = b"The crane is closed on Sundays.") -> Document:
    """A file on the workspace's shelf."""
    return store_upload(workspace=workspace, added_by=user, name=name, file=ContentFile(content))


@pytest.fixture
def api(alice: User, workspace: Workspace) -> Program:
    """Alice's program."""
    return program_of(alice, workspace)


@pytest.fixture
def stranger(charlie: User) -> Program:
    """Charlie's program, for his own workspace."""
    return program_of(charlie, Workspace.objects.get(slug="elsewhere"))


@pytest.fixture
def colleague(bob: User, workspace: Workspace) -> Program:
    """Bob's program, in the team's workspace."""
    return program_of(bob, workspace)


@pytest.fixture
def document(alice: User, workspace: Workspace) -> Document:
    """A file of the team."""
    return put_file(workspace, alice)


@pytest.fixture
def conversation(alice: User, workspace: Workspace) -> Conversation:
    """Alice's conversation."""
    return Conversation.objects.create(workspace=workspace, author=alice, title="Cranes")


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The running product, with people, keys and a file."""
    started = Running(tmp_path_factory.mktemp("api") / "home")
    started.start()
    yield started
    started.product.stop()
