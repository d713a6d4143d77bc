"""A small product for the supervisor: the real services, a web that only says ready, a worker that only sleeps."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import socket

from gemmaweb.local import ready, supervisor, web
from gemmaweb.local.account import bind
from gemmaweb.local.children import Child
from gemmaweb.local.errors import Refused, StartFailed
from gemmaweb.local.folder import REPOSITORY, Home
from gemmaweb.local.plan import Plan, as_child
from gemmaweb.local.postgres import Postgres
from gemmaweb.local.valkey import Valkey

WORKER = "import time; from gemmaweb.local.ready import tell_ready; tell_ready(); time.sleep(3600)"
# A grandchild in the group of its parent, and deaf to everything that can be ignored.
DEAF_FAMILY = (
    "import os, signal, time; from gemmaweb.local.ready import tell_ready;"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork(); tell_ready(); time.sleep(3600)"
)
CRASHER = "import sys; sys.exit('a reason')"


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())


def plan(home: Home, listening: socket) -> Plan:
    worker = {"deaf": DEAF_FAMILY, "crash": CRASHER}.get(os.environ.get("TOY", ""), WORKER)
    told = home.run / "worker.ready"
    told.unlink(missing_ok=True)
    os.environ[ready.VARIABLE] = str(told)
    return Plan(
        services=(as_child(Postgres(home)), as_child(Valkey(home))),
        set_up=list,
        programs=((_python("worker", "-c", worker, is_ready=told.exists),), (_web(listening),)),
    )


def _web(listening: socket) -> Child:
    fd = listening.fileno()
    return _python("web", __file__, "serve", str(fd), is_ready=lambda: web.answers(listening), pass_fds=(fd,))


def _python(name: str, *arguments: str, is_ready: Callable[[], bool], pass_fds: tuple[int, ...] = ()) -> Child:
    return Child(
        name=name,
        command=lambda: bind((sys.executable, *arguments), signal.SIGKILL),
        is_ready=is_ready,
        environment={"PYTHONPATH": str(REPOSITORY)},
        pass_fds=pass_fds,
        grace_s=2,
    )


def _serve(fd: int) -> None:
    server = HTTPServer(("127.0.0.1", 0), Ready, bind_and_activate=False)
    server.socket = socket(fileno=fd)
    server.serve_forever()


def main() -> None:
    home = Home.from_environment()
    try:
        supervisor.run(home, lambda listening: plan(home, listening))
    except (Refused, StartFailed) as reason:
        print(reason, file=sys.stderr)  # noqa: T201
        sys.exit(2 if isinstance(reason, Refused) else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve(int(sys.argv[2]))
    else:
        main()
