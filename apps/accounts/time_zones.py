"""Time zones as people look for them."""

from __future__ import annotations

import zoneinfo
from functools import cache

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def suggestions() -> list[tuple[str, str]]:
    """`(name, place)` of each zone that is named after a place: ("Europe/Berlin", "Berlin"); UTC first."""
    names = sorted(zone for zone in zoneinfo.available_timezones() if zone.split("/")[0] in AREAS and "/" in zone)
    return [("UTC", "UTC"), *((name, _place(name)) for name in names)]


def find(typed: str) -> str | None:
    """The zone that somebody means who types its name in any case, or only its place; None where there is none, or more than one."""
    wanted = typed.strip().casefold().replace(" ", "_")
    by_name = {zone.casefold(): zone for zone in zoneinfo.available_timezones()}
    if wanted in by_name:
        return by_name[wanted]
    of_place = [zone for zone, _ in suggestions() if zone.rpartition("/")[2].casefold() == wanted]
    return of_place[0] if len(of_place) == 1 else None


def _place(name: str) -> str:
    return ", ".join(part.replace("_", " ") for part in reversed(name.split("/")[1:]))
