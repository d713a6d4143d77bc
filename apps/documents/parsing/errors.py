"""Why a file could not be read: a code for programs, a sentence for the person who uploaded it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.documents.parsing.notices import Notice


def gettext_noop(sentence: str) -> str:
    """`sentence`, marked for translators. The child speaks English and loads no Django; apps/documents/reasons.py speaks to people."""
    return sentence


class ParseError(Exception):
    """The base: `code` and `sentence` are stored with the document as its reason, `notices` as what more is to be known."""

    code = "parse_error"
    default = gettext_noop("This file could not be read.")

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence or self.default
        self.notices: Sequence[Notice] = ()
        super().__init__(self.sentence)


class EmptyFile(ParseError):
    """A file of 0 bytes."""

    code = "empty_file"
    default = gettext_noop("This file is empty: it has 0 bytes. Upload it again from where it is complete.")


class UnsupportedKind(ParseError):
    """A file of a kind that is not read; where it was recognised, the sentence names it and says what to do instead."""

    code = "unsupported_kind"
    default = gettext_noop(
        "This kind of file cannot be read. PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, e-mails, HTML, Markdown, text, CSV, "
        "JSON, pictures and ZIP can."
    )


class Encrypted(ParseError):
    """A file that opens with a password only."""

    code = "encrypted"
    default = gettext_noop("This file is protected by a password. Save a copy without one and upload that.")


class CopyProtected(ParseError):
    """A book that its seller's own program can open only."""

    code = "copy_protected"
    default = gettext_noop("This book is protected against copying and cannot be read here. Upload one without that protection.")


class Damaged(ParseError):
    """A file that is not what it begins like, or ends too early."""

    code = "damaged"
    default = gettext_noop("This file is damaged or incomplete. Open it in its own program, save it anew and upload that.")


class TooLargeInside(ParseError):
    """A bomb, or an honest file beyond the limits."""

    code = "too_large_inside"
    default = gettext_noop("This file unpacks to more than may be read at once. Split it and upload the parts.")


class TooManyPages(TooLargeInside):
    """More pages than one file may have."""

    code = "too_many_pages"
    default = gettext_noop("This file has more pages than may be read at once. Split it and upload the parts.")


class NestedTooDeeply(TooLargeInside):
    """Markup or data nested deeper than any program writes it, or an entity that multiplies itself."""

    code = "nested_too_deeply"
    default = gettext_noop(
        "This file is nested too deeply, or repeats itself too often, to be read. Save it in a simpler form and upload that."
    )


class PackedTooDeeply(TooLargeInside):
    """A file in an archive in a mail in an archive."""

    code = "packed_too_deeply"
    default = gettext_noop("This file is packed inside too many others. Unpack it and upload it by itself.")


class NoText(ParseError):
    """A scan, a drawing, an empty form: never shown as ready."""

    code = "no_text"
    default = gettext_noop("No text was found in this file. It may be a scan: make its text readable (OCR) first, then upload it again.")


class PictureInside(ParseError):
    """A picture in a container: no program may be started from there to read it."""

    code = "picture_inside"
    default = gettext_noop("This is a picture inside another file. Upload it by itself to have its words read.")


class NoWords(ParseError):
    """A picture in which the recogniser saw nothing."""

    code = "no_words"
    default = gettext_noop("No words were found in this picture. Scan it again, larger and sharper, or upload the text itself.")


class PictureUnread(ParseError):
    """A picture, and no recogniser."""

    code = "picture_unread"
    default = gettext_noop(
        "This is a picture, and the program that reads words in pictures is not installed here. "
        "Ask an administrator to install tesseract, or upload the text itself."
    )


class EmptyArchive(ParseError):
    """An archive without files, or with nothing but what a system leaves in each folder."""

    code = "empty_archive"
    default = gettext_noop("There are no files in this archive. Pack it again and upload it anew.")


class NothingReadable(ParseError):
    """A container, none of whose files could be read; `notices` say why for each."""

    code = "nothing_readable"
    default = gettext_noop("None of the files inside this one could be read.")


class EncryptedMail(ParseError):
    """A mail that opens with its recipient's key only."""

    code = "encrypted_mail"
    default = gettext_noop("This e-mail is encrypted. Save it decrypted from your mail program and upload that.")


class TimedOut(ParseError):
    """The child used up its time, of the processor or by the clock."""

    code = "timed_out"
    default = gettext_noop("Reading this file took too long. Split it or save it in a simpler form, then upload it again.")


class OutOfMemory(ParseError):
    """The child used up its memory."""

    code = "out_of_memory"
    default = gettext_noop("Reading this file needs more memory than is allowed. Split it and upload the parts.")


class Crashed(ParseError):
    """The child died, or said what no child of ours says."""

    code = "crashed"
    default = gettext_noop(
        "This file stopped the program that reads it; it may be damaged. Save it anew or in another format and upload that."
    )


def every(of: type[ParseError] = ParseError) -> Iterator[type[ParseError]]:
    """Each reason that there is."""
    for error in of.__subclasses__():
        yield error
        yield from every(error)


def by_code(code: str) -> ParseError:
    """The error that a child reported as `code`; one that it made up is `Crashed`."""
    return next((error() for error in every() if error.code == code), Crashed())


class Stopped(Exception):
    """The caller's `should_stop` said so while a file was being read; nothing is wrong with the file."""
