"""What a log line never tells."""

from __future__ import annotations

import logging
import re

# The address of such a link is its secret, and Django writes the address of whatever it refuses.
LINK = re.compile(r"/(invitations|reset)/[^/\s\"'?#]+")


class LineFormatter(logging.Formatter):
    """A line with the secrets of links left out, those in a traceback too."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return LINK.sub(r"/\1/…", super().format(record))
