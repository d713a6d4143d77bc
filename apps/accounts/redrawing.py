"""What runs in the child: one picture from standard input, two square PNGs of our own drawing on standard output. Imports no Django."""

from __future__ import annotations

import base64
import io
import json

from PIL import Image, ImageOps

from apps.core import drawing

FORMATS = ("PNG", "JPEG", "WEBP")
LARGE_PX, SMALL_PX = 256, 64
PNG_MAX_BYTES = 100_000
OUTPUT_MAX_BYTES = 1024 * 1024


def main() -> None:
    """Tell `{"large", "small"}` in base64, or why there is no picture."""
    drawing.draw(_told, output_max_bytes=OUTPUT_MAX_BYTES)


def redraw(data: bytes) -> dict[str, bytes]:
    """The middle of the picture as two PNGs, upright, without anything but pixels. Raises drawing.Refused."""
    with drawing.opened(data, formats=FORMATS, side_px=2 * LARGE_PX) as picture:
        large = _square(picture)
    return {"large": _png(large), "small": _png(large.resize((SMALL_PX, SMALL_PX), Image.Resampling.LANCZOS))}


def _told(data: bytes) -> bytes:
    return json.dumps({name: base64.b64encode(png).decode() for name, png in redraw(data).items()}).encode()


def _square(picture: Image.Image) -> Image.Image:
    """The middle of the picture at LARGE_PX, turned as its camera says, on paper where it is transparent."""
    middle = ImageOps.fit(picture.convert("RGBA"), (LARGE_PX, LARGE_PX), Image.Resampling.LANCZOS)
    return drawing.on_paper(ImageOps.exif_transpose(middle))


def _png(picture: Image.Image) -> bytes:
    """The PNG; one that is too large in true colour has 256 of them."""
    png = _encoded(picture)
    return png if len(png) <= PNG_MAX_BYTES else _encoded(picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG))


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
