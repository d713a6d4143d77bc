"""Addresses of documents."""

from __future__ import annotations

from django.urls import path

from apps.documents import shelf, views

urlpatterns = [
    path("w/<slug:slug>/documents/", shelf.shelf, name="documents"),
    path("w/<slug:slug>/documents/rows/", shelf.rows, name="document_rows"),
    path("w/<slug:slug>/documents/selected/", shelf.selected, name="documents_selected"),
    path("d/<uuid:pk>/", views.document, name="document"),
    path("d/<uuid:pk>/pages/<int:number>/", views.document_page, name="document_page"),
    path("d/<uuid:pk>/find/", views.document_find, name="document_find"),
    path("d/<uuid:pk>/original/", views.original, name="document_original"),
]
