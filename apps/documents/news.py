"""How far all files of a workspace are, told to its open pages: one look at the rows for all of them, a few times a second at most."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import DatabaseError

from apps.core import live
from apps.core.database import in_database
from apps.core.hub import Reader, hub
from apps.documents.frames import room
from apps.documents.line import line_frame
from apps.workspaces.models import Workspace

logger = logging.getLogger(__name__)
EVERY_S = 0.25
MOVES = ('{"type":"document",', '{"type":"shelf",')


class _Watched:
    """One workspace that somebody looks at; it hears what its pages hear."""

    def __init__(self, news: LineNews, workspace: Workspace) -> None:
        self.readers: set[Reader] = set()
        self._news = news
        self._workspace = workspace
        self._telling: asyncio.Task[None] | None = None

    def offer(self, raw: str) -> None:
        """Something moved, maybe: count soon, unless that is to be done already."""
        if self._telling is None and raw.startswith(MOVES):
            self._telling = asyncio.create_task(self._tell_soon(), name="line news")

    def drop(self) -> None:
        """Frames were lost: the pages come back, and with them a new one of these."""
        self._news.forget(self._workspace.pk)

    async def _tell_soon(self) -> None:
        await asyncio.sleep(EVERY_S)
        self._telling = None  # what moves from here on is told the next time
        try:
            raw = live.encode(await in_database(line_frame)(self._workspace))
        except DatabaseError as error:
            logger.warning("line of %s: not told (%s)", self._workspace.pk, error)
            return
        for reader in tuple(self.readers):
            reader.offer(raw)


class LineNews:
    """The workspaces that are watched on one event loop."""

    def __init__(self) -> None:
        self._watched: dict[UUID, _Watched] = {}

    async def follow(self, workspace: Workspace, reader: Reader) -> None:
        """From the return on, `reader` gets a `line` frame when files of the workspace move. Raises LiveUnavailable."""
        if (watched := self._watched.get(workspace.pk)) is None:
            watched = self._watched[workspace.pk] = _Watched(self, workspace)
        watched.readers.add(reader)
        await hub().join(room(workspace.pk), watched)

    async def leave(self, workspace: UUID, reader: Reader) -> None:
        """None any more. Leaving what was never followed does nothing."""
        watched = self._watched.get(workspace)
        if watched is None:
            return
        watched.readers.discard(reader)
        if not watched.readers:
            self.forget(workspace)
            await hub().leave(room(workspace), watched)

    def forget(self, workspace: UUID) -> None:
        """Begin anew with the next page that follows."""
        self._watched.pop(workspace, None)


_news: WeakKeyDictionary[asyncio.AbstractEventLoop, LineNews] = WeakKeyDictionary()


def line_news() -> LineNews:
    """The news of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _news:
        _news[loop] = LineNews()
    return _news[loop]
