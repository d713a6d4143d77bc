"""Numbers, dates and times as a spreadsheet shows them: the format codes of ISO/IEC 29500-1, 18.8.30 and 18.8.31, in English."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

GENERAL = "General"
# by number; 14 and 22 look as each computer is set up, here as everybody can read them
BUILT_IN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
    41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy-mm-dd"),  # East Asian dates
}  # fmt: skip
FORMAT_MAX_CHARS = 255
DAYS_MAX = 2_958_466  # the year 10000
DIGITS_MAX = 30

_LITERAL = r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|(?P<space>_.)|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
_SECTIONS = re.compile(r'(?:"[^"]*"?|\\.|\[[^\]]*\]|[^;])+|(?<=;)(?=;|$)', re.DOTALL)
_NUMBER_PART = re.compile(
    _LITERAL + r"|\[[^\]]*\]|(?P<general>(?i:general)|@)|(?P<exponent>[Ee][+-][0#?]+)|(?P<digits>[0#?.,]+)|(?P<literal>.)", re.DOTALL
)
_DATE_PART = re.compile(
    _LITERAL + r"|\[(?P<elapsed>(?i:h+|m+|s+))\]|\[[^\]]*\]|(?P<half>(?i:am/pm|a/p))|(?P<fraction>\.0+)"
    r"|(?P<date>(?i:y+|m+|d+|h+|s+|e+|g+|b+|a{3,4}))|(?P<literal>.)",
    re.DOTALL,
)
_NOT_CODE = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?!(?i:h+|m+|s+)\])[^\]]*\]|(?i:general)', re.DOTALL)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EXACT = Context(prec=60)


class _Part(NamedTuple):
    name: str  # a group of the expressions above; "literal" for all that is shown as it stands
    text: str


@lru_cache(maxsize=16_384)
def shown(value: float, code: str, *, since_1904: bool = False) -> str:
    """`value` in the format `code`; as it is where the code says nothing of use. `since_1904`: from which day the file counts."""
    if code == GENERAL:
        return general(value)
    try:
        exact = Decimal(f"{value:.15g}")
        section, is_plain = _section(code[:FORMAT_MAX_CHARS], exact)
        if not exact.is_finite() or not section.strip():
            return general(value)
        if _is_date(section):
            return _date(value, section, since_1904=since_1904)
        return _number(exact if is_plain else exact.copy_abs(), section)
    except (InvalidOperation, OverflowError, ValueError, ZeroDivisionError):
        return general(value)


def general(value: float) -> str:
    """`value` without a format: up to ten digits, a whole number with all it has."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{value:.10g}".replace("e", "E")


@lru_cache(maxsize=1024)
def _sections(code: str) -> list[str]:
    return _SECTIONS.findall(code)


def _section(code: str, value: Decimal) -> tuple[str, bool]:
    """The part of `code` for such a value, and whether its sign is still to be shown: codes of several parts show it by themselves."""
    sections = _sections(code)
    for section in sections[:2]:
        if (condition := _CONDITION.search(section)) and _holds(value, condition[1], Decimal(condition[2])):
            return section, value >= 0 or len(sections) == 1
    if _CONDITION.search(code):
        return sections[-1], True
    if len(sections) > 1 and value < 0:
        return sections[1], False
    return sections[2] if len(sections) > 2 and value == 0 else next(iter(sections), ""), True


def _holds(value: Decimal, sign: str, limit: Decimal) -> bool:
    return (
        (value < limit and sign in ("<", "<=", "<>"))
        or (value > limit and sign in (">", ">=", "<>"))
        or (value == limit and sign in ("=", "<=", ">="))
    )


@lru_cache(maxsize=1024)
def _is_date(section: str) -> bool:
    return re.search(r"(?i)[ymdhs]|\be\b", _NOT_CODE.sub("", section)) is not None


@lru_cache(maxsize=1024)
def _parts(section: str, pattern: re.Pattern[str]) -> list[_Part]:
    parts = []
    for match in pattern.finditer(section):
        name = match.lastgroup or ""
        text = match[name] if name else ""
        if name == "space":
            parts.append(_Part("literal", " "))
        elif name:
            parts.append(_Part("literal" if name in ("quoted", "escaped", "currency") else name, text))
    return [_Part("minute", part.text) if _is_minute(parts, index) else part for index, part in enumerate(parts)]


def _number(value: Decimal, section: str) -> str:
    parts = _parts(section, _NUMBER_PART)
    pattern = "".join(part.text for part in parts if part.name == "digits")
    exponent = next((part.text for part in parts if part.name == "exponent"), "")
    if _Part("literal", "/") in parts and "?" in pattern:
        return _fraction(value)
    value *= 100 ** parts.count(_Part("literal", "%"))
    if pattern:
        said = _scientific(value, pattern, exponent) if exponent else _decimal(value, pattern)
    else:
        said = general(float(value)) if any(part.name == "general" for part in parts) else ""
    return _around(parts, said).strip()


def _around(parts: list[_Part], said: str) -> str:
    """The literals with `said` in the place of the first digits; where literals stand between digits, these are filled from the right."""
    places = [index for index, part in enumerate(parts) if part.name in ("digits", "general")]
    if not places:
        return "".join(part.text for part in parts if part.name == "literal")
    before = "".join(part.text for part in parts[: places[0]] if part.name == "literal")
    after = "".join(part.text for part in parts[places[-1] :] if part.name == "literal")
    between = [part for part in parts[places[0] : places[-1] + 1] if part.name in ("literal", "digits")]
    if len(places) > 1 and said.isdigit() and all(part.name == "literal" or set(part.text) <= set("0#?") for part in between):
        said = _spread(between, said)
    sign = "-" if said.startswith("-") and before else ""
    return sign + before + said.removeprefix(sign) + after


def _spread(parts: list[_Part], digits: str) -> str:
    """`digits` over groups with literals between them: (###) ###-####."""
    pieces: list[str] = []
    for index in range(len(parts) - 1, -1, -1):
        name, text = parts[index]
        is_first = not any(part.name == "digits" for part in parts[:index])
        if name == "literal":
            pieces.append(text)
        else:
            digits, group = ("", digits) if is_first else (digits[: -len(text)], digits[-len(text) :])
            pieces.append(group)
    return "".join(reversed(pieces))


def _decimal(value: Decimal, pattern: str) -> str:
    """`value` by a pattern of 0 # ? . and commas."""
    thousands = len(pattern) - len(pattern.rstrip(","))
    whole, _, after = pattern.rstrip(",").partition(".")
    scaled = value / 1000**thousands
    places = [sign for sign in after if sign in "0#?"][:DIGITS_MAX]
    rounded = scaled.quantize(Decimal(1).scaleb(-len(places)), rounding=ROUND_HALF_UP, context=_EXACT)
    digits, _, decimals = f"{rounded.copy_abs():f}".partition(".")
    kept = len(places)
    while kept and places[kept - 1] != "0" and decimals[kept - 1] == "0":
        kept -= 1
    least = min(whole.count("0"), DIGITS_MAX)
    digits = digits.lstrip("0").zfill(least)
    if "," in whole:
        digits = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", digits)
    return ("-" if rounded < 0 else "") + digits + ("." + decimals[:kept] if kept else "")


def _scientific(value: Decimal, pattern: str, exponent: str) -> str:
    power = value.adjusted() if value else 0
    mantissa = _decimal(value.scaleb(-power), pattern)
    sign = "-" if power < 0 else "+" if "+" in exponent else ""
    return f"{mantissa}E{sign}{str(abs(power)).zfill(exponent.count('0'))}"


def _fraction(value: Decimal) -> str:
    near = Fraction(value).limit_denominator(99)
    whole, rest = divmod(abs(near.numerator), near.denominator)
    said = f"{whole} {rest}/{near.denominator}" if whole and rest else f"{rest}/{near.denominator}" if rest else str(whole)
    return f"-{said}" if value < 0 else said


def _date(value: float, section: str, *, since_1904: bool) -> str:
    if not 0 <= value < DAYS_MAX:
        return general(value)
    parts = _parts(section, _DATE_PART)
    finest = max((len(part.text) - 1 for part in parts if part.name == "fraction"), default=0)
    seconds = (Decimal(f"{value:.15g}") * 86_400).quantize(Decimal(1).scaleb(-min(finest, 3)), rounding=ROUND_HALF_UP)
    moment = _day_zero(value, since_1904=since_1904) + timedelta(microseconds=int(seconds * 1_000_000))
    has_halves = any(part.name == "half" for part in parts)
    said = (_moment_part(parts, index, moment, has_halves) or _elapsed(parts[index], seconds) for index in range(len(parts)))
    return " ".join("".join(said).split())


def _day_zero(value: float, *, since_1904: bool) -> datetime:
    """The day before the first; the usual system believes in a 29 February 1900, its day 60."""
    return datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 31 if value < 60 else 30)  # noqa: DTZ001 (a cell has no zone)


def _elapsed(part: _Part, seconds: Decimal) -> str:
    if part.name != "elapsed":
        return ""
    unit = {"h": 3600, "m": 60, "s": 1}[part.text[0].lower()]
    return str(int(seconds // unit)).zfill(len(part.text))


def _moment_part(parts: list[_Part], index: int, moment: datetime, has_halves: bool) -> str:
    name, text = parts[index]
    if name == "literal":
        return text
    if name == "half":
        return f"{moment:%p}"
    if name == "fraction":
        return f".{moment.microsecond:06d}"[: len(text)]
    if name == "minute":
        return str(moment.minute).zfill(min(len(text), 2))
    return _date_unit(text.lower(), moment, has_halves=has_halves) if name == "date" else ""


def _date_unit(code: str, moment: datetime, *, has_halves: bool) -> str:
    width = min(len(code), 2)
    match code[0]:
        case "y" | "e":
            return f"{moment:%Y}" if len(code) > 2 or code[0] == "e" else f"{moment:%y}"
        case "m" if len(code) > 2:
            return _MONTHS[moment.month - 1][: {3: 3, 5: 1}.get(len(code))]
        case "d" | "a" if len(code) > 2:
            return _DAYS[moment.weekday()][: 3 if len(code) == 3 else None]
        case "h":
            return str((moment.hour - 1) % 12 + 1 if has_halves else moment.hour).zfill(width)
        case "m":
            return str(moment.month).zfill(width)
        case "d":
            return str(moment.day).zfill(width)
        case "s":
            return str(moment.second).zfill(width)
        case _:  # names of eras
            return ""


def _is_minute(parts: list[_Part], index: int) -> bool:
    """Whether an m at `index` follows hours or is followed by seconds; it is a month elsewhere."""
    if parts[index].name != "date" or parts[index].text[0] not in "mM":
        return False
    units = [part.text[0].lower() if part.name in ("date", "elapsed") else "" for part in parts]
    before = next((unit for unit in reversed(units[:index]) if unit), "")
    after = next((unit for unit in units[index + 1 :] if unit), "")
    return before == "h" or after == "s"
