"""Where sessions are kept: Django's store on a table of ours, which knows whose they are.

Not allauth's `usersessions`: that keeps a second row beside each session, writes it at every request, reads the list one by one,
and fails where a client has no address.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Session, User

KEY = re.compile(r"[a-z0-9]{32}")
NOTE_EVERY = timedelta(minutes=1)


class SessionStore(DatabaseStore):
    """A cookie that cannot be ours is no session: PostgreSQL answers a NUL in it with an error, and that was a 500."""

    row: Session | None = None  # as it was read; None for a session that this request has begun

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Our table."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row to save, with the person who has signed in."""
        row = cast("Session", super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        return row

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        """The same for who comes from the event loop."""
        row = cast("Session", await super().acreate_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        return row

    def cycle_key(self) -> None:
        """A new key for the same session: what is known of it stays."""
        known = self.row
        super().cycle_key()
        if known is not None and known.user_id is not None:
            noted = {"begun_at": known.begun_at, "seen_at": known.seen_at, "address": known.address, "browser": known.browser}
            Session.objects.filter(pk=self.session_key).update(**noted)

    def is_due(self) -> bool:
        """Whether it has not been noted in the last minute that somebody was here."""
        return self.row is not None and (self.row.seen_at is None or self.row.seen_at < timezone.now() - NOTE_EVERY)

    def _get_session_from_db(self) -> Session | None:
        self.row = super()._get_session_from_db()  # type: ignore[misc]  # django-stubs does not know it
        return self.row

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and KEY.fullmatch(key))


def note_seen(session: Session, *, address: str, browser: str) -> None:
    """Note who was here, from where and with what; of requests that come at once, one writes."""
    is_old = Q(seen_at=None) | Q(seen_at__lt=Now() - NOTE_EVERY)
    facts = {"seen_at": Now(), "address": _ip_address(address), "browser": browser[:300].replace("\0", "")}
    if session.user_id and Session.objects.filter(is_old, pk=session.pk).update(**facts):
        User.objects.filter(pk=session.user_id).update(seen_at=Now())


def _ip_address(text: str) -> str | None:
    """The address as it can be stored; None where there is none, as on a unix socket."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
