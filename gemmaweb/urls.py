"""All addresses of the site."""

from __future__ import annotations

from django.urls import include, path

from gemmaweb import administration, health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("api/", include("apps.api.urls")),
    path("v1/", include("apps.api.v1.urls")),
    path("", include("apps.inference.urls")),
    path("admin/workspaces/", administration.workspaces, name="administration_workspaces"),
    path("admin/workspaces/new/", administration.new_workspace, name="administration_new_workspace"),
    path("admin/workspaces/<uuid:pk>/", administration.workspace, name="administration_workspace"),
    path("", include("apps.accounts.urls")),
    path("", include("apps.workspaces.urls")),
    path("", include("apps.documents.urls")),
    path("", include("apps.chat.urls")),
]

handler400 = "gemmaweb.refusals.bad_request"
handler403 = "gemmaweb.refusals.forbidden"
handler404 = "gemmaweb.refusals.not_found"
handler429 = "gemmaweb.refusals.too_many"  # Django knows none; allauth does
handler500 = "gemmaweb.refusals.broken"
