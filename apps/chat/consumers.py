"""The one socket of a tab: frames in, frames out. docs/protocol.md is the contract."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

from channels.exceptions import DenyConnection
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.chat import frames, services
from apps.chat.models import Conversation, Generation
from apps.chat.snapshots import ended_frame, snapshot_frame
from apps.core import live
from apps.core.database import in_database, only
from apps.core.errors import NotFound, ProductError
from apps.core.hub import Dropped, LiveUnavailable, Reader, hub
from apps.core.ids import uuid7
from apps.documents.frames import frames_missed
from apps.documents.line import line_frame
from apps.documents.models import Document
from apps.documents.news import line_news
from apps.documents.reasons import for_reader
from apps.workspaces.models import Workspace

FRAMES_PER_S = 30
CLOSE_SIGNED_OUT = 4001
CLOSE_MISSED_FRAMES = 4002
CLOSE_DISABLED = 4003
CLOSE_TRY_LATER = 1013


class TooFast(ProductError):
    """More frames than anybody types."""

    code = "too_fast"
    status = 429
    sentence = _("This page sends faster than the server listens. Wait a second.")


class ChatConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """A signed-in person's tab. It follows one conversation, one workspace's documents, and what concerns the person."""

    user: User

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket to its end. Channels opens a channel before it asks us: where it cannot, the page is told to come back."""
        try:
            await super().__call__(scope, receive, send)
        except LiveUnavailable as error:
            self.base_send = send
            await receive()  # what every socket says first
            try:
                self.user = self._let_in()
            except DenyConnection:
                await self.close()
            else:
                await self._turn_away(error)

    async def connect(self) -> None:
        """Let a signed-in person in; anybody else is refused with 403."""
        self.user = user = self._let_in()
        self._rooms: dict[str, str] = {}
        self._watched: UUID | None = None
        self._allowance, self._counted_at = float(FRAMES_PER_S), time.monotonic()
        self._reader = Reader()
        self._accepted = asyncio.Event()
        self._pump = asyncio.create_task(self._send_what_is_read(), name="socket")
        try:
            await self.channel_layer.group_add(live.socket_group(user.pk), self.channel_name)
            await self._follow("user", f"user:{user.pk}")  # first follow, then accept: nothing falls in between
        except LiveUnavailable as error:
            await self._turn_away(error)
        else:
            await self.accept()
            self._accepted.set()

    def _let_in(self) -> User:
        user = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            raise DenyConnection
        return user

    async def _turn_away(self, error: LiveUnavailable) -> None:
        await self.accept()
        await self._refuse(error)
        await self.close(CLOSE_TRY_LATER)

    async def disconnect(self, code: int) -> None:
        """Leave all rooms. The answers go on."""
        if pump := getattr(self, "_pump", None):
            pump.cancel()
            await self.channel_layer.group_discard(live.socket_group(self.user.pk), self.channel_name)
            for room in self._rooms.values():
                await hub().leave(room, self._reader)
            if self._watched:
                await line_news().leave(self._watched, self._reader)

    async def session_ended(self, message: dict[str, Any]) -> None:
        """The person was signed out or lost a right: the page asks again what may be seen. Whoever was disabled is told so."""
        await self.close(CLOSE_DISABLED if message["is_disabled"] else CLOSE_SIGNED_OUT)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Do what a frame asks for; what went wrong is answered with an `error` frame."""
        frame: frames.Received | None = None
        try:
            self._count()
            frame = frames.parse(text_data)
            await self._do(frame)
        except ProductError as error:
            await self._refuse(error, **{name: str(getattr(frame, name)) for name in ("key", "run") if hasattr(frame, name)})

    async def _do(self, frame: frames.Received) -> None:
        match frame:
            case frames.Join():
                await self._join(frame.conversation)
            case frames.Ask():
                await self._ask(frame)
            case frames.Snapshot():
                await self._snapshot(frame.run)
            case frames.Stop():
                await in_database(self._stop)(frame.run)
            case frames.Watch():
                await self._watch(await in_database(self._workspace)(frame.workspace))

    async def _join(self, pk: UUID) -> None:
        await in_database(self._conversation)(pk)
        await self._follow("conversation", f"conversation:{pk}")  # first follow, then read: nothing falls in between
        await self._say(await in_database(self._joined)(pk))

    async def _watch(self, workspace: Workspace) -> None:
        if self._watched and self._watched != workspace.pk:
            await line_news().leave(self._watched, self._reader)
        await self._follow("workspace", f"workspace:{workspace.pk}")
        await line_news().follow(workspace, self._reader)
        self._watched = workspace.pk
        await self._say(await in_database(line_frame)(workspace))
        for missed in await in_database(self._missed)(workspace):
            await self._say(missed)

    async def _ask(self, frame: frames.Ask) -> None:
        run, follows_already = await (self._ask_here(frame) if frame.conversation else self._ask_anew(frame))
        await self._follow("conversation", f"conversation:{run.conversation_id}")
        await self._say(services.asked_frame(run))
        if not follows_already:
            await self._snapshot(run.pk)

    async def _ask_here(self, frame: frames.Ask) -> tuple[Generation, bool]:
        run = await in_database(self._asked)(frame)
        return run, self._rooms.get("conversation") == f"conversation:{run.conversation_id}"

    async def _ask_anew(self, frame: frames.Ask) -> tuple[Generation, bool]:
        """The conversation is followed before it is there, so that no frame falls in between: nobody else knows its id yet."""
        new, is_made = uuid7(), False
        await hub().join(f"conversation:{new}", self._reader)
        try:
            run = await in_database(self._asked)(frame, new)
            is_made = run.conversation_id == new  # not by a key that was used before
        finally:
            if not is_made:
                await hub().leave(f"conversation:{new}", self._reader)
        return run, is_made

    async def _snapshot(self, pk: UUID) -> None:
        for frame in await in_database(self._frames_of)(pk):
            await self._say(frame)

    async def _follow(self, kind: str, room: str) -> None:
        """Be in `room`, and in no other one of its kind."""
        before = self._rooms.get(kind)
        if before == room:
            return
        await hub().join(room, self._reader)
        self._rooms[kind] = room
        if before:
            await hub().leave(before, self._reader)

    async def _send_what_is_read(self) -> None:
        await self._accepted.wait()
        try:
            async for raw in self._reader:
                await self.send(text_data=for_reader(raw, self.user.language))
        except Dropped:
            await self.close(CLOSE_MISSED_FRAMES)

    async def _say(self, frame: live.Frame) -> None:
        await self.send(text_data=for_reader(live.encode(frame), self.user.language))

    async def _refuse(self, error: ProductError, **about: str) -> None:
        with translation.override(self.user.language):
            await self._say({"type": "error", **error.as_dict(), **about})

    def _count(self) -> None:
        now = time.monotonic()
        self._allowance = min(FRAMES_PER_S, self._allowance + (now - self._counted_at) * FRAMES_PER_S)
        self._counted_at = now
        if self._allowance < 1:
            raise TooFast
        self._allowance -= 1

    # What follows runs on a database thread, for the person as the row says they are now.

    def _person(self) -> User:
        return only(User.objects.filter(pk=self.user.pk, is_active=True))

    def _workspace(self, slug: str) -> Workspace:
        return only(Workspace.objects.visible_to(self._person()).filter(slug=slug))

    def _conversation(self, pk: UUID) -> Conversation:
        return only(Conversation.objects.visible_to(self._person()).filter(pk=pk))

    def _run(self, pk: UUID) -> Generation:
        return only(Generation.objects.visible_to(self._person()).filter(pk=pk).select_related("answer", "asked_by"))

    def _asked(self, frame: frames.Ask, new: UUID | None = None) -> Generation:
        person = self._person()
        talks = Conversation.objects.visible_to(person)
        workspace = only(Workspace.objects.visible_to(person).filter(slug=frame.workspace))
        conversation = only(talks.filter(pk=frame.conversation)) if frame.conversation else None
        if conversation and conversation.workspace_id != workspace.pk:
            raise NotFound
        run = services.ask(workspace=workspace, conversation=conversation, asked_by=person, text=frame.text, key=frame.key, new=new)
        if run.conversation_id != new:
            only(talks.filter(pk=run.conversation_id))  # the key of a question in a conversation that is gone
        return run

    def _joined(self, pk: UUID) -> live.Frame:
        conversation = self._conversation(pk)
        runs = Generation.objects.active().filter(conversation=conversation).order_by("pk").values_list("pk", flat=True)
        return {"type": "joined", "conversation": str(pk), "last": conversation.next_sequence - 1, "runs": [str(run) for run in runs]}

    def _missed(self, workspace: Workspace) -> list[live.Frame]:
        documents = Document.objects.visible_to(self._person()).filter(workspace=workspace)
        return [dict(frame) for frame in frames_missed(documents)]

    def _stop(self, pk: UUID) -> None:
        services.stop(run=self._run(pk))

    def _frames_of(self, pk: UUID) -> list[live.Frame]:
        """The snapshot; of a run that has ended its last word too, which this socket may have missed."""
        run = self._run(pk)
        with translation.override(self.user.language):
            return [snapshot_frame(run), ended_frame(run)] if run.has_ended else [snapshot_frame(run)]
