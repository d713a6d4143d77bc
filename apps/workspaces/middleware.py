"""Until somebody has set the installation up, every way leads to the first-run page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.core.errors import ProductError
from apps.core.http import error_response
from apps.core.openai_form import PREFIX
from apps.workspaces import services

OPEN = ("/healthz", "/readyz")


class NotSetUp(ProductError):
    """There is nobody yet who could ask."""

    code = "not_set_up"
    status = 503
    sentence = _("This installation has not been set up: open its address in a browser, or run `manage.py createadmin`.")


class FirstRunMiddleware:
    """Sends people to the first-run page and answers programs 503. Asks the database until the answer is yes, then never again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.is_set_up = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.is_set_up and request.path not in OPEN:
            self.is_set_up = services.is_set_up()
            if not self.is_set_up and request.path.startswith(("/api/", PREFIX)):
                return error_response(request, NotSetUp())
            if not self.is_set_up and request.path != reverse("first_run"):
                return redirect("first_run")
        return self.get_response(request)
