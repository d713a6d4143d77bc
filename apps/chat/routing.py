"""Where sockets arrive."""

from __future__ import annotations

from channels.security.websocket import WebsocketDenier
from django.urls import path, re_path

from apps.chat.consumers import ChatConsumer

# Without the second, each socket at another address would be a traceback in the log.
websocket_urlpatterns = [path("ws/", ChatConsumer.as_asgi()), re_path("", WebsocketDenier.as_asgi())]
