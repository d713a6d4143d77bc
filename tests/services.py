"""The real PostgreSQL and the real Redis of the tests, in a home of their own. Loaded by pytest as a plugin, before Django."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from gemmaweb.local.folder import Home
from gemmaweb.local.postgres import Postgres
from gemmaweb.local.valkey import Valkey

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # what the tests ask is on this machine


def start_services() -> Home:
    """A prepared home whose PostgreSQL and Valkey run until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="gemmaweb-tests-"))
    os.environ.update(GEMMAWEB_HOME=str(folder), GEMMAWEB_LOG_LEVEL=os.environ.get("GEMMAWEB_LOG_LEVEL", "WARNING"))
    for outside in ("DATABASE_URL", "REDIS_URL", *PROXIES, *map(str.lower, PROXIES)):
        os.environ.pop(outside, None)
    folder.chmod(0o755)  # the services may run under another account
    home = Home.from_environment()
    home.prepare()
    home.open_sockets()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(home.close_sockets)
    for service in (Postgres(home), Valkey(home)):
        service.start()
        atexit.register(service.stop)
    return home


HOME = start_services()
