"""Addresses of documents."""

from __future__ import annotations

from django.urls import path

from apps.documents import views

urlpatterns = [
    path("w/<slug:slug>/documents/", views.shelf, name="documents"),
    path("d/<uuid:pk>/", views.document, name="document"),
    path("d/<uuid:pk>/pages/<int:number>/", views.document_page, name="document_page"),
    path("d/<uuid:pk>/find/", views.document_find, name="document_find"),
    path("d/<uuid:pk>/original/", views.original, name="document_original"),
]
