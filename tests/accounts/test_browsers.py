"""What browser it is, from what it says of itself."""

from __future__ import annotations

import pytest

from apps.accounts.browsers import read_browser

MOZILLA = "Mozilla/5.0 "
KHTML = "AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (MOZILLA + "(Windows NT 10.0; Win64; x64) " + KHTML + "Chrome/141.0.0.0 Safari/537.36", "Chrome on Windows"),
        (MOZILLA + "(Windows NT 10.0; Win64; x64) " + KHTML + "Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", "Edge on Windows"),
        (MOZILLA + "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "Safari on Mac"),
        (MOZILLA + "(iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/141.0 Mobile Safari/604.1", "Chrome on iPad"),
        (MOZILLA + "(Linux; Android 15; Pixel 9) " + KHTML + "Chrome/141.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (MOZILLA + "(Linux; Android 15) " + KHTML + "SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36", "Samsung Internet on Android"),
        (MOZILLA + "(Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox on Android"),
        (MOZILLA + "(X11; CrOS x86_64) " + KHTML + "Chrome/141.0.0.0 Safari/537.36", "Chrome on ChromeOS"),
        (MOZILLA + "(X11; Linux x86_64) " + KHTML + "Chrome/141.0.0.0 Safari/537.36 OPR/120.0", "Opera on Linux"),
        ("curl/8.10.1", "curl"),
        ("(Windows)", "Windows"),
        ("python-requests/2.32", "Another browser"),
        ("", "Another browser"),
    ],
)
def test_it_is_named(agent: str, words: str) -> None:
    assert str(read_browser(agent)) == words


@pytest.mark.parametrize(
    ("agent", "is_handheld"), [("(iPhone)", True), ("(Linux; Android 15)", True), ("(X11; Linux)", False), ("", False)]
)
def test_a_phone_is_drawn_as_one(agent: str, is_handheld: bool) -> None:
    assert read_browser(agent).is_handheld is is_handheld
