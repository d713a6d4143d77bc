"""What can be had, what is on its way, what is here: as the page and the command show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .catalogue import Entry, Role, offered
from .fitting import fit_of_offer
from .models import Download, InstalledModel
from .telling import ThisMachine


@dataclass(frozen=True, slots=True)
class Offer:
    """A model of the catalogue that is not installed, and how far it is if somebody asked for it."""

    entry: Entry
    download: Download | None

    @property
    def state(self) -> str:
        """The download's status; `none` where nobody asked for it."""
        return self.download.status if self.download else "none"

    @property
    def share(self) -> float:
        """How much of it is here, 0 to 1."""
        return self.download.done_bytes / self.entry.size_bytes if self.download else 0.0

    @property
    def left_bytes(self) -> int:
        """What is still to come."""
        return self.entry.size_bytes - (self.download.done_bytes if self.download else 0)

    @property
    def words(self) -> str:
        """How it fares, for a person."""
        return state_words(self.download) if self.download else ""


def offers(user: Any) -> list[Offer]:
    """All models that `user` may get and are not here, in the catalogue's order."""
    if not (user.is_active and user.is_superuser):
        return []
    here = set(InstalledModel.objects.visible_to(user).values_list("catalogue_key", flat=True))
    on_their_way = {download.key: download for download in Download.objects.visible_to(user)}
    return [Offer(entry, on_their_way.get(entry.key)) for entry in offered(here)]


def advised(offered: list[Offer], here: ThisMachine) -> list[Offer]:
    """What a new installation needs first: the largest model that fits this machine well, a larger one that fits tightly, an embedder."""
    fitting = [(offer, fit_of_offer(offer.entry, here)) for offer in offered if offer.entry.role == Role.CHAT]
    by_size = sorted(fitting, key=lambda pair: pair[0].entry.size_bytes)
    well = [offer for offer, found in by_size if found and found.verdict == "well"][-1:]
    least = well[0].entry.size_bytes if well else 0
    tight = [offer for offer, found in by_size if found and found.verdict == "tightly" and offer.entry.size_bytes > least][-1:]
    return [*well, *tight, *[offer for offer in offered if offer.entry.role == Role.EMBED][:1]]


def state_words(download: Download) -> str:
    """How far a download is, in one line."""
    if download.status == Download.Status.QUEUED:
        return _("Waiting for its turn")
    if download.status == Download.Status.RUNNING and download.is_whole:
        return _("All bytes are here and right. Trying the model")
    so_far = _("%(done)s of %(all)s") % {"done": filesizeformat(download.done_bytes), "all": filesizeformat(download.size_bytes)}
    if download.status == Download.Status.STOPPED:
        return _("Stopped at %(so_far)s") % {"so_far": so_far}
    if download.status != Download.Status.RUNNING or download.seconds_left is None:
        return so_far
    rate = _("%(rate)s/s") % {"rate": filesizeformat(download.rate_bytes_s)}
    return f"{so_far} · {rate} · {_time_left(download.seconds_left)}"


def _time_left(seconds: int) -> str:
    if seconds < 60:
        return _("less than a minute left")
    if seconds < 3600:
        minutes = round(seconds / 60)
        return ngettext("%(number)d minute left", "%(number)d minutes left", minutes) % {"number": minutes}
    hours = round(seconds / 3600)
    return ngettext("%(number)d hour left", "%(number)d hours left", hours) % {"number": hours}
