"""A file on its way from the hub to our disk: gone on with where it broke off, and kept only if every byte is the catalogue's."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import http.client
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO
from urllib.parse import urlsplit

from .catalogue import Entry
from .download_errors import (
    CutOff,
    DiskTrouble,
    DownloadFailed,
    HubFailed,
    HubMissing,
    HubRefused,
    HubUnreachable,
    NoSpace,
    WrongBytes,
    WrongLength,
)
from .hub import STALL_S, Broken, Question
from .proxy import Proxy

logger = logging.getLogger(__name__)
BLOCK_BYTES = 1024 * 1024
SPARE_BYTES = 512 * 1024 * 1024  # the database and the logs want to go on as well
TRIES = 3  # without a new byte
PAUSE_S = 1.0
LOCK_S = 10.0
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Stopped(Exception):
    """Somebody has called `stop`; what came is kept."""


def path_of(entry: Entry, folder: Path) -> Path:
    """Where the whole file lies."""
    return folder / f"{entry.key}.gguf"


def part_of(entry: Entry, folder: Path) -> Path:
    """Where it lies as long as it is not whole."""
    return folder / f"{entry.key}.gguf.part"


class Transfer:
    """One attempt. `mirror` says who sent what there is, and under which ETag: only that one can tell whether it is still the same.

    `done_bytes` and `mirror` may be read, and `stop` be called, by another thread.
    """

    def __init__(
        self, entry: Entry, folder: Path, *, endpoints: Sequence[str], token: str = "", mirror: str = "",
        proxy: Proxy | None = None, stall_s: float = STALL_S, pause_s: float = PAUSE_S,
    ) -> None:  # fmt: skip
        self.entry = entry
        self.mirror = mirror
        self._folder = folder
        self._endpoints = endpoints
        self._token = token
        self._proxy = proxy
        self._stall_s, self._pause_s = stall_s, pause_s
        self._part = part_of(entry, folder)
        self._sum = hashlib.sha256()
        self._question: Question | None = None
        self._is_stopped = threading.Event()
        self.done_bytes = _size(self._part)

    def run(self) -> Path:
        """The whole file, every byte as it should be. Raises DownloadFailed, Stopped."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone():
                self._take_up()
                self._refuse_if_full()
                self._fetch()
                path = path_of(self.entry, self._folder)
                self._part.replace(path)
        except OSError as error:
            raise self._disk_trouble(error) from error
        return path

    def stop(self) -> None:
        """Have `run` raise Stopped soon."""
        self._is_stopped.set()
        if self._question is not None:
            self._question.abort()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep out an attempt that was thought dead, and may write another block."""
        with (self._folder / f".{self.entry.key}.lock").open("w") as lock:
            deadline = time.monotonic() + LOCK_S
            while not _lock(lock):
                self._refuse_if_stopped()
                if time.monotonic() > deadline:
                    raise DiskTrouble(why="another process writes this file")
                self._is_stopped.wait(0.1)
            yield

    def _take_up(self) -> None:
        """Read what is there already, for its sum has to go on too."""
        whole = path_of(self.entry, self._folder)
        if whole.exists():  # an attempt died between its last byte and its last word
            whole.replace(self._part)
        if _size(self._part) > self.entry.size_bytes:
            self._part.unlink()
        self._part.touch(mode=0o600)
        self._sum = hashlib.sha256()
        with self._part.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                self._refuse_if_stopped()
                self._sum.update(block)
            self.done_bytes = file.tell()
        if self.done_bytes == self.entry.size_bytes and self._sum.hexdigest() != self.entry.sha256:
            self._throw_away()

    def _refuse_if_full(self) -> None:
        needed = self.entry.size_bytes - self.done_bytes
        free = shutil.disk_usage(self._folder).free
        if needed and needed + SPARE_BYTES > free:
            raise NoSpace(needed_bytes=needed + SPARE_BYTES - free, free_bytes=free)

    def _fetch(self) -> None:
        """All of it, from the first mirror that has it. Raises what the first one said that said anything."""
        refusals: list[DownloadFailed] = []
        for number, endpoint in enumerate(self._endpoints):
            try:
                self._fetch_from(endpoint, self._token if number == 0 else "")
                self._refuse_wrong_bytes(endpoint)
            except DownloadFailed as error:
                logger.warning("download of %s from %s: %s", self.entry.key, _host(endpoint), error.code)
                refusals.append(error)
            else:
                return
        raise next((error for error in refusals if not isinstance(error, HubUnreachable)), refusals[0])

    def _fetch_from(self, endpoint: str, token: str) -> None:
        """Ask until all bytes are there; give up where one question after the other brings none."""
        vain, had_any = 0, False
        while self.done_bytes < self.entry.size_bytes:
            self._refuse_if_stopped()
            before = self.done_bytes
            try:
                self._ask(endpoint, token)
            except Broken as error:
                logger.info("download of %s: %s", self.entry.key, error)
            self._refuse_if_stopped()
            had_any = had_any or self.done_bytes > before
            vain = 0 if self.done_bytes > before else vain + 1
            if vain == TRIES:
                raise (CutOff if had_any else HubUnreachable)(host=_host(endpoint))
            if self.done_bytes < self.entry.size_bytes:
                self._is_stopped.wait(self._pause_s * (vain + 1))

    def _ask(self, endpoint: str, token: str) -> None:
        """One question, and all that it brings. Raises Broken, DownloadFailed."""
        self._question = Question(stall_s=self._stall_s, proxy=self._proxy)
        answer = self._question.ask(endpoint + self.entry.path, token=token, headers=self._wanted(endpoint))
        with answer, self._part.open("r+b") as file:
            self._look_at(answer, endpoint)
            file.truncate(self.done_bytes)
            file.seek(self.done_bytes)
            self._receive(self._question, answer, file)

    def _wanted(self, endpoint: str) -> dict[str, str]:
        """The headers that ask for the rest only; all of it, should it have become another file meanwhile."""
        if not self.done_bytes:
            return {}
        sender, _, tag = self.mirror.partition(" ")
        return {"Range": f"bytes={self.done_bytes}-"} | ({"If-Range": tag} if sender == endpoint and tag else {})

    def _look_at(self, answer: http.client.HTTPResponse, endpoint: str) -> None:
        """Whether what comes is the rest, or all of it (then we begin anew). Raises DownloadFailed."""
        length = answer.getheader("Content-Length")
        if answer.status == http.client.PARTIAL_CONTENT:
            found = RANGE.fullmatch(answer.getheader("Content-Range", ""))
            is_right = found is not None and (int(found[1]), int(found[3])) == (self.done_bytes, self.entry.size_bytes)
        elif answer.status == http.client.OK:
            is_right = length is None or length == str(self.entry.size_bytes)
            self._begin_anew()
        elif answer.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            is_right = False
        else:
            raise self._refusal(answer.status, endpoint)
        if not is_right:
            self._throw_away()
            raise WrongLength(host=_host(endpoint))
        tag = answer.getheader("ETag", "")
        self.mirror = endpoint if tag.startswith("W/") else f"{endpoint} {tag}"[:500]

    def _receive(self, question: Question, answer: http.client.HTTPResponse, file: BinaryIO) -> None:
        """Write down what comes, and count it. Raises Broken, WrongLength."""
        while block := question.read(answer, BLOCK_BYTES):
            self._refuse_if_stopped()
            if self.done_bytes + len(block) > self.entry.size_bytes:
                sender = _host(self.mirror.partition(" ")[0])
                self._throw_away()
                raise WrongLength(host=sender)
            file.write(block)
            self._sum.update(block)
            self.done_bytes += len(block)
        file.flush()
        os.fsync(file.fileno())

    def _refusal(self, status: int, endpoint: str) -> DownloadFailed:
        if status in (401, 403):
            return HubRefused(host=_host(endpoint), repository=self.entry.repository)
        if status in (404, 410):
            return HubMissing(host=_host(endpoint))
        return HubFailed(host=_host(endpoint), status=status)

    def _refuse_wrong_bytes(self, endpoint: str) -> None:
        if self._sum.hexdigest() != self.entry.sha256:
            self._throw_away()
            raise WrongBytes(host=_host(endpoint))

    def _refuse_if_stopped(self) -> None:
        if self._is_stopped.is_set():
            raise Stopped

    def _begin_anew(self) -> None:
        self._sum = hashlib.sha256()
        self.done_bytes = 0

    def _throw_away(self) -> None:
        """Nothing that may be wrong is gone on with, or left on the disk."""
        self._begin_anew()
        self.mirror = ""
        os.truncate(self._part, 0)

    def _disk_trouble(self, error: OSError) -> DownloadFailed:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            left = self.entry.size_bytes - self.done_bytes
            return NoSpace(needed_bytes=left, free_bytes=shutil.disk_usage(self._folder).free)
        return DiskTrouble(why=error.strerror or type(error).__name__)


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _host(endpoint: str) -> str:
    return urlsplit(endpoint).hostname or endpoint
