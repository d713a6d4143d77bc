"""What `manage.py up` runs, as data."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from gemmaweb.local import programs, ready, web
from gemmaweb.local.account import bind
from gemmaweb.local.children import Child
from gemmaweb.local.folder import REPOSITORY, Home
from gemmaweb.local.postgres import Postgres
from gemmaweb.local.service import Service
from gemmaweb.local.valkey import Valkey


@dataclass(frozen=True)
class Step:
    """A command that must succeed before the programs start; `done` is called when it has. `advice` says what to do where it has not."""

    title: str
    command: tuple[str, ...]
    done: Callable[[], None] = lambda: None
    advice: Callable[[], str] = str


@dataclass(frozen=True)
class Plan:
    """Children in the order in which they start, and the steps between services and programs.

    Stopping goes backwards: the last stage of programs first, a stage at once, then the services one by one.
    """

    services: tuple[Child, ...]
    set_up: Callable[[], list[Step]]
    programs: tuple[tuple[Child, ...], ...]


def gemmaweb_plan(home: Home, *, listening: socket.socket, slots: int, readers: int, set_up: Callable[[], list[Step]]) -> Plan:
    """The product: the services that the environment does not name, three workers, web."""
    embedded: list[Service] = []
    if not os.environ.get("DATABASE_URL"):
        embedded.append(Postgres(home))
    if not os.environ.get("REDIS_URL"):
        embedded.append(Valkey(home))
    together = programs.TOGETHER
    alone = [queue for queue in programs.QUEUES if not any(queue in others for others in together.values())]
    workers = tuple(
        _worker(home, queue, programs.worker(queue, home, slots=slots, readers=readers, also=together.get(queue, ()))) for queue in alone
    )
    return Plan(services=tuple(as_child(each) for each in embedded), set_up=set_up, programs=(workers, (_web(home, listening),)))


def manage(*arguments: str) -> tuple[str, ...]:
    """The command that runs `manage.py` with `arguments`, bound to this process."""
    return bind((sys.executable, str(REPOSITORY / "manage.py"), *arguments), signal.SIGKILL)


def as_child(service: Service) -> Child:
    """`service` for the supervisor to run."""
    return Child(
        name=service.name,
        command=service.command,
        prepare=service.prepare,
        is_ready=service.is_ready,
        stop_signal=service.stop_signal,
        grace_s=30,
    )


def _worker(home: Home, queue: str, command: tuple[str, ...]) -> Child:
    told = home.run / f"{queue}.ready"
    return Child(
        name=queue,
        command=lambda: bind(command, signal.SIGKILL),
        prepare=lambda: told.unlink(missing_ok=True),
        is_ready=told.exists,
        environment=programs.worker_environment(home, queue) | {ready.VARIABLE: str(told)},
    )


def _web(home: Home, listening: socket.socket) -> Child:
    return Child(
        name="web",
        command=lambda: bind(programs.web(listening.fileno()), signal.SIGKILL),
        is_ready=lambda: web.answers(listening),
        environment=programs.environment(home),
        pass_fds=(listening.fileno(),),
    )
