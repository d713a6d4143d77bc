"""The process that readers are forked from: it has loaded the parsers, is given files without ever looking into one, and forks for each.

Each child is a copy that has seen no file but its own, and gives up everything before it looks at it. An order comes over the control
socket with four open files: what to read, where to write, where to complain, and a socket of its own. Down that socket goes how the
child ended; when its other end is closed, the child is killed. So nothing outlives whoever ordered it.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from apps.core import jail
from apps.documents.parsing import child
from apps.documents.parsing.parsers import load

ORDER_MAX_BYTES = 16 * 1024
FILES_OF_AN_ORDER = 4
TAKEN = b"1"
SLOW_AFTER_S = 10.0
SLOW_NICENESS = 19  # what takes long gives way to what does not
OPEN_FILES_MAX = 4096


@dataclass(slots=True)
class Child:
    """A living child: the socket of whoever waits for it, and since when it reads."""

    word: socket.socket
    born_at: float = field(default_factory=monotonic)
    is_slow: bool = False


class Forker:
    """The loop: orders in, children out."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, Child] = {}  # by their pids
        self._selector = selectors.DefaultSelector()
        self._ended, wake = os.pipe()
        for end in (self._ended, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._ended, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until the control socket is closed and the last child has ended."""
        is_open = True
        while is_open or self._children:
            for key, _ in self._selector.select(SLOW_AFTER_S if self._children else None):
                if key.fileobj is self._control:
                    is_open = self._take_order()
                elif key.fileobj == self._ended:
                    self._bury()
                elif key.data in self._children:
                    self._kill(key.data)
            self._slow_down()

    def _take_order(self) -> bool:
        """Fork for the next order; False where no more will come."""
        said, files, _, _ = socket.recv_fds(self._control, ORDER_MAX_BYTES, FILES_OF_AN_ORDER)
        if not said:
            self._selector.unregister(self._control)
            return False
        order = json.loads(said)
        with suppress(ImportError):  # the child will meet it again, and say where
            load(order["kind"])
        gc.freeze()
        host = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(files, order, host)
        self._children[pid] = Child(socket.socket(fileno=files.pop()))
        self._selector.register(self._children[pid].word, selectors.EVENT_READ, pid)
        for file in files:
            os.close(file)
        self._control.send(TAKEN)
        return True

    def _become_child(self, files: Sequence[int], order: Mapping[str, Any], host: int) -> None:
        """Read the file, and end; what nobody expected ends as it does in any program."""
        signal.set_wakeup_fd(-1)
        for number, file in enumerate(files[:3]):
            os.dup2(file, number)
        os.closerange(3, OPEN_FILES_MAX)
        jail.die_with(host)
        child.read_file(order)
        sys.stderr.flush()
        os._exit(0)  # taking the interpreter down would cost more than a small file

    def _kill(self, pid: int) -> None:
        """Nobody waits for it any more."""
        self._selector.unregister(self._children[pid].word)
        os.kill(pid, signal.SIGKILL)  # it has not been buried, so the number is still its own

    def _bury(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._ended, 512)
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            word = self._children.pop(pid).word
            with suppress(KeyError):
                self._selector.unregister(word)
            with suppress(OSError), word:  # nobody listens where it was killed
                word.send(str(os.waitstatus_to_exitcode(status)).encode())

    def _slow_down(self) -> None:
        for pid, one in self._children.items():
            if not one.is_slow and monotonic() - one.born_at > SLOW_AFTER_S:
                one.is_slow = True
                os.setpriority(os.PRIO_PROCESS, pid, SLOW_NICENESS)


def main() -> None:
    """Fork for the orders that come by standard input, a socket."""
    Forker(socket.socket(fileno=os.dup(0))).run()
