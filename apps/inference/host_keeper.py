"""Which engine hosts run: those of the models in use, as far as memory goes, and those before them until their answers have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

from .fit import Setting
from .host_client import LocalEngine
from .host_process import HostPlan, HostProcess, HostStatus
from .model_file import ModelFile

BESIDE_THE_FILE = 1.3  # keys and values, buffers: for a file that does not say what it needs


class HostKeeper:
    """The hosts of one process, kept by its event loop. A change of model needs no restart of anything."""

    def __init__(self, plan: HostPlan) -> None:
        self._plan = plan
        self._hosts: dict[ModelFile, HostProcess] = {}  # who was asked last stands last
        self._ending: dict[HostProcess, asyncio.Task[None]] = {}

    def engine(
        self,
        file: ModelFile,
        setting: Setting | None = None,
        *,
        need_bytes: int = 0,
        beside: Collection[ModelFile] = (),
        adapter: ModelFile | None = None,
    ) -> LocalEngine:
        """The engine of `file`, as `host` has it. `adapter`, one of the file's, changes what this engine writes, and nothing for others."""
        return LocalEngine(self.host(file, setting, need_bytes=need_bytes, beside=beside), adapter)

    def host(
        self, file: ModelFile, setting: Setting | None = None, *, need_bytes: int = 0, beside: Collection[ModelFile] = ()
    ) -> HostProcess:
        """The host of `file`, which takes `need_bytes` and is started if need be. Of the others those `beside` stay, with room.

        With another setting than before it gets another host; the one before ends after its answers. On a graphics card the new one waits
        for that: it would find no room there, and go without the card for as long as it lives.
        """
        self.keep({file, *beside})
        plan = replace(self._plan, slots=setting.slots, context_tokens=setting.context_tokens) if setting else self._plan
        if file in self._hosts and self._hosts[file].plan != plan:
            self._let_go(file)
        host = self._hosts.pop(file, None)
        need_bytes = need_bytes or _guessed_bytes(file)
        self._make_room(host.memory_bytes if host else need_bytes)
        leaving = [task for other, task in self._ending.items() if other.layers_on_cards]
        self._hosts[file] = host or HostProcess(file, plan, need_bytes=need_bytes, after=leaving)
        return self._hosts[file]

    def keep(self, files: Collection[ModelFile]) -> None:
        """Use no other models from now on; the hosts of others end after their answers."""
        for file in self._hosts.keys() - set(files):
            self._let_go(file)

    def has_room(self, file: ModelFile, need_bytes: int = 0) -> bool:
        """Whether `file`, which takes `need_bytes`, can have its host without another one's end."""
        if file in self._hosts or not self._hosts:
            return True
        taken = sum(host.memory_bytes for host in self._hosts.values())
        return taken + (need_bytes or _guessed_bytes(file)) <= self._plan.memory_bytes

    def rest(self) -> None:
        """Use no model from now on."""
        self.keep(())

    @property
    def is_busy(self) -> bool:
        """Whether somebody is being answered now."""
        return any(host.is_busy for host in self._hosts.values())

    def status(self) -> HostStatus:
        """How the model in use fares; of several the one that loads, else the one asked last."""
        known = [host.status() for host in reversed(self._hosts.values())]
        return next((status for status in known if status.state == "loading"), known[0] if known else HostStatus("", "none"))

    async def close(self) -> None:
        """End all hosts now, in mid-answer too."""
        self.rest()
        hosts = dict(self._ending)
        for task in hosts.values():
            task.cancel()
        await asyncio.gather(*(host.end() for host in hosts))

    def _make_room(self, memory_bytes: int) -> None:
        """Let those go that were not asked for longest, until the rest and one that takes `memory_bytes` fit into memory."""
        for file in list(self._hosts):
            if memory_bytes + sum(host.memory_bytes for host in self._hosts.values()) <= self._plan.memory_bytes:
                return
            self._let_go(file)

    def _let_go(self, file: ModelFile) -> None:
        host = self._hosts.pop(file)
        task = self._ending[host] = asyncio.create_task(host.end_when_idle())
        task.add_done_callback(lambda _: self._ending.pop(host, None))


def _guessed_bytes(file: ModelFile) -> int:
    return int(file.loaded_bytes * BESIDE_THE_FILE)
