"""What runs in the child: one image from standard input, a JPEG of our own drawing on standard output. Imports no Django."""

from __future__ import annotations

import io
import sys
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from apps.core import jail

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MAX_PIXELS = 40_000_000
SIDE_PX = 1536  # more than a model sees of it
PAPER = "white"  # behind what is transparent
QUALITY = 90
MEMORY_BYTES = 1024 * 1024 * 1024  # 40 million pixels are 160 MB, and a decoder needs more than one copy
CPU_S = 15
OUTPUT_MAX_BYTES = 8 * 1024 * 1024


class Refused(Exception):
    """The image is not drawn; the argument is the code that the parent has a sentence for."""


def main() -> None:
    """Write the JPEG, or the code of the refusal. What nobody foresaw ends the child, which is an answer too."""
    jail.die_with(int(sys.argv[2]))
    jail.set_limits(memory_bytes=MEMORY_BYTES, cpu_s=CPU_S, output_max_bytes=OUTPUT_MAX_BYTES)
    jail.lock()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # of the whole process, and so not in redraw()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        told = redraw(sys.stdin.buffer.read())
    except Refused as error:
        told = str(error).encode()
    sys.stdout.buffer.write(told)


def redraw(data: bytes) -> bytes:
    """The image as a JPEG, upright, not too large, without anything but pixels. Raises Refused."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.draft("RGB", (SIDE_PX, SIDE_PX))  # a JPEG is decoded at about this size, not at its own
            return _jpeg(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise Refused("not_an_image") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise Refused("image_too_many_pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow says of broken files
        raise Refused("image_damaged") from None


def _jpeg(image: Image.Image) -> bytes:
    """On paper where it is transparent; a new picture, so that what the other one says of camera and place stays behind."""
    drawn = image.convert("RGBA")
    drawn.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", drawn.size, PAPER)
    buffer = io.BytesIO()
    Image.alpha_composite(paper, drawn).convert("RGB").save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()
