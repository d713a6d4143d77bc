"""Images that come with a question: checked, and drawn anew before anything of them is kept."""

from __future__ import annotations

import base64
import binascii
import re

from django.utils.translation import gettext_lazy as _

from apps.core.children import told_by_child
from apps.core.errors import ProductError

IMAGES_MAX = 8  # of one request: a model reads each for as long as a page of text
IMAGE_MAX_BYTES = 5 * 1024 * 1024
WALL_S = 20
JPEG = b"\xff\xd8\xff"
DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)


class ImageRefused(ProductError):
    """The base of what can be wrong with an image."""

    status = 400


class ImageElsewhere(ImageRefused):
    """The image would have to be fetched."""

    code = "image_elsewhere"
    sentence = _("Images are taken as data: URLs only (data:image/png;base64,…); nothing is fetched from other addresses.")


class TooManyImages(ImageRefused):
    """More than a request may have."""

    code = "too_many_images"
    sentence = _("These are more images than the %(max)s that can come with one request. Send fewer.")

    def __init__(self) -> None:
        super().__init__(str(self.sentence) % {"max": IMAGES_MAX})


class ImageTooLarge(ImageRefused):
    """More bytes than an image may have."""

    code = "image_too_large"
    sentence = _("This image is larger than %(mb)s MB. Send a smaller one.")

    def __init__(self) -> None:
        super().__init__(str(self.sentence) % {"mb": IMAGE_MAX_BYTES // 2**20})


class NotAnImage(ImageRefused):
    """Another kind of file, whatever its address says."""

    code = "not_an_image"
    sentence = _("This is no PNG, JPEG, WebP or GIF image.")


class TooManyPixels(ImageRefused):
    """A decompression bomb, or the work of a very good camera."""

    code = "image_too_many_pixels"
    sentence = _("This image has more than 40 million pixels. Send a smaller one.")


class ImageDamaged(ImageRefused):
    """The file begins like an image and does not go on like one."""

    code = "image_damaged"
    sentence = _("This image is damaged. Save it anew in another program and send it again.")


REFUSALS: dict[bytes, type[ImageRefused]] = {b"not_an_image": NotAnImage, b"too_many_pixels": TooManyPixels, b"damaged": ImageDamaged}


def image_of(url: str) -> str:
    """The image of a data: URL as a JPEG of our own drawing, in base64. Raises ImageRefused."""
    head = DATA_URL.match(url)
    if head is None:
        raise ImageElsewhere
    if len(url) - head.end() > IMAGE_MAX_BYTES * 4 // 3 + 4:
        raise ImageTooLarge
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise ImageDamaged from None
    return base64.b64encode(redraw(data)).decode()


def redraw(data: bytes) -> bytes:
    """The image as a JPEG, drawn by a child process. Raises ImageRefused."""
    told = told_by_child("apps.chat.redrawing", data, wall_s=WALL_S)
    if not told.startswith(JPEG):  # the child may be in a stranger's hands: nothing else gets through
        raise REFUSALS.get(told, ImageDamaged)
    return told
