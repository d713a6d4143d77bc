"""Addresses of models."""

from __future__ import annotations

from django.urls import path

from apps.inference import fit_views, server_views, views

urlpatterns = [
    path("admin/models/servers/", server_views.act, name="model_servers"),
    path("admin/models/", views.models, name="models"),
    path("admin/models/first/", views.first, name="first_models"),
    path("admin/models/states/", views.states, name="model_states"),
    path("admin/models/fit/", fit_views.keep, name="model_fit"),
    path("admin/models/measure/", fit_views.measure, name="model_measure"),
]
