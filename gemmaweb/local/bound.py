"""Run a command bound to its parent: `python bound.py PARENT SIGNAL COMMAND...`; when the parent dies it gets SIGNAL.

A small program of its own and not a `preexec_fn`: that one may deadlock where threads are, and the supervisor has some.
Linux only; elsewhere the command runs unbound, and the next start clears up by the run file.
"""

from __future__ import annotations

import os
import sys


def bind_to_parent(parent: int, number: int) -> None:
    """Have the kernel send signal `number` when the parent ends; it outlives the exec that follows."""
    import ctypes  # half of this program's start, and only Linux needs it

    set_death_signal = 1
    if ctypes.CDLL(None, use_errno=True).prctl(set_death_signal, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)


if __name__ == "__main__":
    if sys.platform == "linux":
        bind_to_parent(int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 - a shell is what is not wanted
