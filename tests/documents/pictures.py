"""Pictures of words, and scans, drawn on the spot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter

LETTER = "The lease begins on 1 July 2021.\nEither party may end it with six\nmonths' notice to the har-\nbour master."
READ = "The lease begins on 1 July 2021."


def drawn(text: str, *, size: tuple[int, int] = (1100, 500), mode: str = "RGB") -> Image.Image:
    """Black words on white, or on nothing where `mode` has transparency."""
    image = Image.new(mode, size, (0, 0, 0, 0) if mode.endswith("A") else "white")
    ImageDraw.Draw(image).multiline_text((60, 60), text, fill="black", font=ImageFont.load_default(44), spacing=24)
    return image


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(text: str = LETTER, kind: str = "PNG") -> bytes:
    """A picture of `text`."""
    return saved(drawn(text), kind)


def scan(text: str = LETTER) -> bytes:
    """A PDF whose one page is a picture of `text`."""
    return saved(drawn(text), "PDF", resolution=150)


def joined(pdfs: Sequence[bytes]) -> bytes:
    """The pages of all as one PDF."""
    writer, out = PdfWriter(), io.BytesIO()
    for data in pdfs:
        writer.append(PdfReader(io.BytesIO(data)))
    writer.write(out)
    return out.getvalue()
