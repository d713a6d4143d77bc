"""Images for the tests."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def plain(colour: str = "red", size: tuple[int, int] = (200, 150)) -> Image.Image:
    """One colour."""
    return Image.new("RGB", size, colour)


def noise(size: tuple[int, int] = (200, 150)) -> Image.Image:
    """Something of every grey."""
    return Image.effect_noise(size, 90).convert("RGB")


def data_url(data: bytes, kind: str = "png") -> str:
    """As programs send it."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def part(url: str) -> dict[str, Any]:
    """A part of a message."""
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
