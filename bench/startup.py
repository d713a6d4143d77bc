"""How long `make run` takes on a warm machine, from the command to ready: first and second starts, by phase.

    python -m bench.startup

A first start is one in a new home (a database is made, tables, static files); a second one finds all of that. Medians of
three, seconds. The installing of packages is no part of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
# What `up` prints when it enters a phase, in this order.
PHASES = {
    "Starting postgres": "program",
    "Bringing the database": "services",
    "Collecting static": "tables",
    "Starting generation": "static files",
    "Gemmaweb is ready": "web and workers",
}
READY = "Gemmaweb is ready"


def start(home: Path) -> dict[str, float]:
    """Seconds from the command to each line that ends a phase, in the order of their coming; stopped again afterwards."""
    environment = {**os.environ, "GEMMAWEB_HOME": str(home), "GEMMAWEB_PORT": "0"}
    began = time.monotonic()
    make = ("make", "--silent", "--assume-old=.venv/installed", "run")
    running = subprocess.Popen(make, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    seen: dict[str, float] = {}
    for line in running.stdout or ():
        seen |= {begin: time.monotonic() - began for begin in PHASES if line.startswith(begin)}
        if READY in seen:
            break
    os.killpg(running.pid, signal.SIGINT)
    running.communicate()
    if READY not in seen:
        raise SystemExit("It did not become ready.")
    return seen


def by_phase(seen: dict[str, float]) -> dict[str, float]:
    """The length of each phase, and of all; the end of the services shows at the first line after it, whichever that is."""
    lengths, before_s = dict.fromkeys(PHASES.values(), 0.0), 0.0
    for place, (begin, at_s) in enumerate(seen.items()):
        lengths["services" if place == 1 else PHASES[begin]] = at_s - before_s
        before_s = at_s
    return {**lengths, "ready": before_s}


def main() -> None:
    firsts, seconds = [], []
    for _round in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="gemmaweb-bench-") as folder:
            firsts.append(by_phase(start(Path(folder) / "home")))
            seconds.append(by_phase(start(Path(folder) / "home")))
    report = {"first": _medians(firsts), "second": _medians(seconds)}
    for name, lengths in report.items():
        print(
            f"{name} start: {lengths['ready']:.1f} s",
            *(f"{phase} {lengths[phase]:.1f}" for phase in lengths if phase != "ready"),
            sep="\n    ",
        )
    print(json.dumps(report))


def _medians(starts: list[dict[str, float]]) -> dict[str, float]:
    return {phase: round(median(each[phase] for each in starts), 2) for phase in starts[0]}


if __name__ == "__main__":
    main()
