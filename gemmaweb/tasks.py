"""What workers do for the installation as a whole."""

from __future__ import annotations

from celery import shared_task

from gemmaweb import purge as purging


@shared_task(name="workspaces.sweep", ignore_result=True)
def sweep() -> None:
    """See whether a deleted workspace is to be erased."""
    purging.sweep()


@shared_task(name="workspaces.purge", ignore_result=True)
def purge() -> None:
    """Erase deleted workspaces. Safe to lose and to deliver twice."""
    purging.purge_due()
