"""The ASGI application: size limits, static files, then pages and sockets."""

from __future__ import annotations

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from servestatic import ServeStaticASGI

from apps.core.late import patient_application
from gemmaweb.sockets import SameOriginSockets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gemmaweb.settings")
pages = patient_application()

from apps.chat.routing import websocket_urlpatterns  # noqa: E402  # models need the application set up first
from apps.core.bodies import BodyLimit  # noqa: E402
from apps.core.static import guard  # noqa: E402
from gemmaweb.gate import gate  # noqa: E402

sockets = SameOriginSockets(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
static = ServeStaticASGI(pages, root=settings.STATIC_ROOT, prefix="static/", max_age=31_536_000, add_headers_function=guard)
application = ProtocolTypeRouter({"http": BodyLimit(static, gate), "websocket": sockets})
