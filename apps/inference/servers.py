"""Connect a server on the network, try it, choose it, and let it go."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections import defaultdict
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from apps.audit.services import record
from apps.core.database import only
from apps.core.errors import Invalid, ProductError

from .engines.base import ChatRequest, EngineError, EngineUnavailable, TextPiece, ThinkingPiece, UsagePiece
from .engines.network import find_addresses, is_private, read_address
from .engines.openai import Backend, Load, OpenAIEngine
from .models import EngineServer, InstalledModel, RemoteModel
from .services import NO_MODEL, NameTaken

logger = logging.getLogger(__name__)
KEY_MAX_CHARS = 500
TRY_S = 120  # a server that loads its model first
TOLD_MODELS = 10
LOADS: defaultdict[UUID, Load] = defaultdict(Load)  # what this process has under way at each server


class ServerRefused(ProductError):
    """The server cannot be used; the sentence is the reason."""

    code = "server_refused"
    status = 422


def active_remote() -> RemoteModel | None:
    """The model that servers answer with, or None where a file on this machine, or no model, is in use."""
    return RemoteModel.objects.filter(is_active=True).first()


def remote_engine(remote: RemoteModel) -> OpenAIEngine:
    """The engine of `remote`, with those of its servers whose keys can be read."""
    backends = []
    for server in remote.servers.order_by("added_at"):
        try:
            backends.append(replace(server.backend(), load=LOADS[server.pk]))
        except OSError as error:
            logger.warning("engine server %s: its key cannot be read (%s)", server.pk, error.strerror)
    return OpenAIEngine(remote.name, backends)


def connect_server(*, url: str, model: str = "", name: str = "", key: str = "", added_by: Any = None) -> EngineServer:
    """Try the server from end to end and offer what it serves; without `model` its only one. Under a known name it shares that one's work.

    Raises ServerRefused, NameTaken, Invalid.
    """
    if len(key) > KEY_MAX_CHARS or not key.isascii() or not key.isprintable() or " " in key:
        raise Invalid(_("A key is one word of letters, digits and signs: copy it again."))
    try:
        address = read_address(url)
        is_public, served = asyncio.run(_look(Backend(address, model, key, settings.PUBLIC_ENGINES)))
        backend = Backend(address, _served_model(served, model), key, settings.PUBLIC_ENGINES)
        asyncio.run(try_backend(backend))
    except EngineError as error:
        raise ServerRefused(str(error)) from error
    return _store(backend, name=_name(name or backend.model), is_public=is_public, added_by=added_by)


def try_server(pk: UUID, *, tried_by: Any) -> EngineServer:
    """The server, which has just answered a question with one token. Raises NotFound, ServerRefused."""
    server = only(EngineServer.objects.visible_to(tried_by).filter(pk=pk))
    try:
        asyncio.run(try_backend(server.backend()))
    except EngineError as error:
        raise ServerRefused(str(error)) from error
    except OSError as error:
        raise ServerRefused(_("Its key cannot be read any more: remove the server and connect it anew.")) from error
    return server


@transaction.atomic
def remove_server(pk: UUID, *, removed_by: Any) -> EngineServer:
    """Let the server go, with its key; with a model's last server the model goes too. Raises NotFound."""
    server = only(EngineServer.objects.visible_to(removed_by).select_related("remote").select_for_update(of=("self",)).filter(pk=pk))
    path, remote = server.key_file, server.remote
    record("server.removed", actor=removed_by, target=server.pk, name=remote.name, url=server.url)
    server.delete()
    if not remote.servers.exists():
        remote.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return server


@transaction.atomic
def use_remote(name: str, *, used_by: Any = None) -> RemoteModel | None:
    """The model of this name answers from the next run on; None where no server serves one."""
    rows = {remote.name: remote for remote in RemoteModel.objects.select_for_update().order_by("pk")}
    if name not in rows:
        return None
    remote = rows[name]
    list(InstalledModel.objects.select_for_update().order_by("pk"))  # whoever chooses a file goes before or after
    InstalledModel.objects.filter(role=InstalledModel.Role.CHAT, is_active=True).update(is_active=False, left_at=now())
    RemoteModel.objects.filter(is_active=True).update(is_active=False)
    remote.is_active = True
    remote.save(update_fields=["is_active"])
    record("model.used", actor=used_by, target=remote.pk, name=remote.name)
    return remote


async def try_backend(backend: Backend) -> None:
    """Have it answer a question with one token. Raises EngineError."""
    try:
        async with asyncio.timeout(TRY_S):
            has_written = await _writes(backend)
    except TimeoutError:
        raise EngineUnavailable(_("The server has not written a word within two minutes.")) from None
    if not has_written:
        raise EngineUnavailable(_("The server answered without a word."))


async def _writes(backend: Backend) -> bool:
    """Whether anything comes; what a model thinks may be counted and not shown."""
    pieces = [piece async for piece in backend.stream(ChatRequest("Hello", max_tokens=1))]
    return any(
        isinstance(piece, (TextPiece, ThinkingPiece)) or (isinstance(piece, UsagePiece) and piece.answer_tokens > 0) for piece in pieces
    )


async def _look(backend: Backend) -> tuple[bool, list[str]]:
    """Whether the server is outside one's own network, and what it serves. Raises EngineError."""
    addresses = await find_addresses(backend.address, allow_public=backend.allow_public)
    return not all(is_private(ip) for ip in addresses), await backend.models()


def _served_model(served: list[str], wanted: str) -> str:
    if wanted in served:
        return wanted
    if not wanted and len(served) == 1:
        return served[0]
    names = ", ".join(served[:TOLD_MODELS])
    if not names:
        raise ServerRefused(_("The server serves no model yet."))
    raise ServerRefused(_("Say which of its models is meant: %(names)s.") % {"names": names})


def _name(wanted: str) -> str:
    name = wanted.strip()
    if not name or len(name) > 100 or not name.isprintable() or name == NO_MODEL:
        raise Invalid(_("A model cannot be named %(name)s.") % {"name": repr(name[:100])})
    return name


@transaction.atomic
def _store(backend: Backend, *, name: str, is_public: bool, added_by: Any) -> EngineServer:
    if InstalledModel.objects.filter(name=name).exists():
        raise NameTaken
    remote, _created = RemoteModel.objects.get_or_create(name=name)
    facts = {"has_key": bool(backend.key), "is_public": is_public, "added_by": added_by}
    server, _created = remote.servers.update_or_create(url=backend.address.url, model=backend.model, defaults=facts)
    if backend.key:
        _keep_key(server, backend.key)
    record("server.connected", actor=added_by, target=server.pk, name=name, url=server.url, is_public=is_public)
    return server


def _keep_key(server: EngineServer, key: str) -> None:
    """Write the key whole or not at all, for its owner alone."""
    draft = server.key_file.with_name(f".{server.key_file.name}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
    draft.replace(server.key_file)
