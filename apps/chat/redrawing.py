"""What runs in the child: one image from standard input, a JPEG of our own drawing on standard output. Imports no Django."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from apps.core import drawing

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
SIDE_PX = 1536  # more than a model sees of it
QUALITY = 90
OUTPUT_MAX_BYTES = 8 * 1024 * 1024


def main() -> None:
    """Tell the JPEG, or why there is none."""
    drawing.draw(redraw, output_max_bytes=OUTPUT_MAX_BYTES)


def redraw(data: bytes) -> bytes:
    """The image as a JPEG, upright, not too large, without anything but pixels. Raises drawing.Refused."""
    with drawing.opened(data, formats=FORMATS, side_px=SIDE_PX) as image:
        drawn = ImageOps.exif_transpose(image).convert("RGBA")
    drawn.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    drawing.on_paper(drawn).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()
