"""Addresses of workspaces."""

from __future__ import annotations

from django.urls import path

from apps.workspaces import administration, lifecycle_views, people_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("setup/", views.first_run, name="first_run"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("w/<slug:slug>/people/", people_views.people, name="people"),
    path("w/<slug:slug>/settings/", views.workspace_settings, name="workspace_settings"),
    path("w/<slug:slug>/leave/", lifecycle_views.leave, name="leave_workspace"),
    path("w/<slug:slug>/archive/", lifecycle_views.archive, name="archive_workspace"),
    path("w/<slug:slug>/unarchive/", lifecycle_views.unarchive, name="unarchive_workspace"),
    path("w/<slug:slug>/delete/", lifecycle_views.delete, name="delete_workspace"),
    path("workspaces/deleted/", lifecycle_views.deleted, name="deleted_workspaces"),
    path("admin/people/", administration.people, name="administration_people"),
    path("admin/people/new/", administration.new_person, name="administration_new_person"),
    path("admin/people/<uuid:pk>/", administration.person, name="administration_person"),
    path("me/keys/", views.my_keys, name="keys"),
]
