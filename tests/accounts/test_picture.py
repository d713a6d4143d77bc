"""Set a picture, see it, take it away."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from apps.accounts import pictures
from apps.accounts.models import Picture, User
from apps.audit.models import Event
from apps.core import children, drawing
from apps.core.errors import NotFound
from apps.workspaces.models import Membership, Workspace
from tests.accounts.pictures import HOSTILE, SECRET, encoded, halves, noise, opened, photo
from tests.conftest import make_person, signed_in

PAGE = {"accept": "text/html"}


def put(client: Client, data: bytes, name: str = "me.png") -> Any:
    """The answer to a picture that is sent by the form of the page."""
    return client.post("/me/picture/", {"picture": SimpleUploadedFile(name, data)}, headers=PAGE)


def address(person: User, side: int = 64) -> str:
    """Where the person's picture is now."""
    person.refresh_from_db()
    return f"/pictures/{person.pk}/{person.picture}/{side}.png"


@pytest.fixture
def pictured(alice: User) -> User:
    """Alice, with a picture."""
    pictures.set_picture(user=alice, file=SimpleUploadedFile("me.png", encoded(halves())))
    return alice


def test_it_is_drawn_anew_and_shown(alice: User) -> None:
    client = signed_in(alice)
    assert put(client, encoded(halves(), "WEBP", lossless=True)).headers["Location"] == "/me/"
    for side in (64, 256):
        answer = client.get(address(alice, side))
        assert answer.headers["Content-Type"] == "image/png"
        assert opened(answer.content).size == (side, side)
        assert opened(answer.content).getpixel((side // 4, side // 4)) == (0, 0, 255)


@pytest.mark.parametrize(
    ("kind", "modes"), [("PNG", ["RGB", "L", "LA", "P", "RGBA", "1", "I;16"]), ("JPEG", ["RGB", "L", "CMYK"]), ("WEBP", ["RGB", "RGBA"])]
)
def test_it_takes_every_kind_of_pixel(alice: User, kind: str, modes: list[str]) -> None:
    for mode in modes:
        assert (
            put(signed_in(alice), encoded(halves((30, 90)).convert("L" if mode == "I;16" else "RGB").convert(mode), kind)).status_code
            == 302
        )
        assert opened(bytes(Picture.objects.get(user=alice).large)).size == (256, 256)


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 5000), (40_000, 2), (6000, 6000)])
def test_it_takes_every_shape(alice: User, size: tuple[int, int]) -> None:
    assert put(signed_in(alice), encoded(halves(size))).status_code == 302


def test_what_the_camera_wrote_is_left_out_and_the_picture_upright(alice: User) -> None:
    put(signed_in(alice), photo(), "me.jpg")
    kept = Picture.objects.get(user=alice)
    for png in (bytes(kept.large), bytes(kept.small)):
        assert SECRET.encode() not in png
        assert b"eXIf" not in png
        assert not opened(png).info
    drawn = opened(bytes(kept.large))
    red, _green, blue = drawn.getpixel((200, 50))  # type: ignore[misc]
    assert blue > 200 > 50 > red, "the upper left corner has gone to the upper right"


def test_what_is_transparent_stands_on_white(alice: User) -> None:
    put(signed_in(alice), encoded(halves().convert("RGBA").point(lambda _: 0)))
    assert opened(bytes(Picture.objects.get(user=alice).large)).getpixel((9, 9)) == (255, 255, 255)


def test_it_stays_small(alice: User) -> None:
    put(signed_in(alice), noise())
    kept = Picture.objects.get(user=alice)
    assert len(kept.large) + len(kept.small) < 120_000
    assert len(opened(bytes(kept.large)).getcolors(70_000) or []) > 100


def test_it_is_named_after_its_bytes(pictured: User) -> None:
    first = pictured.picture or User.objects.get(pk=pictured.pk).picture
    assert hashlib.sha256(bytes(Picture.objects.get(user=pictured).large)).hexdigest().startswith(first)
    put(signed_in(pictured), photo())
    assert User.objects.get(pk=pictured.pk).picture != first


@pytest.mark.parametrize("name", HOSTILE)
def test_another_file_gets_a_sentence_and_leaves_no_trace(pictured: User, name: str) -> None:
    make, code = HOSTILE[name]
    client, before, files = signed_in(pictured), address(pictured), stored()
    answer = put(client, make(), "me.png")
    assert answer.status_code == 422
    assert [str(refusal.sentence) in answer.content.decode() for refusal in pictures.REFUSALS.values() if refusal.code == code] == [True]
    assert address(pictured) == before
    assert client.get(before).status_code == 200
    assert Event.objects.filter(action__startswith="picture.").count() == 1
    assert stored() == files


def stored() -> set[Path]:
    """What lies in the home's folder of files; other tests may have left some."""
    return {path for path in Path(settings.HOME.files).rglob("*") if path.is_file()}


@pytest.mark.parametrize("data", [None, b""])
def test_nothing_is_no_picture(alice: User, data: bytes | None) -> None:
    client = signed_in(alice)
    answer = put(client, data) if data is not None else client.post("/me/picture/", headers=PAGE)
    assert answer.status_code == 422
    assert "Choose a picture first." in answer.content.decode()


def test_a_large_file_is_not_even_looked_at(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "redraw", None)
    answer = put(signed_in(alice), bytes(settings.PICTURE_MAX_BYTES + 1))
    assert answer.status_code == 413
    assert "larger than 5 MB" in answer.content.decode()


def test_somebody_who_sends_many_waits(alice: User) -> None:
    client = signed_in(alice)
    statuses = [client.post("/me/picture/", {"action": "remove"}, headers=PAGE).status_code for _ in range(21)]
    assert statuses == [302] * 20 + [429]


def test_it_is_removed(pictured: User) -> None:
    client, before = signed_in(pictured), address(pictured)
    assert client.post("/me/picture/", {"action": "remove"}).status_code == 302
    pictured.refresh_from_db()
    assert pictured.picture == ""
    assert not Picture.objects.exists()
    assert client.get(before).status_code == 404
    assert Event.objects.filter(action="picture.removed", actor=pictured).count() == 1


def test_removing_none_says_nothing(alice: User) -> None:
    signed_in(alice).post("/me/picture/", {"action": "remove"})
    assert not Event.objects.filter(action="picture.removed").exists()


def test_an_old_address_shows_nothing(pictured: User) -> None:
    client, before = signed_in(pictured), address(pictured)
    put(client, photo())
    assert client.get(before).status_code == 404
    assert client.get(address(pictured)).status_code == 200


@pytest.mark.parametrize("side", [0, 1, 63, 128, 10**9])
def test_there_are_two_sizes(pictured: User, side: int) -> None:
    assert signed_in(pictured).get(address(pictured, side)).status_code == 404


def test_colleagues_see_it(pictured: User, bob: User, workspace: Workspace) -> None:
    assert signed_in(bob).get(address(pictured)).status_code == 200


def test_an_administrator_sees_it(pictured: User) -> None:
    root = make_person("Root")
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    assert signed_in(root).get(address(pictured)).status_code == 200


@pytest.mark.parametrize("how", ["never", "removed", "workspace deleted", "disabled"])
def test_a_stranger_does_not(pictured: User, bob: User, charlie: User, workspace: Workspace, how: str) -> None:
    stranger = charlie if how == "never" else bob
    client = signed_in(stranger)
    match how:
        case "removed":
            Membership.objects.filter(user=bob).delete()
        case "workspace deleted":
            Workspace.objects.update(deleted_at="2026-01-01T00:00Z")
        case "disabled":
            User.objects.filter(pk=bob.pk).update(is_active=False)
    assert client.get(address(pictured)).status_code == (302 if how == "disabled" else 404)
    with pytest.raises(NotFound):
        pictures.picture_png(seen_by=User.objects.get(pk=stranger.pk), person=pictured.pk, name=pictured.picture, side_px=64)


def test_who_is_signed_out_is_sent_to_the_door(pictured: User) -> None:
    assert Client().get(address(pictured)).headers["Location"].startswith("/accounts/login/")


def test_who_has_none_has_no_address(alice: User) -> None:
    assert signed_in(alice).get(f"/pictures/{alice.pk}/x/64.png").status_code == 404


def test_only_this_browser_may_keep_it_and_only_while_it_is_signed_in(pictured: User) -> None:
    headers = signed_in(pictured).get(address(pictured)).headers
    assert {"private", "immutable"} <= set(headers["Cache-Control"].split(", "))
    assert "no-store" not in headers["Cache-Control"]
    assert "Cookie" in headers["Vary"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_pages_show_it_or_the_initials(pictured: User, bob: User, workspace: Workspace) -> None:
    page = signed_in(bob).get("/w/harbour/people/", headers=PAGE).content.decode()
    assert f'src="{address(pictured)}" alt=""' in page
    assert page.count(f"{bob.initials}\n") >= 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_kept_whole(alice: User) -> None:
    start = threading.Barrier(2)

    def send(data: bytes) -> None:
        start.wait()
        try:
            pictures.set_picture(user=alice, file=SimpleUploadedFile("me.png", data))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(data,)) for data in (photo(), encoded(halves()))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alice.refresh_from_db()
    assert hashlib.sha256(bytes(Picture.objects.get(user=alice).large)).hexdigest().startswith(alice.picture)
    assert Event.objects.filter(action="picture.changed").count() == 2


@pytest.mark.parametrize(
    "said",
    ["", "null", "[]", "{", '{"large": "aaaa", "small": "aaaa"}', '{"large": 1, "small": 2}', '{"refused": "?"}', "[" * 100_000,
     '{"large": "PHN2Zz4=", "small": "PHN2Zz4="}'],
)  # fmt: skip
def test_a_child_in_strange_hands_gets_nothing_through(alice: User, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(children, "_START", f"print({said!r})")
    assert put(signed_in(alice), encoded(halves())).status_code == 422
    assert not Picture.objects.exists()


def test_a_child_that_takes_too_long_is_ended(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WALL_S", 0.01)
    assert put(signed_in(alice), encoded(halves())).status_code == 422


def test_the_child_finds_no_variable(alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("GEMMAWEB_SECRET_KEY", "secret")
    monkeypatch.setattr(children, "_START", "import os, sys; sys.exit(f'{os.getcwd()} {sorted(os.environ)}')")
    put(signed_in(alice), encoded(halves()))
    assert "/ ['LC_CTYPE']" in caplog.text  # Python sets that one itself


LOCKED = """
import os, resource, socket, sys
sys.path.insert(0, sys.argv[1])
from apps.accounts import redrawing
redrawing.main()
print([resource.getrlimit(what)[0] for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)], "django" in sys.modules)
for attempt in (lambda: open("/etc/passwd"), lambda: os.listdir("/tmp"), lambda: socket.socket(), lambda: os.fork()):
    try:
        attempt()
    except OSError as error:
        print(type(error).__name__)
"""


def test_the_child_has_little_room_and_no_way_out() -> None:
    child = [sys.executable, "-I", "-c", LOCKED, str(settings.BASE_DIR), str(os.getpid())]
    said = subprocess.run(child, input=b"", capture_output=True, check=True).stdout.decode()
    told, *refused = said.splitlines()
    assert told == f"not_an_image{[drawing.MEMORY_BYTES, drawing.CPU_S]} False"
    assert refused == ["PermissionError"] * 4
