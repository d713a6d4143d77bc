"""Which engine host runs: that of the model in use, and for a moment its predecessor, until its answers have ended."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from .fit import Setting
from .host_client import LlamaEngine
from .host_process import HostPlan, HostProcess, HostStatus
from .model_file import ModelFile


class HostKeeper:
    """The hosts of one process, kept by its event loop. A change of model needs no restart of anything."""

    def __init__(self, plan: HostPlan) -> None:
        self._plan = plan
        self._host: HostProcess | None = None
        self._ending: dict[HostProcess, asyncio.Task[None]] = {}

    def engine(self, file: ModelFile, setting: Setting | None = None) -> LlamaEngine:
        """The engine of `file`, which is the model in use from now on: its host is started, and the one before ends after its answers.

        Another setting of the same file is another host too.
        """
        plan = replace(self._plan, slots=setting.slots, context_tokens=setting.context_tokens) if setting else self._plan
        if self._host is None or (self._host.file, self._host.plan) != (file, plan):
            self.rest()
            self._host = HostProcess(file, plan)
        return LlamaEngine(self._host)

    def rest(self) -> None:
        """Use no model from now on; the host that ran ends after its answers."""
        host, self._host = self._host, None
        if host is not None:
            task = self._ending[host] = asyncio.create_task(host.end_when_idle())
            task.add_done_callback(lambda _: self._ending.pop(host, None))

    def status(self) -> HostStatus:
        """How the model in use fares."""
        return self._host.status() if self._host else HostStatus("", "none")

    async def close(self) -> None:
        """End all hosts now, in mid-answer too."""
        self.rest()
        hosts = dict(self._ending)
        for task in hosts.values():
            task.cancel()
        await asyncio.gather(*(host.end() for host in hosts))
