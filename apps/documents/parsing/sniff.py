"""What kind of file it is: by its bytes. A name decides only between kinds that look alike from inside."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from apps.documents.parsing.decode import marked_encoding, unmarked_utf16
from apps.documents.parsing.errors import EmptyFile, Encrypted, UnsupportedKind
from apps.documents.parsing.places import Kind

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 256 * 1024  # where a ZIP lists its members
PDF_MARK_WITHIN_BYTES = 1024
BINARY_SHARE = 0.05  # control characters in compressed data: 11 %; in text with a few stray NULs: below 1 %

_SIGNATURES = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf'\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"(\xb5/\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\0", "a program"),
    (b"%!PS", "a PostScript file"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"GGUF", "a model file"),
    (b"ID3", "a sound recording"),
    (b"OggS", "a sound recording"),
    (b"fLaC", "a sound recording"),
)
_ZIP_KINDS = (
    (b"xl/workbook", "an Excel workbook"),
    (b"ppt/presentation", "a PowerPoint presentation"),
    (b"application/epub+zip", "an EPUB book"),
    (b"application/vnd.oasis.opendocument.", "an OpenDocument file"),
    (b"Index/Document.iwa", "an iWork document"),
)
_OLE_KINDS = (
    ("WordDocument", "a Word document of the old kind (.doc)"),
    ("Workbook", "an Excel workbook of the old kind (.xls)"),
    ("PowerPoint Document", "a PowerPoint presentation of the old kind (.ppt)"),
    ("__substg1.0_", "an Outlook message"),
)
_BEFORE_TAG = r"(?is)(?:\s++|<\?xml[^>]*+>|<!--.*?-->)*+<"
_HTML = re.compile(_BEFORE_TAG + r"(?:!doctype\s+html|html|head|body)[\s>]")
_HTML_PART = re.compile(_BEFORE_TAG + r"(?:p|div|table|h[1-6]|ul|ol|article|section|main|title|meta|style|center|span)[\s>]")
_MAIL = re.compile(r"(?i)(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*)*mime-version:")
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\b")) + b"\x7f"

_LOOK_ALIKES: dict[str, Kind] = {".md": "markdown", ".markdown": "markdown", ".csv": "csv", ".tsv": "csv"}


def sniff(path: Path, *, name: str) -> Kind:
    """The kind of the file at `path`, uploaded as `name`. Reads at most 320 kB of it.

    Raises EmptyFile, Encrypted, UnsupportedKind.
    """
    head, tail = _ends(path)
    if not head:
        raise EmptyFile
    if b"%PDF-" in head[:PDF_MARK_WITHIN_BYTES]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(head + tail)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise _ole_error(head + tail)
    if detected := _binary_kind(head):
        raise UnsupportedKind.of(detected)
    return _text_kind(_as_text(head), PurePath(name).suffix.lower())


def _ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(max(len(head), path.stat().st_size - TAIL_BYTES))
        return head, file.read(TAIL_BYTES)


def _zip_kind(seen: bytes) -> Kind:
    for mark, detected in _ZIP_KINDS:
        if mark in seen:
            raise UnsupportedKind.of(detected)
    if b"word/document" in seen:
        return "docx"
    raise UnsupportedKind.of("a ZIP archive")


def _ole_error(seen: bytes) -> Encrypted | UnsupportedKind:
    """Office encrypts a DOCX by wrapping it into the container of its old kinds."""
    if _ole_name("EncryptedPackage") in seen:
        return Encrypted()
    detected = (detected for stream, detected in _OLE_KINDS if _ole_name(stream) in seen)
    return UnsupportedKind.of(next(detected, "an Office file of an old kind"))


def _ole_name(stream: str) -> bytes:
    return stream.encode("utf-16-le")


def _binary_kind(head: bytes) -> str:
    for signature, detected in _SIGNATURES:
        if head.startswith(signature):
            return detected
    if head[:4] == b"RIFF":
        return "a WebP picture" if head[8:12] == b"WEBP" else "a sound or video recording"
    if head[4:8] == b"ftyp":
        return "a sound or video recording or a picture"
    if marked_encoding(head) or unmarked_utf16(head):
        return ""
    controls = len(head) - len(head.translate(None, _CONTROL_BYTES))
    return "a binary file of an unknown kind" if controls > len(head) * BINARY_SHARE else ""


def _as_text(head: bytes) -> str:
    """Good enough to look for tags and headers, which are ASCII in every encoding that occurs."""
    encoding = marked_encoding(head) or unmarked_utf16(head) or "latin-1"
    return head.decode(encoding, errors="replace")


def _text_kind(text: str, suffix: str) -> Kind:
    if _HTML.match(text):
        return "html"
    if _MAIL.match(text):
        raise UnsupportedKind.of("an e-mail")
    if suffix in _LOOK_ALIKES:
        return _LOOK_ALIKES[suffix]
    return "html" if _HTML_PART.match(text) else "text"
