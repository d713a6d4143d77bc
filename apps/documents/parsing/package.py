"""An Office file of the new kind: parts in a ZIP that point to each other (ISO/IEC 29500-2)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from lxml.etree import _Element

from apps.documents.parsing.archive import Archive
from apps.documents.parsing.markup import xml_tree

Relations = dict[str, tuple[str, str]]


def relation_of(element: _Element, name: str = "id") -> str:
    """The id of the relation that `element` names: `r:id`, told apart from an `id` of its own."""
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith("elationships}" + name)), "")


class Package:
    """The parts of one file. Reading them may raise Damaged, Encrypted, OutOfMemory, TooLargeInside."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._relations: dict[str, Relations] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._archive)

    def read(self, part: str) -> bytes | None:
        """The bytes of `part`, or None."""
        return self._archive.read(part)

    def xml(self, part: str) -> _Element | None:
        """The root of `part`, or None."""
        data = self._archive.read(part)
        return None if data is None else xml_tree(data)

    def main_part(self, default: str) -> str:
        """The part that is the document itself."""
        return next(iter(self.related("", "officeDocument")), default)

    def title(self) -> str:
        """The title that its author gave it, or ""."""
        root = self.xml("docProps/core.xml")
        return "" if root is None else next((element.text or "" for element in root.iter("{*}title")), "")

    def related(self, part: str, kind: str) -> list[str]:
        """The parts that `part` points to as its `kind`."""
        return [target for of, target in self.relations(part).values() if of == kind]

    def relations(self, part: str) -> Relations:
        """Id to (kind, part) of what `part` ("": the file) points to inside the file; a target outside is never followed."""
        if part not in self._relations:
            self._relations[part] = dict(self._read_relations(part))
        return self._relations[part]

    def _read_relations(self, part: str) -> Iterator[tuple[str, tuple[str, str]]]:
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        for relation in () if root is None else root.iter("{*}Relationship"):
            if relation.get("TargetMode") == "External":
                continue
            target = posixpath.normpath(posixpath.join("/", folder, unquote(relation.get("Target", ""))))
            yield relation.get("Id", ""), (relation.get("Type", "").rpartition("/")[2], target.lstrip("/"))
