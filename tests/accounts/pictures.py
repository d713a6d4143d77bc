"""Pictures of every kind, made where they are needed."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

SECRET = "the harbour master's address"
ORIENTATION, DESCRIPTION = 0x0112, 0x010E


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file of this kind."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(png: bytes) -> Image.Image:
    """The pixels of a PNG."""
    return Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")


def halves(size: tuple[int, int] = (200, 200)) -> Image.Image:
    """Red, and blue in the upper left quarter."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, 0, size[0] // 2, size[1] // 2))
    return picture


def noise(side: int = 900) -> bytes:
    """A PNG that hardly compresses."""
    return encoded(Image.merge("RGB", [Image.effect_noise((side, side), 120) for _ in range(3)]))


def photo() -> bytes:
    """A JPEG of a camera that was held upright, with words in it that nobody should see."""
    facts = Image.Exif()
    facts[ORIENTATION], facts[DESCRIPTION] = 6, SECRET
    return encoded(halves(), "JPEG", exif=facts, quality=95, comment=SECRET.encode())


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it has this size."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(1000))) + _chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG with a comment that unpacks to 300 MB."""
    whole = encoded(halves())
    packed = zlib.compress(bytes(300_000_000), 9)
    return whole[:33] + _chunk(b"zTXt", b"Comment\0\0" + packed) + whole[33:]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
# What is refused, and the code of the sentence.
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "gif": (lambda: encoded(halves(), "GIF"), "not_a_picture"),
    "tiff": (lambda: encoded(halves(), "TIFF"), "not_a_picture"),
    "bmp": (lambda: encoded(halves(), "BMP"), "not_a_picture"),
    "ico": (lambda: encoded(halves((64, 64)), "ICO"), "not_a_picture"),
    "eps": (lambda: encoded(halves(), "EPS"), "not_a_picture"),
    "svg": (lambda: SVG, "not_a_picture"),
    "html": (lambda: b"<html><script>alert(1)</script>", "not_a_picture"),
    "words": (lambda: b"no picture at all", "not_a_picture"),
    "its first bytes only": (lambda: b"\x89PNG\r\n\x1a\n", "not_a_picture"),
    "bomb": (lambda: bomb(20_000, 20_000), "too_many_pixels"),
    "bomb of one line": (lambda: bomb(2**31 - 1, 1), "too_many_pixels"),
    "a little too large": (lambda: encoded(Image.new("1", (6400, 6400))), "too_many_pixels"),
    "truncated jpeg": (lambda: encoded(halves((900, 900)), "JPEG")[:2000], "picture_damaged"),
    "truncated png": (lambda: noise()[:5000], "picture_damaged"),
    "truncated webp": (lambda: encoded(halves((900, 900)), "WEBP", lossless=True)[:60], "picture_damaged"),
    "png of other bytes": (lambda: encoded(halves())[:60] + bytes(500), "picture_damaged"),
    "text bomb": (text_bomb, "picture_damaged"),
}
