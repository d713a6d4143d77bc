"""People's pictures: drawn anew from what they send, kept, shown, taken away."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Picture, User
from apps.audit.services import record
from apps.core.children import told_by_child
from apps.core.errors import NotFound, ProductError

LARGE_PX, SMALL_PX = 256, 64
WALL_S = 20


class PictureRefused(ProductError):
    """The base of what can be wrong with a picture: the form shows the sentence."""

    status = 422


class NoPicture(PictureRefused):
    """Nothing was sent, or a file of no bytes."""

    code = "no_picture"
    sentence = _("Choose a picture first.")


class PictureTooLarge(PictureRefused):
    """More bytes than a picture may have."""

    code = "picture_too_large"
    status = 413
    sentence = _("This picture is larger than %(mb)s MB. Choose a smaller one.")

    def __init__(self) -> None:
        super().__init__(str(self.sentence) % {"mb": settings.PICTURE_MAX_BYTES // 2**20})


class NotAPicture(PictureRefused):
    """Another kind of file, whatever its name says."""

    code = "not_a_picture"
    sentence = _("This is no PNG, JPEG or WebP picture. Choose another file.")


class TooManyPixels(PictureRefused):
    """A decompression bomb, or the work of a very good camera."""

    code = "too_many_pixels"
    sentence = _("This picture has more than 40 million pixels. Choose a smaller one.")


class PictureDamaged(PictureRefused):
    """The file begins like a picture and does not go on like one."""

    code = "picture_damaged"
    sentence = _("This picture is damaged. Open it in another program, save it anew and try again.")


REFUSALS: dict[bytes, type[PictureRefused]] = {b"not_an_image": NotAPicture, b"too_many_pixels": TooManyPixels, b"damaged": PictureDamaged}


@dataclass(frozen=True)
class Drawn:
    """A picture as two PNGs, LARGE_PX and SMALL_PX square."""

    large: bytes
    small: bytes


def set_picture(*, user: User, file: File[bytes] | None) -> str:
    """The name of the person's new picture. Raises PictureRefused; what is refused leaves nothing behind."""
    if file is None or not file.size:
        raise NoPicture
    if file.size > settings.PICTURE_MAX_BYTES:
        raise PictureTooLarge
    drawn = redraw(file.read())  # before the transaction: drawing takes a while
    return _store(user, drawn)


@transaction.atomic
def remove_picture(*, user: User) -> None:
    """Show the person's initials again. Nothing happens where there is no picture."""
    if User.objects.filter(pk=user.pk).exclude(picture="").update(picture=""):
        Picture.objects.filter(user=user).delete()
        record("picture.removed", actor=user, target=user.pk)


def picture_png(*, seen_by: User, person: UUID, name: str, side_px: int) -> bytes:
    """The PNG of this name, if `seen_by` may see the person and it is still their picture. Raises NotFound."""
    column = {LARGE_PX: "large", SMALL_PX: "small"}.get(side_px)
    shown = User.objects.visible_to(seen_by).filter(pk=person, picture=name).exclude(picture="")
    found = Picture.objects.filter(user__in=shown).values_list(column, flat=True).first() if column else None
    if found is None:
        raise NotFound
    return bytes(found)


def redraw(data: bytes) -> Drawn:
    """The picture, drawn by a child process: what a hostile file makes of a decoder dies there, without variables and soon.

    Raises PictureRefused.
    """
    return _read(told_by_child("apps.accounts.redrawing", data, wall_s=WALL_S))


def _read(told: bytes) -> Drawn:
    """What the child says; it may be in a stranger's hands, so nothing but two PNGs of our sizes gets through. Raises PictureRefused."""
    if told in REFUSALS:
        raise REFUSALS[told]
    try:
        match json.loads(told or b"null"):
            case {"large": str(large), "small": str(small)}:
                return Drawn(_png(large, LARGE_PX), _png(small, SMALL_PX))
    except (ValueError, RecursionError):
        raise PictureDamaged from None
    raise PictureDamaged


def _png(text: str, side_px: int) -> bytes:
    """The PNG in base64. Raises ValueError if it is none, or of another size."""
    png = base64.b64decode(text, validate=True)
    if png[:16] != b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" or png[16:24] != struct.pack(">II", side_px, side_px):
        raise ValueError
    return png


@transaction.atomic
def _store(user: User, drawn: Drawn) -> str:
    name = hashlib.sha256(drawn.large).hexdigest()[:32]
    User.objects.filter(pk=user.pk).update(picture=name)  # locks the row: of two pictures at once, one comes after the other
    Picture.objects.update_or_create(user=user, defaults={"large": drawn.large, "small": drawn.small})
    record("picture.changed", actor=user, target=user.pk)
    return name
