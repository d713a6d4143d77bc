"""Numbers and dates are read as their spreadsheet shows them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.documents.parsing.number_formats import BUILT_IN, general, shown

ACCOUNTING = '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'
NEW_YEAR_2025 = 45658


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, "0", "1235"),  # as people round, not as banks do
        (0.125, "0.0%", "12.5%"),
        (42, "0000", "0042"),
        (12, "0.###", "12"),
        (12.5, "0.###", "12.5"),
        (0.5, ".00", ".50"),
        (1234567, "#,##0,", "1,235"),
        (1234567, '0.0,,"M"', "1.2M"),
        (12345678, "0.00E+00", "1.23E+07"),
        (0.0012, "0.0E-0", "1.2E-3"),
        (5551234567, "(###) ###-####", "(555) 123-4567"),
        (1.5, "# ?/?", "1 1/2"),
        (-0.75, "# ?/?", "-3/4"),
        (2, "# ??/??", "2"),
        (0, "#", ""),
    ],
)
def test_digits_follow_their_pattern(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1234.5, ACCOUNTING, "1,234.50 €"),
        (-1234.5, ACCOUNTING, "-1,234.50 €"),
        (0, ACCOUNTING, "- €"),
        (-5, "#,##0;(#,##0)", "(5)"),
        (-5.5, "0.00", "-5.50"),
        (-3, "$#,##0", "-$3"),
        (-0.4, "0", "0"),
        (0, '0;-0;"none"', "none"),
        (5, '[>=10]"many";[<10]"few"', "few"),
        (12, '[>=10]"many";[<10]"few"', "many"),
        (7, "[=1]0;[=2]00;000", "007"),
        (-2, '[Red][<0]0" below";0', "2 below"),
        (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
        (4, "\\#0", "#4"),
        (-1, '0.0 "°C"', "-1.0 °C"),
        (7, '"fixed"', "fixed"),
        (7, "@", "7"),
        (7, '0" items"', "7 items"),
    ],
)
def test_signs_and_units_stand_where_they_are_shown(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (NEW_YEAR_2025, "dd.mm.yyyy", "01.01.2025"),
        (NEW_YEAR_2025, "m/d/yy", "1/1/25"),
        (NEW_YEAR_2025, "mmmm d, yyyy", "January 1, 2025"),
        (NEW_YEAR_2025, "[$-407]d. mmmm yyyy", "1. January 2025"),
        (NEW_YEAR_2025, "ddd d mmm", "Wed 1 Jan"),
        (NEW_YEAR_2025, "dddd", "Wednesday"),
        (NEW_YEAR_2025, "mmmmm", "J"),
        (NEW_YEAR_2025 + 0.5, "yyyy-mm-dd h:mm", "2025-01-01 12:00"),
        (NEW_YEAR_2025 + 0.75, "h:mm AM/PM", "6:00 PM"),
        (NEW_YEAR_2025, "h AM/PM", "12 AM"),
        (0.75, "h:mm:ss", "18:00:00"),
        (1.5, "[h]:mm", "36:00"),
        (0.0625, "[mm]:ss", "90:00"),
        (1 / 86400, "[s]", "1"),
        (1.5 / 86400, "mm:ss.0", "00:01.5"),
        (1.6 / 86400, "mm:ss", "00:02"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (-1, "yyyy", "-1"),  # no day: shown as hashes by some, as it is by us
        (1e9, "yyyy", "1000000000"),
    ],
)
def test_days_and_times_follow_their_pattern(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


def test_some_files_count_days_from_1904() -> None:
    assert shown(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"
    assert shown(NEW_YEAR_2025 - 1462, "yyyy-mm-dd", since_1904=True) == "2025-01-01"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.3333333333"),
        (4006381333931, "4006381333931"),
        (1e-7, "1E-07"),
        (1e300, "1E+300"),
        (-2.5, "-2.5"),
    ],
)
def test_without_a_format_a_number_is_as_short_as_it_can_be(value: float, text: str) -> None:
    assert general(value) == shown(value, "General") == shown(value, "") == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_said_as_it_is(value: float) -> None:
    assert shown(value, "0.00") == shown(value, "yyyy") == str(value)


def test_every_built_in_format_says_something() -> None:
    assert all(shown(NEW_YEAR_2025 + 0.5, code) for code in BUILT_IN.values())


def test_a_number_of_many_digits_keeps_its_decimals() -> None:
    assert shown(1e27, ".0") == "1000000000000000000000000000.0"
    assert shown(1e27, ".#") == "1000000000000000000000000000"


@given(st.floats(), st.text(alphabet='0#?.,%;@"\\[]<>=-+E/ ymdhsAMP_*€eg', max_size=40), st.booleans())
def test_no_format_is_an_error(value: float, code: str, since_1904: bool) -> None:
    assert isinstance(shown(value, code, since_1904=since_1904), str)
