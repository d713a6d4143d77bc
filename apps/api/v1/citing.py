"""What the markers of an answer stand for, in two forms: ours with page and words, and the annotations that clients know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from apps.api.v1.following import Result
from apps.chat.markers import MARKER


class Citing:
    """Writes citations with addresses of this installation, which begin with `origin` (no slash at the end)."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def of(self, result: Result) -> dict[str, Any]:
        """`citations` and `annotations` of a message; nothing where nothing was cited."""
        if not result.citations:
            return {}
        citations = [{**citation, "url": self._address(citation)} for citation in result.citations]
        return {"citations": citations, "annotations": list(self._annotations(result.run.answer.text, citations))}

    def _annotations(self, text: str, citations: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        known = {citation["n"]: citation for citation in citations}
        for marker in MARKER.finditer(text):
            if citation := known.get(int(marker[1])):
                span = {"start_index": marker.start(), "end_index": marker.end()}
                yield {"type": "url_citation", "url_citation": {**span, "title": citation["title"], "url": citation["url"]}}

    def _address(self, citation: dict[str, Any]) -> str:
        """The document's page; empty once the file is gone."""
        document = citation["document"]
        return f"{self._origin}{reverse('document', args=[document])}?page={citation['page']}" if document else ""
