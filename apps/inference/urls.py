"""Addresses of models."""

from __future__ import annotations

from django.urls import path

from apps.inference import views

urlpatterns = [
    path("admin/models/", views.models, name="models"),
    path("admin/models/states/", views.states, name="model_states"),
]
