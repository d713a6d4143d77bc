"""The installation as an app: it brings `manage.py up` and the checks of its settings."""

from __future__ import annotations

from django.apps import AppConfig

from gemmaweb.checks import register_checks


class GemmawebConfig(AppConfig):
    """Registers the checks."""

    name = "gemmaweb"

    def ready(self) -> None:
        """Called once, when all apps are there."""
        register_checks()
