"""Addresses of chat."""

from __future__ import annotations

from django.urls import path

from apps.chat import views

urlpatterns = [
    path("w/<slug:slug>/", views.new, name="workspace"),
    path("w/<slug:slug>/examples/", views.examples, name="examples"),
    path("c/<uuid:pk>/", views.conversation, name="conversation"),
    path("c/<uuid:pk>/messages/", views.messages, name="conversation_messages"),
    path("c/<uuid:pk>/rename/", views.rename, name="conversation_rename"),
    path("c/<uuid:pk>/delete/", views.delete, name="conversation_delete"),
    path("c/<uuid:pk>/restore/", views.restore, name="conversation_restore"),
    path("c/<uuid:pk>/citations/<uuid:message>/<int:n>/", views.citation, name="citation"),
]
