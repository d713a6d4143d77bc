"""Addresses of workspaces."""

from __future__ import annotations

from django.urls import path

from apps.workspaces import views

urlpatterns = [
    path("", views.home, name="home"),
    path("setup/", views.first_run, name="first_run"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("w/<slug:slug>/people/", views.people, name="people"),
    path("w/<slug:slug>/settings/", views.workspace_settings, name="workspace_settings"),
    path("me/keys/", views.my_keys, name="keys"),
]
