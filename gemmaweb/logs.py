"""What a log line never tells."""

from __future__ import annotations

import logging
import re

# Django writes the address of whatever it refuses. Of such a link it is the secret; a workspace's short name is made of its name, which
# must not outlive it.
TELLING = re.compile(r"/(invitations|reset|w|api/workspaces)/[^/\s\"'?#]+")


class LineFormatter(logging.Formatter):
    """A line with the secrets of links and the names of workspaces left out, those in a traceback too."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return TELLING.sub(r"/\1/…", super().format(record))
