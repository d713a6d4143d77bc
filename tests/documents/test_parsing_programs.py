"""A program that is started for a file finds nothing to steal and cannot go on for ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from apps.documents.parsing import tesseract

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux'")
ROOT = Path(tesseract.__file__).parents[3]


def jailed(script: str, *, cpu_s: int = 5, memory_bytes: int = 2**30, output_max_bytes: int = 1000) -> subprocess.CompletedProcess[str]:
    """`script` run by a shell that stands where tesseract would."""
    order = {
        "program": "/bin/bash", "arguments": ["-c", script], "environment": {"NAME": "value"}, "parent_pid": os.getpid(),
        "cpu_s": cpu_s, "memory_bytes": memory_bytes, "output_max_bytes": output_max_bytes,
    }  # fmt: skip
    started = [sys.executable, "-I", "-c", tesseract._START, str(ROOT), json.dumps(order)]
    return subprocess.run(started, capture_output=True, text=True, check=False, env={}, cwd="/", timeout=30)


def test_it_runs_with_the_variables_that_it_is_given_only() -> None:
    done = jailed("echo $NAME; [ -z $HOME ] && echo homeless")
    assert (done.returncode, done.stdout) == (0, "value\nhomeless\n")


@pytest.mark.parametrize(
    "deed",
    [
        "read line < /etc/hostname", f"read line < {ROOT}/manage.py", "read line < /proc/self/environ", "echo x > /tmp/written",
        "exec 3<>/dev/tcp/127.0.0.1/9", "(true)", "/bin/true & wait",
    ],
)  # fmt: skip
def test_it_cannot(deed: str) -> None:
    done = jailed(f"{deed} || exit 7; echo done")
    assert "done" not in done.stdout
    assert done.returncode != 0


def test_it_ends_when_its_time_is_up() -> None:
    assert jailed("while :; do :; done", cpu_s=1).returncode in (-signal.SIGXCPU, -signal.SIGKILL)


def test_it_has_no_more_memory_than_it_is_given() -> None:
    assert jailed("x=x; while :; do x=$x$x; done", memory_bytes=200 * 2**20).returncode != 0
