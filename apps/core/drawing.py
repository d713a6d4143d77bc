"""What the children have in common that draw a stranger's picture anew: their jail, their limits, what they refuse. Imports no Django."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from apps.core import jail

MAX_PIXELS = 40_000_000
PAPER = "white"  # behind what is transparent
MEMORY_BYTES = 1024 * 1024 * 1024  # 40 million pixels are 160 MB, and a decoder needs more than one copy
CPU_S = 15
NOT_AN_IMAGE, TOO_MANY_PIXELS, DAMAGED = "not_an_image", "too_many_pixels", "damaged"


class Refused(Exception):
    """The picture is not drawn; the argument says why: one of the three words above, for which the parent has a sentence."""


def draw(redraw: Callable[[bytes], bytes], *, output_max_bytes: int) -> None:
    """Write what `redraw` makes of standard input, or why it refused. What nobody foresaw ends the child, which is an answer too."""
    jail.die_with(int(sys.argv[2]))
    jail.set_limits(memory_bytes=MEMORY_BYTES, cpu_s=CPU_S, output_max_bytes=output_max_bytes)
    jail.lock()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # of the whole process, which is the child's alone
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        told = redraw(sys.stdin.buffer.read())
    except Refused as error:
        told = str(error).encode()
    sys.stdout.buffer.write(told)


@contextmanager
def opened(data: bytes, *, formats: tuple[str, ...], side_px: int) -> Iterator[Image.Image]:
    """The picture, to be looked at inside of `with`. A JPEG is decoded at about `side_px`, not at its own size. Raises Refused."""
    try:
        with Image.open(io.BytesIO(data), formats=formats) as picture:
            picture.draft("RGB", (side_px, side_px))
            yield picture
    except UnidentifiedImageError:
        raise Refused(NOT_AN_IMAGE) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise Refused(TOO_MANY_PIXELS) from None
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow says of broken files
        raise Refused(DAMAGED) from None


def on_paper(picture: Image.Image) -> Image.Image:
    """A new picture that is nowhere transparent: what the other one says of camera and place stays behind."""
    paper = Image.new("RGBA", picture.size, PAPER)
    return Image.alpha_composite(paper, picture).convert("RGB")
