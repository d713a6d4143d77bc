"""The real llama.cpp on a tiny model, in a real engine host; and an administrator."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from django.test import Client

from apps.accounts.models import User
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.host_process import HostPlan
from apps.inference.model_file import read_model_file
from tests.conftest import signed_in
from tests.gguf_writer import write_gemma4
from tests.workspaces.administrators import make_root

SLOTS = 4


@pytest.fixture
def root(installation: object) -> User:
    """An administrator of the installation."""
    return make_root()


@pytest.fixture
def client(root: User) -> Client:
    """The administrator's browser."""
    return signed_in(root)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file, for all tests: copy it before you change it."""
    return write_gemma4(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a path short enough for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        yield Path(folder)


@pytest_asyncio.fixture
async def hosts(sockets: Path) -> AsyncIterator[HostKeeper]:
    """A keeper without a model; its hosts end with the test."""
    keeper = HostKeeper(HostPlan(sockets, SLOTS, context_tokens=2048))
    yield keeper
    await keeper.close()


@pytest_asyncio.fixture
async def engine(hosts: HostKeeper, tiny: Path) -> LocalEngine:
    """The tiny model's engine, loading."""
    return hosts.engine(read_model_file(tiny, "tiny"))
