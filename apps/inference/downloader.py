"""One download from its claim to its end: bytes, sum, header, trial; with a beat that saves how far it is and hears whether to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from . import downloads, services
from .adding import check_fetched
from .catalogue import Entry, catalogue
from .download_errors import DoesNotWork, DownloadFailed, HubOffline, NotInCatalogue, ProxyUnusable
from .models import Download
from .proxy import BadProxy, read_proxy
from .transfer import Stopped, Transfer

logger = logging.getLogger(__name__)
BEAT_S = 0.5
RATE_OVER_S = 5.0
# What the trial says of the file, and what is found where it is stored: others added a model, or removed its base, while it came.
NOT_INSTALLED = (services.ModelRefused, services.NoSuchModel, services.NameTaken, services.HasParts)
_ending = threading.Event()


class Beats:
    """A thread that saves the transfer's progress twice a second, and stops it once the row is not ours, or the worker ends."""

    def __init__(self, download: Download, transfer: Transfer) -> None:
        self._download = download
        self._transfer = transfer
        self._is_over = threading.Event()
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), transfer.done_bytes)])
        self._thread = threading.Thread(target=self._run, name=f"beats of {download.key}", daemon=True)

    def __enter__(self) -> Beats:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._is_over.wait(BEAT_S):
                self.beat()
        finally:
            connection.close()

    def beat(self) -> None:
        """Save how far it is now."""
        done = self._transfer.done_bytes
        try:
            close_old_connections()
            is_ours = Download.objects.beat(self._download, done_bytes=done, rate_bytes_s=self._rate(done), mirror=self._transfer.mirror)
        except DatabaseError as error:
            logger.warning("download of %s: a beat was missed (%s)", self._download.key, error)
            return
        if not is_ours or _ending.is_set():
            self._transfer.stop()

    def _rate(self, done: int) -> int:
        """Bytes a second, over the last seconds."""
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > RATE_OVER_S:
            self._seen.popleft()
        then, before = self._seen[0]
        return max(0, round((done - before) / (now - then))) if now > then else 0


def run_all() -> None:
    """Get all that was asked for, one after the other."""
    while not _ending.is_set() and (download := downloads.claim_next()):
        run(download)
        close_old_connections()


def run(download: Download) -> None:
    """Get one that was claimed; its row says how it ended."""
    transfer = None
    try:
        transfer = _transfer(download)
        checked = _fetch_and_check(download, transfer)
        if downloads.finish(download, checked):
            logger.info("download of %s: done", download.key)
    except Stopped:
        downloads.hand_back(download)  # of the worker's end; where it was somebody who stopped it, the row is not ours any more
    except NOT_INSTALLED as error:
        logger.warning("download of %s: not installed (%s)", download.key, error.code)
        downloads.fail(download, DoesNotWork(why=str(error)), done_bytes=download.size_bytes)
    except DownloadFailed as error:
        logger.warning("download of %s: failed (%s)", download.key, error.code)
        downloads.fail(download, error, done_bytes=transfer.done_bytes if transfer else download.done_bytes)


def end() -> None:
    """Hand back what is on its way: the worker ends."""
    _ending.set()


def _transfer(download: Download) -> Transfer:
    entry = catalogue().get(download.key)
    if entry is None:
        raise NotInCatalogue
    if settings.HF_HUB_OFFLINE:
        raise HubOffline
    try:
        proxy = read_proxy(settings.HTTPS_PROXY, settings.NO_PROXY)
    except BadProxy as error:
        raise ProxyUnusable(why=str(error)) from error
    return Transfer(entry, settings.MODELS, endpoints=settings.HF_ENDPOINTS, token=settings.HF_TOKEN, mirror=download.mirror, proxy=proxy)


def _fetch_and_check(download: Download, transfer: Transfer) -> services.CheckedModel:
    """Raises Stopped, DownloadFailed, ModelRefused, NameTaken, NoSuchModel."""
    close_old_connections()  # nobody needs it for hours
    with Beats(download, transfer) as beats:
        path = transfer.run()
        beats.beat()  # all bytes are here: should the trial end this process, it is known what did
        entry: Entry = transfer.entry
        return check_fetched(path, entry)
