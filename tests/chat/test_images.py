"""What becomes of an image before anything of it is kept."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from apps.chat import images, redrawing
from apps.chat.images import ImageRefused, image_of, redraw
from apps.core import children
from tests.images import data_url, encoded, noise, plain

ROOT = Path(__file__).resolve().parents[2]


def opened(jpeg: bytes) -> Image.Image:
    """The drawn image."""
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


def code(url: str) -> str:
    """Why it is refused."""
    with pytest.raises(ImageRefused) as caught:
        image_of(url)
    assert str(caught.value).endswith(".")
    assert caught.value.status == 400
    return caught.value.code


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_form_becomes_a_jpeg(form: str) -> None:
    jpeg = base64.b64decode(image_of(data_url(encoded(plain("blue"), form), form.lower())))
    image = opened(jpeg)
    assert (image.format, image.size, image.mode) == ("JPEG", (200, 150), "RGB")
    red, green, blue = image.getpixel((100, 75))  # type: ignore[misc]
    assert (red < 20, green < 20, blue > 235) == (True, True, True)


def test_the_type_is_what_the_bytes_say() -> None:
    assert image_of(data_url(encoded(plain()), "jpeg"))
    assert code(data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "png")) == "not_an_image"
    assert code(data_url(encoded(plain(), "TIFF"), "png")) == "not_an_image"
    assert code(data_url(b"", "png")) == "not_an_image"


def test_what_stood_beside_the_pixels_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    jpeg = redraw(encoded(plain(), "JPEG", exif=exif, comment=b"taken at home"))
    assert b"taken at home" not in jpeg
    assert not opened(jpeg).getexif()


def test_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    assert opened(redraw(encoded(plain(), "JPEG", exif=exif))).size == (150, 200)


def test_what_is_transparent_lies_on_paper() -> None:
    image = opened(redraw(encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))))
    assert image.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "RGBA", "CMYK"])
def test_every_kind_of_pixel_is_drawn(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert opened(redraw(encoded(Image.new(mode, (30, 20)), form))).size == (30, 20)


def test_a_large_one_becomes_smaller() -> None:
    assert opened(redraw(encoded(plain(size=(6000, 3000))))).size == (1536, 768)
    assert len(redraw(encoded(noise((3000, 3000)), "JPEG"))) < redrawing.OUTPUT_MAX_BYTES


@pytest.mark.parametrize(
    "url", ["http://example.org/a.png", "https://example.org/a.png", "file:///etc/passwd", "ftp://x/a", "data:text/html;base64,AAAA", "",
            "data:image/png,AAAA", "a" * 100_000, "//example.org/a.png"],
)  # fmt: skip
def test_nothing_is_fetched(url: str) -> None:
    assert code(url) == "image_elsewhere"


@pytest.mark.parametrize("rest", ["?", "AAA", "AA\nAA", "é"])
def test_what_is_no_base64_is_refused(rest: str) -> None:
    assert code(f"data:image/png;base64,{rest}") == "image_damaged"


def test_one_that_is_cut_off_is_refused() -> None:
    data = encoded(noise())
    assert code(data_url(data[: len(data) // 2])) == "image_damaged"


def test_one_of_too_many_bytes_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "IMAGE_MAX_BYTES", 1000)
    assert code(data_url(b"\0" * 1100)) == "image_too_large"


def test_one_of_too_many_pixels_is_refused() -> None:
    assert code(data_url(encoded(Image.new("1", (9000, 9000))))) == "image_too_many_pixels"


@pytest.mark.parametrize("said", ["", "not_a_thing", "<svg/>", "PNG"])
def test_a_child_in_strange_hands_gets_nothing_through(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(children, "_START", f"print({said!r}, end='')")
    assert code(data_url(encoded(plain()))) == "image_damaged"


def test_a_child_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "WALL_S", 0.01)
    assert code(data_url(encoded(plain()))) == "image_damaged"


LOCKED = """
import io, os, socket, sys
sys.path.insert(0, sys.argv[1])
from apps.chat import redrawing
redrawing.main()
print("django" in sys.modules)
for attempt in (lambda: open("/etc/passwd"), lambda: os.listdir("/tmp"), lambda: socket.socket(), lambda: os.fork()):
    try:
        attempt()
    except OSError as error:
        print(type(error).__name__)
"""


def test_the_child_has_no_way_out() -> None:
    child = [sys.executable, "-I", "-c", LOCKED, str(ROOT), str(os.getpid())]
    said = subprocess.run(child, input=b"", capture_output=True, check=True).stdout.decode()
    assert said.split() == ["not_an_imageFalse", *["PermissionError"] * 4]
