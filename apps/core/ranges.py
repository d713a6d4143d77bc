"""A file's bytes as an answer, whole or the part that was asked for (RFC 9110, section 14)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import IO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

BLOCK_BYTES = 64 * 1024
_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class _NotSatisfiable(Exception):
    """The part begins behind the end."""


def file_response(request: HttpRequest, file: IO[bytes], *, size_bytes: int, etag: str) -> HttpResponseBase:
    """The bytes of `file`: 206 with the part that Range names, 416 where there is no such part, else 200 with all of them.

    Several parts at once, another unit and what is no range at all are passed over, as the standard allows; so is a range whose
    If-Range names another file than `etag`. The file is closed with the response.
    """
    try:
        asked = _asked(request, size_bytes, etag)
    except _NotSatisfiable:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size_bytes}", "Accept-Ranges": "bytes"})
    start, stop = asked or (0, size_bytes)
    response = FileStream(_Blocks(file, start, stop), status=206 if asked else 200)
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = str(stop - start)
    response["ETag"] = etag
    if asked:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size_bytes}"
    return response


def _asked(request: HttpRequest, size_bytes: int, etag: str) -> tuple[int, int] | None:
    """First byte and the one after the last; None for the whole file. Raises _NotSatisfiable."""
    match = _ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if not match or not any(match.groups()) or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start, stop = int(first), min(size_bytes, int(last) + 1 if last else size_bytes)
        if last and int(last) < int(first):
            return None  # no range at all
    if start >= size_bytes:
        raise _NotSatisfiable
    return start, stop


class _Blocks:
    """The bytes of `file` from `start` to `stop`, a block at a time."""

    def __init__(self, file: IO[bytes], start: int, stop: int) -> None:
        self._file = file
        self._left_bytes = stop - start
        file.seek(start)

    def __iter__(self) -> _Blocks:
        return self

    def __next__(self) -> bytes:
        block = self._file.read(min(BLOCK_BYTES, self._left_bytes))
        if not block:
            raise StopIteration
        self._left_bytes -= len(block)
        return block

    def close(self) -> None:
        self._file.close()


class FileStream(StreamingHttpResponse):
    """Read in a thread, block by block, while it is sent: Django would take the whole file into memory before the first byte."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        blocks = iter(self)
        while block := await asyncio.to_thread(next, blocks, b""):
            yield block
