"""Children that read files, as the worker sees them: started by the forking process, which is started when the first one is needed."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

from apps.documents.parsing.errors import Crashed

FORKS_MAX = 200  # forks share the layout of their memory: whoever learns it from one file must not use it for long
ANSWER_WITHIN_S = 30.0  # the first one of a kind loads its parser
LAST_CHILD_WITHIN_S = 2.0
CODE_MAX_BYTES = 16
_ROOT = Path(__file__).resolve().parents[3]
# -I: no variable and no folder of the user's is looked at; so the process is told where the product's code is
_START = "import sys; sys.path.insert(0, sys.argv[1]); from apps.documents.parsing.forking import main; main()"


class Reader:
    """One child: `output` is what it says, `code` how it ended."""

    def __init__(self, output: IO[bytes], word: socket.socket) -> None:
        self.output = output
        self._word = word

    def code(self, within_s: float) -> int | None:
        """How it ended, negative for a signal; None if it has not within `within_s`, or if nobody can tell any more."""
        self._word.settimeout(within_s)
        with suppress(TimeoutError):
            said = self._word.recv(CODE_MAX_BYTES)
            return int(said) if said else None
        return None

    def end(self) -> None:
        """Return when it is gone; it is killed if it is still there."""
        self.output.close()
        self._word.settimeout(ANSWER_WITHIN_S)
        with self._word, suppress(OSError):
            self._word.shutdown(socket.SHUT_WR)
            while self._word.recv(CODE_MAX_BYTES):
                pass


class Readers:
    """Starts readers. One object serves all threads of a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._forks = 0
        self._retired: list[subprocess.Popen[bytes]] = []

    def start(self, order: Mapping[str, Any], source: IO[bytes], errors: IO[bytes]) -> Reader:
        """A child that reads `source` as the `order` says and complains into `errors`. Raises Crashed where none can be had."""
        ours, theirs = socket.socketpair()
        output, said = os.pipe()
        try:
            self._send(json.dumps(order).encode(), [source.fileno(), said, errors.fileno(), theirs.fileno()])
        except Crashed:
            ours.close()
            os.close(output)
            raise
        finally:
            theirs.close()
            os.close(said)
        return Reader(os.fdopen(output, "rb", buffering=0), ours)

    def close(self) -> None:
        """Start no more; wait a moment for the forking process, which ends with its last child."""
        with self._lock:
            self._let_go()
            for process in self._retired:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LAST_CHILD_WITHIN_S)

    def _send(self, order: bytes, files: list[int]) -> None:
        with self._lock:
            for _ in range(2):  # the forking process may have been killed since it was last used
                if self._is_taken(order, files):
                    return
                self._let_go()
        raise Crashed

    def _is_taken(self, order: bytes, files: list[int]) -> bool:
        control = self._fresh_control()
        with suppress(OSError):
            socket.send_fds(control, [order], files)
            return control.recv(1) != b""
        return False

    def _fresh_control(self) -> socket.socket:
        if self._forks >= FORKS_MAX:
            self._let_go()
        if self._control is None:
            self._control = self._launch()
        self._forks += 1
        return self._control

    def _launch(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(_ROOT)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,  # Ctrl-C at the terminal is for the worker, which then ends it
            )
        ours.settimeout(ANSWER_WITHIN_S)
        return ours

    def _let_go(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._retired.append(self._process)
        self._retired = [process for process in self._retired if process.poll() is None]
        self._control, self._process, self._forks = None, None, 0


READERS = Readers()
atexit.register(READERS.close)
