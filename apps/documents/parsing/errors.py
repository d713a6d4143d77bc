"""Why a file could not be read: a code for programs, a sentence for the person who uploaded it."""

from __future__ import annotations


def gettext_noop(sentence: str) -> str:
    """`sentence`, marked for translators. The child speaks English and loads no Django; apps/documents/reasons.py speaks to people."""
    return sentence


class ParseError(Exception):
    """The base: `code` and `sentence` are stored with the document as its reason."""

    code = "parse_error"
    default = gettext_noop("This file could not be read.")

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence or self.default
        super().__init__(self.sentence)


class EmptyFile(ParseError):
    """A file of 0 bytes."""

    code = "empty_file"
    default = gettext_noop("This file is empty: it has 0 bytes. Upload it again from where it is complete.")


class UnsupportedKind(ParseError):
    """A file of a kind that is not read, named where it was recognised."""

    code = "unsupported_kind"
    default = gettext_noop(
        "This kind of file cannot be read. PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, HTML, Markdown, text and CSV can."
    )

    @classmethod
    def of(cls, detected: str) -> UnsupportedKind:
        """The error for a file that was recognised as `detected`, such as "a PNG picture"."""
        return cls(cls.default.replace("This kind of file cannot be read.", f"This is {detected}, and it cannot be read here."))


class Encrypted(ParseError):
    """A file that opens with a password only."""

    code = "encrypted"
    default = gettext_noop("This file is protected by a password. Save a copy without one and upload that.")


class Damaged(ParseError):
    """A file that is not what it begins like, or ends too early."""

    code = "damaged"
    default = gettext_noop("This file is damaged or incomplete. Open it in its own program, save it anew and upload that.")


class TooLargeInside(ParseError):
    """A bomb, or an honest file beyond the limits."""

    code = "too_large_inside"
    default = gettext_noop("This file unpacks to more than may be read at once. Split it and upload the parts.")


class NoText(ParseError):
    """A scan, a drawing, an empty form: never shown as ready."""

    code = "no_text"
    default = gettext_noop("No text was found in this file. It may be a scan: make its text readable (OCR) first, then upload it again.")


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


def by_code(code: str, sentence: str) -> ParseError:
    """The error that a child reported as `code`; one that it made up is `Crashed`."""
    known = {error.code: error for error in ParseError.__subclasses__()}
    if code not in known:
        return Crashed()
    return known[code](sentence)


class Stopped(Exception):
    """The caller's `should_stop` said so while a file was being read; nothing is wrong with the file."""
