"""ZIP: its files one after the other, each as its kind is read."""

from __future__ import annotations

import zipfile

from apps.documents.parsing.archive import Archive
from apps.documents.parsing.errors import EmptyArchive, EmptyFile, NothingReadable, ParseError, UnsupportedKind, by_code
from apps.documents.parsing.nested import Part, read_data, read_inside, shown_name
from apps.documents.parsing.places import Reading

IS_UTF8 = 0x800
_LITTER = frozenset({"thumbs.db", "desktop.ini"})


def read(data: bytes, reading: Reading) -> None:
    """Add the files of the archive. Raises Damaged, EmptyArchive, NothingReadable, or the one reason why none could be read."""
    archive = Archive(data, reading.budget)
    members = [entry for entry in archive.entries if not _is_litter(entry)]
    if not members:
        raise EmptyArchive
    reasons = []
    for number, entry in enumerate(members, start=1):
        reasons.append(_read_member(archive, entry, reading))
        reading.progress(number, len(members))
    if not reading.has_text:
        raise _in_common([reason for reason in reasons if reason])


def _read_member(archive: Archive, entry: zipfile.ZipInfo, reading: Reading) -> ParseError | None:
    name = _name(entry)

    def read_it(part: Part) -> None:
        read_data(archive.unpacked(entry), name, part)

    return read_inside(shown_name(name), read_it, reading)


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    """Folders, hidden files, and what systems leave in folders unasked."""
    *folders, name = entry.filename.replace("\\", "/").split("/")
    is_hidden = any(step.startswith(".") and step.strip(".") for step in (*folders, name))
    return not name or is_hidden or "__MACOSX" in folders or name.lower() in _LITTER


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as its author saw it: many programs write UTF-8 without saying so, which zipfile takes for the DOS code page."""
    if entry.flag_bits & IS_UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _in_common(reasons: list[ParseError]) -> ParseError:
    """The reason that all files share, if it says what to do; else that there are several."""
    codes = {reason.code for reason in reasons}
    if len(codes) == 1 and not codes & {UnsupportedKind.code, EmptyFile.code}:
        return by_code(codes.pop())
    return NothingReadable()
