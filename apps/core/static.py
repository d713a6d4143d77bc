"""Static files under hashed names, ES module imports included, and compressed."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

import brotli  # type: ignore[import-untyped]
from servestatic.compress import Compressor
from servestatic.storage import CompressedManifestStaticFilesStorage

LARGE_BYTES = 200_000
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"
_VERSIONED = re.compile(r"/\d+\.\d+\.\d+/")
_DENSE = (".bcmap", ".pfb")
Processed = tuple[str, str | None, bool | Exception]


def guard(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Give a static file its policy: a worker follows that of its own file, not its page's, and the one that reads PDFs meets strangers."""
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"


class QuickCompressor(Compressor):  # type: ignore[misc]  # servestatic is untyped
    """Compresses large files almost as well in a twentieth of the time: the first start waits for it."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """1.3 MB of pdf.js: 1.9 s and 311 kB at quality 11, 0.1 s and 345 kB at 9."""
        return bytes(brotli.compress(data, quality=9 if len(data) > LARGE_BYTES else 11))


class HashedStaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # servestatic is untyped
    """Content-hashed names, kept for ever by browsers; imports between our modules are rewritten to them.

    What stands in a folder named by a version keeps its name: a library finds it by that, and the next version has a folder of its own.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[Processed]:
        """Hash and compress the files of `paths`; yields the original name, the new one, and True or what went wrong."""
        yield from super().post_process({name: found for name, found in paths.items() if not _VERSIONED.search(name)}, *args, **options)
        yield from ((name, packed, True) for name, packed in self.compress_files(set(filter(_VERSIONED.search, paths))))

    def compress_files(self, paths: set[str]) -> Iterator[tuple[str, str]]:
        """Compress what pages ask for, and not the unhashed originals too."""
        named = set(self.hashed_files.values())
        asked_for = {path for path in paths if path in named or _VERSIONED.search(path)}
        yield from super().compress_files({path for path in asked_for if not path.endswith(_DENSE)})

    def create_compressor(self, **options: Any) -> Compressor:
        """The one above."""
        return QuickCompressor(**options)
