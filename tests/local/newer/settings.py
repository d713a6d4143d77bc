"""The settings of the next version."""

from __future__ import annotations

from gemmaweb.settings import *  # noqa: F403
from gemmaweb.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.local.newer"]
