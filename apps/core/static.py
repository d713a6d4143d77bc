"""Static files under hashed names, ES module imports included."""

from __future__ import annotations

from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedStaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # servestatic is untyped
    """Content-hashed names, kept for ever by browsers; imports between our modules are rewritten to them."""

    support_js_module_import_aggregation = True
