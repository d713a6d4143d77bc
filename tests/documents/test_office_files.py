"""Office files of each kind, from the upload to the passage that answers."""

from __future__ import annotations

import pytest

from apps.documents.search import find_passages
from apps.workspaces.models import Workspace
from tests.documents.conftest import Upload
from tests.documents.marina import FILES, QUESTIONS


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_kind_is_found_at_its_place(upload: Upload, workspace: Workspace, question: str) -> None:
    name, place, words = QUESTIONS[question]
    version = upload(FILES[name], name=name).current
    assert version is not None
    assert (version.status, version.kind, version.warnings) == ("ready", name.rpartition(".")[2], [])
    upload("The harbour closes at nine in the evening, and the ferry is painted white.", name="other.txt")
    hit = find_passages(workspace, question, 10).hits[0]
    assert (hit.document_name, hit.place) == (name, place)
    assert words in hit.text
