"""An installation of its own for a benchmark: a home in the temp folder, `manage.py up`, an administrator and a key."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

from tests.product import Product

EMAIL = "bench@example.org"
PASSWORD = "correct horse battery"  # noqa: S105 - of an installation that lives as long as the benchmark
WORKSPACE = "team"


class Installation(Product):
    """Runs from `with` to its end; `url` and `key` open its one workspace, WORKSPACE. Takes settings as they stand in an environment."""

    def __init__(self, **settings: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gemmaweb-bench-")
        super().__init__(Path(self._folder.name) / "home", **settings)

    def __enter__(self) -> Installation:
        self.start()
        self.url = self.address
        self.manage("createadmin", "--email", EMAIL, "--password-stdin", given=PASSWORD)
        self.key = self.manage("createkey", "--user", EMAIL, "--workspace", WORKSPACE).strip()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        self._folder.cleanup()
