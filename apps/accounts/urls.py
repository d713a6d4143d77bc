"""Addresses of accounts. Of allauth's only those that work without a mail server; its own list has a dozen more."""

from __future__ import annotations

from allauth.account import views as allauth
from django.urls import path

from apps.accounts import reset, views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/picture/", views.my_picture, name="my_picture"),
    path("me/theme/", views.my_theme, name="my_theme"),
    path("me/security/", views.security, name="security"),
    path("pictures/<uuid:pk>/<slug:name>/<int:side>.png", views.picture, name="picture"),
    path("reset/", reset.set_password, name="set_password"),
    path("reset/<str:token>/", reset.open_link, name="reset"),
    path("admin/people/<uuid:pk>/email/", views.email, name="administration_email"),
    path("accounts/login/", allauth.login, name="account_login"),
    path("accounts/logout/", allauth.logout, name="account_logout"),
    path("accounts/inactive/", allauth.account_inactive, name="account_inactive"),
    path("accounts/signup/", allauth.signup, name="account_signup"),
    path("accounts/password/change/", allauth.password_change, name="account_change_password"),
]
