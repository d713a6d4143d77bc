"""What stops `manage.py up` before or while it starts, told in one sentence."""

from __future__ import annotations


class Refused(Exception):
    """The start was refused before anything was changed; the text is a sentence for a person."""


class StartFailed(Exception):
    """Something that was started did not come up; the text says what and where to look."""
