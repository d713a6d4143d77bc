"""What runs in the child: one picture from standard input, two square PNGs of our own drawing on standard output. Imports no Django."""

from __future__ import annotations

import base64
import io
import json
import sys
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from apps.core import jail

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 40_000_000
LARGE_PX, SMALL_PX = 256, 64
PNG_MAX_BYTES = 100_000
PAPER = "white"  # behind what is transparent
MEMORY_BYTES = 1024 * 1024 * 1024  # 40 million pixels are 160 MB, and a decoder needs more than one copy
CPU_S = 15
OUTPUT_MAX_BYTES = 1024 * 1024


class Refused(Exception):
    """The picture is not drawn; the argument is the code that the parent has a sentence for."""


def main() -> None:
    """Tell `{"large", "small"}` in base64, or `{"refused": code}`. What nobody foresaw ends the child, which is an answer too."""
    jail.die_with(int(sys.argv[2]))
    jail.set_limits(memory_bytes=MEMORY_BYTES, cpu_s=CPU_S, output_max_bytes=OUTPUT_MAX_BYTES)
    jail.lock()
    try:
        told = {name: base64.b64encode(png).decode() for name, png in redraw(sys.stdin.buffer.read()).items()}
    except Refused as error:
        told = {"refused": str(error)}
    sys.stdout.write(json.dumps(told))


def redraw(data: bytes) -> dict[str, bytes]:
    """The middle of the picture as two PNGs, upright, without anything but pixels. Raises Refused."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            picture.draft("RGB", (2 * LARGE_PX, 2 * LARGE_PX))  # a JPEG is decoded at about this size, not at its own
            large = _square(picture)
    except UnidentifiedImageError:
        raise Refused("not_a_picture") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise Refused("too_many_pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow says of broken files
        raise Refused("picture_damaged") from None
    return {"large": _png(large), "small": _png(large.resize((SMALL_PX, SMALL_PX), Image.Resampling.LANCZOS))}


def _square(picture: Image.Image) -> Image.Image:
    """The middle of the picture at LARGE_PX, turned as its camera says, on paper where it is transparent."""
    middle = ImageOps.fit(picture.convert("RGBA"), (LARGE_PX, LARGE_PX), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(middle)
    paper = Image.new("RGBA", upright.size, PAPER)  # a new picture: what the other one says of camera and place stays behind
    return Image.alpha_composite(paper, upright).convert("RGB")


def _png(picture: Image.Image) -> bytes:
    """The PNG; one that is too large in true colour has 256 of them."""
    png = _encoded(picture)
    return png if len(png) <= PNG_MAX_BYTES else _encoded(picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG))


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
