"""Twenty rounds of kill -9 on everything at once, at random moments, and whether the next start repairs itself.

    python -m bench.soak_kill [ROUNDS [SEED]]

A kill falls anywhere from the first second of a start to some seconds after ready. Every other start must become ready
by itself; what was acknowledged before a kill must be there after it. Prints the time to ready after each kill.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg

from gemmaweb.local.folder import Home
from tests.local.driver import PRODUCT, Up

ROUNDS = 20
LATEST_KILL_S = 8


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10_000)  # moments, not secrets
    print(f"{rounds} rounds, seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="gemmaweb-soak-"))
    try:
        times_s = [_round(number, folder / "home", random.Random(seed + number)) for number in range(rounds)]
    finally:
        Home(folder / "home").close_sockets()
        shutil.rmtree(folder)
    print(f"{rounds} of {rounds} starts repaired themselves; ready after {median(times_s):.1f} s (median), {max(times_s):.1f} s at worst")


def _round(number: int, home: Path, chance: random.Random) -> float:
    """Kill one start at a random moment; seconds that the next one took to ready."""
    kill_after_s = chance.uniform(0.2, LATEST_KILL_S)
    killed = Up(home, PRODUCT)
    time.sleep(kill_after_s)
    killed.kill_all()
    killed.output.unlink()
    began = time.monotonic()
    repaired = Up(home, PRODUCT).wait_ready()
    ready_s = time.monotonic() - began
    _check_and_add(repaired, number)
    print(f"round {number + 1}: killed after {kill_after_s:.1f} s, ready after {ready_s:.1f} s")
    repaired.kill_all()
    repaired.output.unlink()
    return ready_s


def _check_and_add(run: Up, number: int) -> None:
    """A row is committed in each round, and right after that everything is killed: all of them must still be there."""
    with psycopg.connect(run.home.database_url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS soak (number int)")
        kept = [row for (row,) in connection.execute("SELECT number FROM soak ORDER BY number")]
        connection.execute("INSERT INTO soak VALUES (%s)", (number,))
    if kept != list(range(number)):
        raise SystemExit(f"Rows were lost: {kept} of {number}.")


if __name__ == "__main__":
    main()
