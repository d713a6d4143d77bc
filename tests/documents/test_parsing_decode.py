"""Bytes to text: what says how it is written is believed, what does not is told by its bytes."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.documents.parsing.decode import SAMPLE_BYTES, decode

GERMAN = "Übergabe der Schlüssel: früher, größer, schöner. Straße und Fuß. "
PLAIN = "The lease begins on 1 July 2021. "


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [GERMAN, "契約は七月一日に始まる。", "x"])
def test_a_mark_is_believed(encoding: str, text: str) -> None:
    mark = "\ufeff".encode(encoding)
    assert decode(mark + text.encode(encoding), declared="koi8-r") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [PLAIN, GERMAN * 100, PLAIN * 5000])
def test_utf16_without_a_mark_is_seen(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("data", [b"a few\0 stray\0 NULs\0 in a text", b"\0" + PLAIN.encode() * 10, PLAIN.encode() + bytes(8)])
def test_stray_nuls_make_no_utf16(data: bytes) -> None:
    assert decode(data) == data.decode("ascii")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_utf8_is_taken_as_it_is_whatever_is_declared(text: str) -> None:
    data = text.encode()
    assert decode(b"# " + data, declared="cp1252") == "# " + text


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("iso-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        (" CP1252 ", "cp1252"),
        ("ascii", "cp1252"),
        ("shift_jis", "cp932"),
        ("gb2312", "gb18030"),
    ],
)
def test_a_declaration_is_read_as_browsers_do(declared: str, encoding: str) -> None:
    text = "„Schlüssel“ – früher" if encoding == "cp1252" else "契約"
    assert decode(text.encode(encoding) * 3, declared) == text * 3


@pytest.mark.parametrize("declared", ["", "zip", "hex", "rot13", "no such", "a\0b", "undefined", "x" * 1000, "idna"])
def test_a_declaration_that_is_none_is_passed_over(declared: str) -> None:
    data = (GERMAN * 20).encode("cp1252")
    assert decode(data, declared) == decode(data)


def test_a_wrong_declaration_is_passed_over() -> None:
    data = (GERMAN * 20).encode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        data.decode("euc_jp")
    assert decode(data, "euc_jp") == GERMAN * 20


@pytest.mark.parametrize("text", ["A café at the harbour, open all year.", "Größe und Maß der Straße, über alles.", "Señor, mañana."])
def test_an_old_encoding_is_no_broken_utf8(text: str) -> None:
    assert "\ufffd" not in decode(text.encode("cp1252"))


def test_a_few_words_that_happen_to_be_utf8_do_not_decide() -> None:
    data = "Ã© ".encode("cp1252") * 6 + "été, à côté, déjà vu. ".encode("cp1252") * 5
    assert "\ufffd" not in decode(data)


@pytest.mark.parametrize("broken", [1, 3])
def test_a_few_broken_bytes_cost_no_more_than_themselves(broken: int) -> None:
    whole = (GERMAN * 10).encode()
    assert decode(whole + b"\xff" * broken) == GERMAN * 10 + "\ufffd" * broken


def test_a_long_text_is_told_by_its_beginning_and_read_to_its_end() -> None:
    text = GERMAN * (2 * SAMPLE_BYTES // len(GERMAN))
    assert decode(text.encode("cp1252")).endswith("Straße und Fuß. ")


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_some_text(data: bytes) -> None:
    decode(data).encode("utf-8", "surrogatepass")
    decode(codecs.BOM_UTF16_LE + data)
    decode(data, "utf-7")


@pytest.mark.parametrize("data", [b" ", b"x", b"ab", b"\r\n", b"\r\n" * 99, b"\t\n"])
def test_a_few_bytes_are_no_utf16(data: bytes) -> None:
    assert decode(data) == data.decode()


@pytest.mark.parametrize(
    ("encoding", "declared", "text"),
    [
        ("iso2022_jp", "ISO-2022-JP", "日本語のテキスト。"),
        ("iso2022_jp", "", "日本語のテキスト。"),
        ("iso2022_jp", "utf-8", "日本語のテキスト。"),
        ("iso2022_kr", "", "한국어 텍스트"),
        ("utf-7", "utf-7", "Grüße aus Köln"),
        ("hz", "hz-gb-2312", "汉字"),
    ],
)
def test_letters_that_hide_in_ascii_are_found(encoding: str, declared: str, text: str) -> None:
    assert decode(text.encode(encoding), declared) == text


def test_seven_bits_are_no_reason_to_distrust_utf8() -> None:
    assert decode("Größe".encode(), "iso-2022-jp") == "Größe"
    assert decode(b"1 +-2", "") == "1 +-2"


@pytest.mark.parametrize("times", [1, 40])
@pytest.mark.parametrize(
    ("encodings", "text"),
    [
        (("cp1252", "latin-1", "mac_roman", "cp850"), "Der Vertrag beginnt im März. Größe, Übergröße, Straße, schön. "),
        (("cp1252", "latin-1", "mac_roman"), "Le bail commence en février. Le résilier, déjà été, où ça, élève à Noël. "),
        (("cp1252", "latin-1"), "El arrendamiento comienza en julio, seis meses de antelación, mañana, ¿qué? "),
        (("cp1252", "mac_roman"), "Il contratto inizia il primo luglio, perché è così, più avanti, può. "),
        (("cp1252",), "Lejemålet begynder i juli, rødgrød med fløde på øen, æble. "),
        (("cp1252",), "The “lease” begins — on 1 July; it’s €5 per day… a naïve café. "),
        (("cp1250", "iso8859-2"), "Umowa najmu się rozpoczyna, zażółć gęślą jaźń, może ją wypowiedzieć. "),
        (("cp1250", "iso8859-2", "cp852"), "Nájemní smlouva začíná, žluťoučký kůň, šest měsíců předem. "),
        (("cp1250", "iso8859-2"), "A bérleti szerződés július elsején kezdődik, űrhajós. "),
        (("cp1254",), "Kira sözleşmesi başlar, altı ay önceden, ışık, çağrı. "),
        (("cp1257",), "Nuomos sutartis prasideda liepos pirmąją, šalis gali ją nutraukti, žąsų. "),
    ],
)
def test_latin_letters_are_told_by_the_language_that_they_make(encodings: tuple[str, ...], text: str, times: int) -> None:
    for encoding in encodings:
        assert decode((text * times).encode(encoding)) == text * times


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Договор аренды начинается.", "يبدأ عقد الإيجار في يوليو.", "สัญญาเช่าเริ่มวันที่หนึ่ง", "חוזה השכירות מתחיל."])
def test_utf16_without_a_mark_is_seen_in_other_scripts_too(encoding: str, text: str) -> None:
    assert decode((text * 9).encode(encoding)) == text * 9
