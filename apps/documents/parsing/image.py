"""Pictures: PNG, JPEG, TIFF and WebP. A child can only look at them and hand out their dots; words are recognised elsewhere."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image, ImageOps

from apps.documents.parsing.errors import Damaged, ParseError, TooLargeInside, TooManyPages
from apps.documents.parsing.places import Reading
from apps.documents.parsing.rasters import RASTER_MAX_DOTS, Raster

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
IMAGE_MAX_DOTS = 150_000_000
SMALL_DOTS = 1_500_000  # a picture of a screen: its letters are too small for the recogniser
WHITE = 255
Image.MAX_IMAGE_PIXELS = None  # `_check_size` is stricter than its error and, unlike its warning, an end
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    zlib.error,
)


def read(data: bytes, reading: Reading) -> None:
    """Add an empty place for each page of the picture. Raises Damaged, TooLargeInside, TooManyPages."""
    with _opened(data) as image:
        count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    if count > reading.limits.max_places:
        raise TooManyPages
    for number in range(1, count + 1):
        reading.add("page", "", label=f"page {number}" if count > 1 else "")


def draw(data: bytes, numbers: Sequence[int]) -> Iterator[Raster | int]:
    """Those pages in gray; of one that cannot be drawn only its number. Raises Damaged, TooLargeInside."""
    for number in numbers:
        try:
            yield _drawn(data, number)
        except (Damaged, TooLargeInside):
            yield number


def _drawn(data: bytes, number: int) -> Raster:
    with _opened(data) as image:
        if number > 1:
            image.seek(number - 1)
            _check_size(image)
        gray = _in_gray(ImageOps.exif_transpose(image))
    scale = _scale(gray.width * gray.height)
    if scale != 1:
        gray = gray.resize((max(1, round(gray.width * scale)), max(1, round(gray.height * scale))), Image.Resampling.BICUBIC)
    return Raster(number, gray.width, gray.height, gray.tobytes())


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, its dots not yet unpacked. Raises Damaged, TooLargeInside."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image)
            yield image
    except ParseError:
        raise
    except _BROKEN as error:
        raise Damaged from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > IMAGE_MAX_DOTS:
        raise TooLargeInside


def _in_gray(image: Image.Image) -> Image.Image:
    """What is transparent is white; sixteen bits of gray become eight."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("L")
    shown = image.convert("LA")
    on_white = Image.new("L", image.size, WHITE)
    on_white.paste(shown.getchannel("L"), mask=shown.getchannel("A"))
    return on_white


def _scale(dots: int) -> float:
    if dots > RASTER_MAX_DOTS:
        return float((RASTER_MAX_DOTS / dots) ** 0.5)
    return 2 if dots < SMALL_DOTS else 1
