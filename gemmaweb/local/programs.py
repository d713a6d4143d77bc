"""The command lines of web and of the workers: `manage.py up` keeps them running, `manage.py web` and `manage.py worker` become one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gemmaweb.local.folder import REPOSITORY, Home

QUEUES = ("generation", "ingest", "models", "sweep")
# On one machine the worker that reads files gets models as well, in a thread; in containers only a worker of its own has a way out.
TOGETHER = {"ingest": ("models",)}
# Workers have nothing to tell each other: looking for others takes each a second at its start, and what they say of their health
# nobody hears (gemmaweb.liveness is what is asked).
ALONE = ("--without-mingle", "--without-gossip", "--without-heartbeat")


def worker(queue: str, home: Home, *, slots: int, readers: int, also: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The worker of one of QUEUES, and of those in `also`: as many answers at once as `slots`, as many files as `readers`."""
    pools = {
        "generation": ("--pool", "threads", "--concurrency", str(slots)),
        "ingest": ("--pool", "threads", "--concurrency", str(readers)),
        "models": ("--pool", "solo"),
        "sweep": ("--pool", "solo", "--beat", "-s", str(home.run / "beat-schedule")),
    }
    celery = (sys.executable, "-m", "celery", "-A", "gemmaweb", "worker", "-n", f"{queue}@%h", "-Q", ",".join((queue, *also)))
    return (*celery, *ALONE, *pools[queue])


def web(listening: int) -> tuple[str, ...]:
    """The web server on the socket of this number."""
    return (sys.executable, "-m", "gemmaweb.server", "--fd", str(listening))


def environment(home: Home) -> dict[str, str]:
    """What web needs to find the installation from any folder."""
    return {"GEMMAWEB_HOME": str(home.path), "PYTHONPATH": _path_with(REPOSITORY), "DJANGO_SETTINGS_MODULE": "gemmaweb.settings"}


def worker_environment(home: Home, queue: str) -> dict[str, str]:
    """What a worker needs. Whoever starts it has run the checks: in it they would only load every page's code."""
    offline = {"HF_HUB_OFFLINE": "1"} if queue == "generation" else {}  # no engine looks for files elsewhere
    return environment(home) | offline | {"CELERY_SKIP_CHECKS": "1"}


def _path_with(folder: Path) -> str:
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
