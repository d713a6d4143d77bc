"""What kind of file it is: by its bytes. A name decides only between kinds that look alike from inside."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path, PurePath
from typing import BinaryIO

from apps.documents.parsing.containers import ends, ole_names, zip_names
from apps.documents.parsing.decode import marked_encoding, unmarked_utf16
from apps.documents.parsing.errors import EmptyFile, Encrypted, UnsupportedKind
from apps.documents.parsing.places import Kind

PDF_MARK_WITHIN_BYTES = 1024
BINARY_SHARE = 0.05  # control characters in compressed data: 11 %; in text with a few stray NULs: below 1 %

_SIGNATURES = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
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
_ZIP_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"word/document\d*\.xml", "docx"),
    (r"ppt/presentation\d*\.xml", "pptx"),
    (r"xl/workbook\.bin", "xls"),  # the binary twin of XLSX; the reader of XLS takes it
    (r"xl/workbook\d*\.xml", "xlsx"),
    (r"META-INF/container\.xml", "epub"),
    (r"META-INF/manifest\.xml", "odt"),  # without its type in front; the reader of all OpenDocument looks inside
)
_ZIP_TYPES: tuple[tuple[bytes, Kind], ...] = (
    (b"application/epub+zip", "epub"),
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
    (b"application/vnd.oasis.opendocument.graphics", "odp"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
)
_ZIP_UNREAD = (
    (r"Index/Document\.iwa", "an iWork document"),
    (r"visio/document\.xml", "a Visio drawing"),
)
_OLE_KINDS: tuple[tuple[str, Kind], ...] = (("Workbook", "xls"), ("Book", "xls"))
_OLE_UNREAD = (
    ("WordDocument", "a Word document of the old kind (.doc)"),
    ("PowerPoint Document", "a PowerPoint presentation of the old kind (.ppt)"),
    ("__properties_version1.0", "an Outlook message"),
    ("VisioDocument", "a Visio drawing of the old kind"),
)
_BEFORE_TAG = r"(?is)(?:\s++|<\?xml[^>]*+>|<!--.*?-->)*+<"
_HTML = re.compile(_BEFORE_TAG + r"(?:!doctype\s+html|html|head|body)[\s>]")
_HTML_PART = re.compile(_BEFORE_TAG + r"(?:p|div|table|h[1-6]|ul|ol|article|section|main|title|meta|style|center|span)[\s>]")
_MAIL = re.compile(r"(?i)(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*)*mime-version:")
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\b")) + b"\x7f"

_LOOK_ALIKES: dict[str, Kind] = {".md": "markdown", ".markdown": "markdown", ".csv": "csv", ".tsv": "csv"}


def sniff(path: Path, *, name: str) -> Kind:
    """The kind of the file at `path`, uploaded as `name`. Reads some hundred kB of it.

    Raises EmptyFile, Encrypted, UnsupportedKind.
    """
    with path.open("rb") as file:
        return _kind(file, name)


def sniff_data(data: bytes, *, name: str) -> Kind:
    """The kind of what is held in memory, such as a mail's attachment. Raises EmptyFile, Encrypted, UnsupportedKind."""
    return _kind(BytesIO(data), name)


def _kind(file: BinaryIO, name: str) -> Kind:
    head, tail = ends(file)
    if not head:
        raise EmptyFile
    if b"%PDF-" in head[:PDF_MARK_WITHIN_BYTES]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(head, head + tail)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_kind(ole_names(file), head + tail)
    if head.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    if detected := _binary_kind(head):
        raise UnsupportedKind.of(detected)
    return _text_kind(_as_text(head), PurePath(name).suffix.lower())


def _zip_kind(head: bytes, seen: bytes) -> Kind:
    """By the type that its first member states, else by the names of its members, else by names seen anywhere: it is damaged then."""
    stated = head[38:138] if head[30:38] == b"mimetype" else b""
    for media_type, kind in _ZIP_TYPES:
        if stated.startswith(media_type):
            return kind
    if stated.startswith(b"application/vnd.oasis.opendocument."):
        raise UnsupportedKind.of("an OpenDocument formula, chart or database")
    names = zip_names(seen)

    def has(member: str) -> bool:
        return any(re.fullmatch(member, name) for name in names) if names else re.search(member.encode(), seen) is not None

    for member, kind in _ZIP_KINDS:
        if has(member):
            return kind
    raise UnsupportedKind.of(next((detected for member, detected in _ZIP_UNREAD if has(member)), "a ZIP archive"))


def _ole_kind(names: list[str], seen: bytes) -> Kind:
    """By its streams, else by names seen anywhere. Office encrypts its new kinds by wrapping them into this container of the old ones."""

    def has(stream: str) -> bool:
        return stream in names if names else stream.encode("utf-16-le") in seen

    if has("EncryptedPackage"):
        raise Encrypted
    detected = next((detected for stream, detected in _OLE_UNREAD if has(stream)), "")
    if kind := next((kind for stream, kind in _OLE_KINDS if not detected and has(stream)), None):
        return kind
    raise UnsupportedKind.of(detected or "an Office file of an old kind")


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
