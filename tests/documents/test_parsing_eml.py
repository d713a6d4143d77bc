"""A mail gives who wrote to whom, its text once, and the files that hang on it."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from apps.documents.parsing import errors
from apps.documents.parsing.eml import decoded_words
from apps.documents.parsing.limits import Limits
from apps.documents.parsing.places import Parsed
from tests.documents.files import encrypted_pdf, pdf, read, zipped

HEAD = b"From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nSubject: Offer\r\nMIME-Version: 1.0\r\n"


def mail(text: str = "Dear Bob.", *, subject: str = "Offer", html: str = "") -> EmailMessage:
    """A mail from Ada to Bob."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@example.org>", "bob@example.org", subject
    message["Date"] = "Mon, 01 Jul 2024 10:00:00 +0200"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def attach(message: EmailMessage, data: bytes, name: str, kind: str = "application/octet-stream") -> EmailMessage:
    """The mail with a file on it."""
    maintype, _, subtype = kind.partition("/")
    message.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return message


def parsed(message: EmailMessage) -> Parsed:
    return read(message.as_bytes())


def body(data: bytes) -> str:
    """What stands below the headers."""
    return read(data).places[0].text.partition("\n\n")[2]


def test_a_mail_says_who_wrote_to_whom_and_when() -> None:
    found = parsed(mail())
    assert (found.kind, found.title) == ("eml", "Offer")
    assert found.places[0].text == (
        "From: Ada <ada@example.org>\nTo: bob@example.org\nDate: Mon, 01 Jul 2024 10:00:00 +0200\nSubject: Offer\n\nDear Bob."
    )
    assert found.places[0].label == ""


def test_the_plain_text_is_read_once() -> None:
    text = parsed(mail("Dear Bob, the offer.", html="<p>Dear <b>Bob</b>, the offer.</p>")).places[0].text
    assert text.count("Dear") == 1
    assert "<p>" not in text


@pytest.mark.parametrize("plain", ["", " \n", "Your program cannot show this mail."])
def test_html_is_read_where_the_plain_text_says_nothing(plain: str) -> None:
    text = parsed(mail(plain, html="<style>p {}</style><h1>Offer</h1><p>" + "Dear Bob, the berth is free. " * 20)).places[0].text
    assert "the berth is free." in text
    assert "p {}" not in text


def test_a_mail_of_html_alone_is_read() -> None:
    assert body(HEAD + b"Content-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Gr\xf6\xdfe <b>5") == "Größe 5"


@pytest.mark.parametrize(
    ("charset", "encoding", "text"),
    [
        ("shift_jis", "shift_jis", "日本語の本文です。"),
        ("iso-2022-jp", "iso2022_jp", "日本語の本文です。"),
        ("utf-8", "shift_jis", "日本語の本文です。これはとても長い文章で、文字コードを当てるのに十分です。"),
        ("iso-8859-1", "cp1252", "“Größe” – 5 €"),
        ("koi8-r", "koi8-r", "Это предложение"),
        ("us-ascii", "utf-8", "Größe"),
        ("no-such-charset", "utf-8", "Größe"),
        ("\xb2", "utf-8", "Größe"),
        ("utf-7", "utf-7", "Größe"),
    ],
)
def test_a_text_is_read_in_the_charset_that_it_is_in(charset: str, encoding: str, text: str) -> None:
    header = f'Content-Type: text/plain; charset="{charset}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'.encode("latin-1")
    assert body(HEAD + header + text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("coding", "coded", "text"),
    [
        ("quoted-printable", b"Gr=C3=B6=C3=9Fe and a l=\r\nong line =3D 5", "Größe and a long line = 5"),
        ("quoted-printable", b"100 = 5 * 20 =ZZ =", "100 = 5 * 20 =ZZ"),
        ("base64", b"R3LDtsOfZQ==", "Größe"),
        ("base64", b"R3LDtsOf\r\nZQ", "Größe"),
        ("made-up", b"Plain words.", "Plain words."),
    ],
)
def test_a_broken_transfer_coding_costs_no_more_than_itself(coding: str, coded: bytes, text: str) -> None:
    header = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode()
    assert body(HEAD + header + coded).startswith(text)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe?= matters", "Größe matters"),
        ("=?UTF-8?B?R3LDtg==?= =?utf-8?b?w59l?=", "Größe"),
        ("=?utf-8?B?w7bD?=\n =?utf-8?B?nw==?=", "öß"),
        ("=?iso-8859-1?q?Gr=F6=DFe?= =?utf-8?q?_=C3=B6?=", "Größe ö"),
        ("=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "日本語"),
        ("=?utf-8*de?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?made-up?q?x_y?=", "x y"),
        ("=?utf-8?b?abcde?=", "=?utf-8?b?abcde?="),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"Gr\xc3\xb6\xc3\x9fe", "Größe"),
        ("two  spaces\n folded", "two spaces folded"),
        ("", ""),
    ],
)
def test_words_of_headers_are_decoded(raw: str | bytes, text: str) -> None:
    assert decoded_words(raw) == text


def test_a_header_with_raw_bytes_is_read() -> None:
    found = read("From: Zoë <z@example.org>\nSubject: Größe\nDate: today\n\nWords.".encode())
    assert found.title == "Größe"
    assert "From: Zoë" in found.places[0].text


def test_files_are_read_as_their_kinds() -> None:
    message = attach(attach(mail(), pdf("Page one.", "Page two."), "lease.pdf"), b"a,b\n1,2\n", "Küste.csv", "text/csv")
    found = parsed(message)
    assert "Attachments: lease.pdf, Küste.csv" in found.places[0].text
    assert [(place.label, place.text) for place in found.places[1:]] == [
        ("attachment lease.pdf, page 1", "Page one."),
        ("attachment lease.pdf, page 2", "Page two."),
        ("attachment Küste.csv, row 2", "a: 1\nb: 2"),
    ]


def test_a_file_that_cannot_be_read_is_named() -> None:
    found = parsed(attach(mail(), encrypted_pdf("x"), "../../offer.pdf"))
    assert found.warnings == ["Protected by a password and left out: “attachment offer.pdf”."]
    assert len(found.places) == 1


def test_mails_in_archives_in_mails_are_read() -> None:
    inner = attach(mail("Inner words.", subject="Inner"), b"Inmost words.", "note.txt", "text/plain")
    found = parsed(attach(mail(), zipped({"old.eml": inner.as_bytes()}), "old.zip"))
    assert [place.label for place in found.places] == [
        "", "attachment old.zip, old.eml", "attachment old.zip, old.eml, attachment note.txt",
    ]  # fmt: skip
    assert found.places[2].text == "Inmost words."


def test_a_forwarded_mail_is_read_with_what_hangs_on_it() -> None:
    message = mail()
    message.add_attachment(attach(mail("Inner words.", subject="Re: Inner"), b"Inmost words.", "note.txt", "text/plain"))
    found = parsed(message)
    assert [place.label for place in found.places] == ["", "attachment Re: Inner", "attachment Re: Inner, attachment note.txt"]


def test_mails_in_mails_are_opened_three_deep() -> None:
    message = mail("Words 0.", subject="Subject 0")
    for number in range(1, 6):
        outer = mail(f"Words {number}.", subject=f"Subject {number}")
        outer.add_attachment(message)
        message = outer
    found = parsed(message)
    assert len(found.places) == 3
    assert found.warnings[0].startswith("Packed inside too many others and left out: “attachment Subject 4, attachment Subject 3, ")


def test_files_that_stand_beside_one_version_of_the_text_are_found() -> None:
    data = HEAD + (
        b'Content-Type: multipart/alternative; boundary="a"\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nDear Bob.\r\n'
        b'--a\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Dear Bob.</p>\r\n'
        b"--b\r\nContent-Type: text/plain; name=note.txt\r\nContent-Disposition: inline\r\n\r\nA note.\r\n--b--\r\n--a--\r\n"
    )
    found = read(data)
    assert [place.text.partition("\n\n")[2] or place.text for place in found.places] == ["Dear Bob.", "A note."]


def test_the_letterheads_logo_is_no_file() -> None:
    message = mail("x", html="<img src=cid:logo>")
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="logo.png", cid="<logo>")
    assert parsed(message).warnings == []


def test_what_a_mail_server_reports_is_read() -> None:
    data = HEAD + (
        b'Content-Type: multipart/report; boundary="a"\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n'
        b"--a\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; x@y\r\n\r\n--a--\r\n"
    )
    assert body(data) == "Not delivered.\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; x@y"


def test_an_encrypted_mail_says_so() -> None:
    data = HEAD + (
        b'Content-Type: multipart/encrypted; boundary="a"\r\n\r\n--a\r\nContent-Type: application/pgp-encrypted\r\n\r\nx\r\n--a--\r\n'
    )
    for sealed in (data, HEAD + b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nabc"):
        with pytest.raises(errors.EncryptedMail):
            read(sealed)


@pytest.mark.parametrize(
    "tail",
    [
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nnever closed',
        b"Content-Type: ;;;\r\nContent-Disposition: =;\r\n\r\nno boundary",
        b"Content-Type: text/plain; name*9999999999999999999=x; name*x*=y\r\nContent-Transfer-Encoding: base64\r\n\r\nbm8gYm91bmRhcnk=",
        b"Content-Type: message/rfc822\r\n\r\nno boundary",
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n#no boundary\n",
        b"Content-Type: text/plain; charset=\xff\xfe\r\n\r\nno boundary",
        b"Content-Disposition: attachment; filename*=utf-9''%ff%fe\r\n\r\nno boundary",
        b"\r\n",
    ],
)
def test_a_broken_mail_is_read_as_far_as_it_goes(tail: bytes) -> None:
    assert "From: Ada" in read(HEAD + tail).places[0].text


def test_ten_thousand_parts_are_no_trouble() -> None:
    part = b"--a\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\nWords.\r\n"
    found = read(HEAD + b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n' + part * 10_100 + b"--a--\r\n", limits=Limits(wall_s=30))
    assert len(found.places) == 10_001
    assert found.warnings[0].startswith("Too large inside and left out")


def test_parts_that_nest_without_end_are_a_reason() -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(5000))
    with pytest.raises(errors.NestedTooDeeply):
        read(HEAD + nested, limits=Limits(wall_s=30))


def test_the_first_line_of_a_mailbox_is_passed_over() -> None:
    assert read(b"From ada@example.org Mon Jul  1 10:00:00 2024\n" + mail("Words.").as_bytes()).title == "Offer"


FROM = b"From ada@example.org Mon Jul  1 10:00:00 2024\n"


def test_a_mailbox_gives_each_of_its_mails() -> None:
    mails = [attach(mail(f"Words {number}.", subject=f"Subject {number}"), b"A note.", "note.txt", "text/plain") for number in range(3)]
    found = read(b"\n".join(FROM + message.as_bytes() for message in mails))
    assert found.title == ""
    assert [place.label for place in found.places] == [
        label for number in range(3) for label in (f"Subject {number}", f"Subject {number}, attachment note.txt")
    ]


def test_a_line_that_begins_as_a_mailbox_does_is_no_border() -> None:
    text = read(FROM + mail("From here on.\n\nFrom ada: it was 10:00.").as_bytes()).places[0].text
    assert text.endswith("From ada: it was 10:00.")


def test_a_mailbox_of_nothing_says_so() -> None:
    with pytest.raises(errors.NothingReadable):
        read(FROM + b"\n\n" + FROM + b"\n\n")


def test_a_number_of_bytes_before_the_headers_is_passed_over() -> None:
    assert read(b"1795\n" + mail("Words.").as_bytes()).title == "Offer"


def test_a_file_without_a_name_is_named_by_its_kind() -> None:
    message = mail()
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv")
    assert [place.label for place in parsed(message).places] == ["", "attachment text csv.csv, row 2"]
