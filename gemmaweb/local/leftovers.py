"""Which processes a start has made, written down so that the next one can end those that outlived a kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from gemmaweb.local.filesystem import write_whole
from gemmaweb.local.folder import Home

# They were told to end when the supervisor died: this long they may take over it.
LEAVING_GRACE_S = 5


class RunFile:
    """`run/children.json`: name -> pid and start time. The time tells a child from a stranger who has its number today."""

    def __init__(self, home: Home) -> None:
        self._path = home.run / "children.json"
        self._running: dict[str, tuple[int, str]] = {}

    def note(self, name: str, pid: int) -> None:
        """Write down that `name` runs as `pid`."""
        self._running[name] = (pid, started_at(pid))
        write_whole(self._path, json.dumps(self._running))

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End what the last start has left behind, each with its process group, and forget it."""
        noted = json.loads(self._path.read_text()) if self._path.exists() else {}
        deadline = time.monotonic() + LEAVING_GRACE_S
        while left := [pid for pid, started in noted.values() if started and started_at(pid) == started]:
            if time.monotonic() > deadline:
                for pid in left:
                    kill_group(pid)
            time.sleep(0.05)
        self.remove()


def kill_group(leader: int) -> None:
    """Kill the process group of `leader`, who may be dead already."""
    with suppress(ProcessLookupError, PermissionError):  # macOS denies where only zombies are left
        os.killpg(leader, signal.SIGKILL)


def started_at(pid: int) -> str:
    """When process `pid` started, in a form that compares; empty where there is none, or only its zombie."""
    if Path("/proc/self").is_dir():
        return _started_by_proc(pid)
    shown = subprocess.run(("ps", "-o", "lstart=", "-p", str(pid)), capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def _started_by_proc(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, started_ticks = fields[0], fields[19]
    return "" if state == "Z" else started_ticks
