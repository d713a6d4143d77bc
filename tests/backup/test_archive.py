"""A backup is believed only when every byte of it fits, and nothing in it can be put elsewhere."""

from __future__ import annotations

import io
import json
import random
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from gemmaweb.backup.archive import MANIFEST, MARK, Writer, members, verify
from gemmaweb.backup.manifest import Manifest
from gemmaweb.local.errors import Refused
from tests.backup.archives import GOOD, ORIGINAL, entries, rewrite, with_manifest, write


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A backup with nothing wrong."""
    return write(tmp_path / "good.gemmaweb")


def test_a_good_one_says_what_was_written(good: Path) -> None:
    manifest = verify(good)
    assert replace(manifest, members={}) == GOOD
    assert sorted(manifest.members) == ["database/audit_event/000000.gz", f"files/{ORIGINAL}", MARK]


def test_its_members_come_in_order_with_their_content(good: Path) -> None:
    found = {name: content.read() for name, _size, content in members(good)}
    assert next(iter(found)) == MARK
    assert found[f"files/{ORIGINAL}"] == b"The lease begins on 1 July."


def test_any_tar_reads_it(good: Path) -> None:
    assert [entry.mode for entry, _ in entries(good)] == [0o600] * 5


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.8, 0.93])
def test_a_cut_one_is_refused(good: Path, share: float) -> None:
    whole = good.read_bytes()
    good.write_bytes(whole[: int(len(whole.rstrip(b"\0")) * share)])
    with pytest.raises(Refused, match=r"no whole backup|not whole|no backup"):
        verify(good)


def test_one_cut_between_two_members_is_refused(good: Path) -> None:
    """Each of these is a whole tar."""
    everything = list(entries(good))
    for kept in range(len(everything)):
        rewrite(good, everything[:kept])
        with pytest.raises(Refused):
            verify(good)


def test_a_changed_byte_is_refused_wherever_it_is(good: Path) -> None:
    whole = bytearray(good.read_bytes())
    used = len(whole.rstrip(b"\0"))
    chance = random.Random(7)  # places, not secrets
    for place in chance.sample(range(used), 150):
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        good.write_bytes(changed)
        try:
            manifest = verify(good)
        except Refused:
            continue
        # In a header are dates and owners, which mean nothing to us; what means something is as it was.
        assert replace(manifest, members={}) == GOOD
        assert [content for _, content in entries(good)] == [content for _, content in entries(write(good.with_name("again")))]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/cron.d/evil",
        "/etc/passwd",
        "files/../../../etc/passwd",
        f"files/{ORIGINAL}/more",
        "files/01a1fe07-bedd-7725-85ee-5651a2e881f8/../../x",
        "database/../secrets/000000.gz",
        "database/Audit/000000.gz",
        "database/audit_event;drop/000000.gz",
        "secrets/secret_key",
        "",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(good: Path, name: str) -> None:
    everything = list(entries(good))
    rewrite(good, [*everything[:2], (tarfile.TarInfo(name), b"evil"), *everything[2:]])
    with pytest.raises(Refused, match=r"somebody has changed it|no whole backup"):
        verify(good)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_is_refused(good: Path, kind: bytes) -> None:
    everything = list(entries(good))
    other = tarfile.TarInfo(f"files/{ORIGINAL[:-1]}4")
    other.type, other.linkname = kind, "/etc/passwd"
    rewrite(good, [*everything[:2], (other, b""), *everything[2:]])
    with pytest.raises(Refused, match="somebody has changed it"):
        verify(good)


def test_a_name_twice_is_refused(good: Path) -> None:
    everything = list(entries(good))
    rewrite(good, [*everything[:3], everything[2], *everything[3:]])
    with pytest.raises(Refused, match="somebody has changed it"):
        verify(good)


def test_a_member_too_many_or_too_few_is_refused(good: Path) -> None:
    everything = list(entries(good))
    extra = tarfile.TarInfo(f"files/{ORIGINAL[:-1]}4")
    for changed in ([*everything[:2], (extra, b"x"), *everything[2:]], [everything[0], *everything[2:]]):
        rewrite(good, changed)
        with pytest.raises(Refused, match=r"damaged: .+ is not what was written"):
            verify(good)


@pytest.mark.parametrize("content", [b"", b"\0" * 10_240, b"not a tar at all, but long enough to be looked at" * 20])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "strange"
    path.write_bytes(content)
    with pytest.raises(Refused):
        verify(path)


def test_another_tar_is_refused(tmp_path: Path) -> None:
    rewrite(tmp_path / "other.tar", [(tarfile.TarInfo("readme.txt"), b"hello")])
    with pytest.raises(Refused, match="no backup of Gemmaweb"):
        verify(tmp_path / "other.tar")


@pytest.mark.parametrize("path", ["/nonexistent/backup", "/tmp"])
def test_what_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        verify(Path(path))


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"null", b"{}", b"not json", b'{"format": 1}', b'{"format": 1, "tables": [], "members": {}, "migrations": []}', b"\xff"],
)
def test_a_last_word_that_says_nothing_is_refused(good: Path, text: bytes) -> None:
    with pytest.raises(Refused, match="does not say what is in it"):
        verify(with_manifest(good, text))


def test_a_later_format_is_refused_by_its_number(good: Path) -> None:
    said = json.loads(verify(good).as_json()) | {"format": 2}
    with pytest.raises(Refused, match="format 2"):
        verify(with_manifest(good, json.dumps(said).encode()))


def test_a_manifest_reads_as_it_was_written() -> None:
    assert Manifest.from_json(GOOD.as_json()) == GOOD


def test_a_file_that_is_shorter_than_it_said_is_an_error() -> None:
    with pytest.raises(OSError, match="end of data"):
        Writer(io.BytesIO()).add_file(f"files/{ORIGINAL}", io.BytesIO(b"abc"), 4)


def test_a_manifest_of_absurd_size_is_not_read(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemmaweb.backup.archive.MANIFEST_MAX_BYTES", 10)
    with pytest.raises(Refused, match="not whole"):
        verify(good)
    assert MANIFEST in [entry.name for entry, _ in entries(good)]
