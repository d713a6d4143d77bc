"""Where requests for vectors and scores come in: in the worker that generates, on its one event loop."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from apps.core.cancelling import cancelled
from apps.core.database import in_database

from . import services, wire
from .engines.base import EngineError, EngineUnavailable
from .finders import LocalFinder
from .finding import ANSWERS, FINDERS, KEPT_S, PATIENT, URGENT
from .fitting import FINDER, need_bytes_of, setting_of
from .host_keeper import HostKeeper
from .host_process import HostPlan
from .models import InstalledModel

Take = Callable[[Redis, dict[str, Any]], Awaitable[None]]
logger = logging.getLogger(__name__)
LOOK_EVERY_S = 10
BACK_OFF_S = 1.0
GIVES_WAY_S = 2.0  # what is not urgent waits so long for an answer that is being written
STEP_S = 0.1


class Desk:
    """Takes requests and has them answered: those of people at once, those of files one at a time and between answers."""

    def __init__(self) -> None:
        self._hosts = HostKeeper(HostPlan(services.sockets_folder(), FINDER.slots, FINDER.context_tokens))
        self._tasks: set[asyncio.Task[None]] = set()
        self._look_at = 0.0

    def open(self) -> None:
        """Listen from now on; to be called on the loop."""
        if not self._tasks:
            self._look_at = 0.0
            self._begin(self._listen(URGENT, self._take_urgent))
            self._begin(self._listen(PATIENT, self._take_patient))

    async def close(self) -> None:
        """Listen no more, and end the hosts; who waits for an answer gets none."""
        for task in list(self._tasks):
            await cancelled(task)
        await self._hosts.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, requests: str, take: Take) -> None:
        """Two that listen, as one that waits for people's requests does not see at once that the next batch of a file can go on."""
        redis = Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_connect_timeout=BACK_OFF_S)
        try:
            while True:
                await self._go_on(redis, requests, take)
        finally:
            await redis.aclose()

    async def _go_on(self, redis: Redis, requests: str, take: Take) -> None:
        try:
            await self._look()
            if found := await redis.blpop([requests], timeout=LOOK_EVERY_S):
                await take(redis, json.loads(found[1]))
        except (RedisError, OSError, DatabaseError) as error:
            logger.warning("finders: requests cannot be heard (%s)", error)
            await asyncio.sleep(BACK_OFF_S)

    async def _take_urgent(self, redis: Redis, request: dict[str, Any]) -> None:
        self._begin(self._answer(redis, request))

    async def _take_patient(self, redis: Redis, request: dict[str, Any]) -> None:
        await _give_way()
        await self._answer(redis, request)

    async def _look(self) -> None:
        """Now and then: have the models in use loaded before they are asked, and those that are not any more give their memory back."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_EVERY_S
        in_use = await in_database(_finders)()
        self._hosts.keep([model.file for model in in_use])
        for model in in_use:
            if self._hosts.has_room(model.file, need_bytes_of(model)):  # else each would end the other at every look
                self._finder(model, in_use)

    async def _answer(self, redis: Redis, request: dict[str, Any]) -> None:
        if time.time() > request["until"]:
            return
        try:
            found = await self._found(request)
        except EngineError as error:
            found = wire.error_message(error)
        except DatabaseError as error:
            found = wire.error_message(EngineUnavailable(f"The database does not say which model that is: {error}"))
        try:
            answers = f"{ANSWERS}{request['id']}"
            pipeline = redis.pipeline()
            pipeline.rpush(answers, json.dumps(found))
            pipeline.expire(answers, KEPT_S)
            await pipeline.execute()
        except (RedisError, OSError) as error:
            logger.warning("finders: an answer was not sent (%s)", error)

    async def _found(self, request: dict[str, Any]) -> dict[str, Any]:
        in_use = await in_database(_finders)()
        model = next((model for model in in_use if str(model.pk) == request["model"]), None)
        if model is None:
            raise EngineUnavailable("This model is not in use any more.")
        return await self._finder(model, in_use).answer(request["message"])

    def _finder(self, model: InstalledModel, in_use: list[InstalledModel]) -> LocalFinder:
        beside = [other.file for other in in_use]
        return LocalFinder(self._hosts.host(model.file, setting_of(model), need_bytes=need_bytes_of(model), beside=beside))


@cache
def desk() -> Desk:
    """The desk of this process."""
    return Desk()


async def _give_way() -> None:
    """Let an answer that is being written have the processor, but not for ever."""
    for _ in range(int(GIVES_WAY_S / STEP_S)):
        if not services.keeper().is_busy:
            return
        await asyncio.sleep(STEP_S)


def _finders() -> list[InstalledModel]:
    return list(InstalledModel.objects.filter(role__in=FINDERS, is_active=True).order_by("role").with_parts())
