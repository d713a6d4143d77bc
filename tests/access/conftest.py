"""Files on the team's shelf, as the tests of documents put them there."""

from tests.documents.conftest import upload

__all__ = ["upload"]
