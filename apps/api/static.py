"""The three files of Swagger UI that `/api/docs` needs, out of django-ninja's wheel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from django.contrib.staticfiles.finders import BaseStorageFinder
from django.core.files.storage import FileSystemStorage, Storage

# As an installed app ninja would bring all it has: 8 MB, most of it maps and a second viewer, compressed anew at each update.
NEEDED = ("ninja/swagger-ui-bundle.js", "ninja/swagger-ui.css", "ninja/swagger-ui.css.map")


class SwaggerFinder(BaseStorageFinder):
    """Finds these three and nothing else."""

    def __init__(self) -> None:
        spec = find_spec("ninja")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("ninja")
        self.wheel = FileSystemStorage(location=Path(spec.origin).parent / "static")
        super().__init__(self.wheel)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Their names and where they are."""
        for name in NEEDED:
            yield name, self.wheel
