"""What the cache keeps."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """Plain data as JSON. Django's own choice would read pickles out of Redis."""

    def dumps(self, value: Any) -> bytes | int:
        """Whole numbers stay as they are: Redis counts with them."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """What was stored."""
        return json.loads(data)
