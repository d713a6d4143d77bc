"""What all mails have, in whatever file they came: who wrote to whom, when and about what, a text, and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.documents.parsing.nested import Part, read_inside, shown_name
from apps.documents.parsing.places import Reading, short, storable
from apps.documents.parsing.sections import add_text

NAMED_MAX = 50
STUB_MAX_CHARS = 200  # "Your program cannot show this mail": what stands beside a text that is many times longer
STUB_SHARE = 5


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, or a mail, that hangs on a mail."""

    name: str
    read: Callable[[Part], None]


@dataclass(slots=True)
class Mail:
    """One mail as it is read."""

    headers: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    body: str = ""
    attachments: list[Attachment] = field(default_factory=list)


def add_mail(mail: Mail, reading: Reading) -> None:
    """Add the mail's text and all that hangs on it."""
    reading.suggest_title(mail.subject)
    lines = [f"{name}: {short(value)}" for name, value in (*mail.headers.items(), ("Subject", mail.subject)) if short(value)]
    names = [shown_name(attachment.name) for attachment in mail.attachments]
    if names:
        lines.append(f"Attachments: {', '.join(names[:NAMED_MAX])}")
    add_text(reading, "\n\n".join(filter(None, ("\n".join(lines), storable(mail.body).strip()))))
    for name, attachment in zip(names, mail.attachments, strict=True):
        read_inside(f"attachment {name}", attachment.read, reading)


def is_stub(plain: str, other_chars: int) -> bool:
    """Whether `plain` only says that the mail is to be read in another form, which has `other_chars`."""
    return len(plain) < STUB_MAX_CHARS and len(plain) * STUB_SHARE < other_chars
