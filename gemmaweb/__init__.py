"""The installation: settings, doors, local mode."""

from gemmaweb.celery import app as celery_app

__all__ = ["celery_app"]
