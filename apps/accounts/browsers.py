"""What browser this is, in words, from what it says of itself. Good enough to know one's own: anybody may say anything."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

# The first name that is found counts: Edge says that it is Chrome as well, and Chrome that it is Safari.
NAMES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Vivaldi", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium", "Chromium"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
)
HANDHELD = {"iPhone", "iPad", "Android"}


@dataclass(frozen=True)
class Browser:
    """A browser and the system it runs on; empty where it does not say."""

    name: str
    system: str

    def __str__(self) -> str:
        if self.name and self.system:
            return _("%(browser)s on %(system)s") % {"browser": self.name, "system": self.system}
        return self.name or self.system or _("Another browser")

    @property
    def is_handheld(self) -> bool:
        """Whether to draw it as a phone."""
        return self.system in HANDHELD


def read_browser(user_agent: str) -> Browser:
    """The browser behind this User-Agent."""
    return Browser(_first(NAMES, user_agent), _first(SYSTEMS, user_agent))


def _first(known: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for mark, name in known if mark in said), "")
