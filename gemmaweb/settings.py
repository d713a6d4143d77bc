"""All settings. What a person can set is read by gemmaweb.env and named in docs/settings.md."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from gemmaweb import env, hosts
from gemmaweb.local.folder import Home

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Home.from_environment()

# Who may reach it, and how
SECRET_KEY = env.text("GEMMAWEB_SECRET_KEY") or HOME.ensure_secret("secret_key")
DEBUG = False
HTTPS = env.flag("GEMMAWEB_HTTPS")
TRUSTED_PROXIES = env.names("GEMMAWEB_TRUSTED_PROXIES")
ALLOWED_HOSTS = hosts.own_names() + env.names("GEMMAWEB_ALLOWED_HOSTS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "gemmaweb_session", "gemmaweb_csrf"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # gemmaweb.hosts leaves it from trusted proxies only
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "csp",
    "apps.core",
    "apps.audit",
    "apps.inference",
    "apps.accounts",
    "apps.workspaces",
    "apps.documents",
    "apps.chat",
    "apps.api",
    "gemmaweb",
]
MIDDLEWARE = [
    "apps.core.http.IdleDatabaseMiddleware",
    "gemmaweb.hosts.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.core.http.NeverStoredMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "apps.workspaces.middleware.FirstRunMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.SeenMiddleware",
    "apps.accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.core.http.ProductErrorMiddleware",
]
ROOT_URLCONF = "gemmaweb.urls"
ASGI_APPLICATION = "gemmaweb.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


# PostgreSQL and Redis: what the environment names, else the embedded ones of this home
DATABASE_URL = env.text("DATABASE_URL") or HOME.database_url()
REDIS_URL = env.text("REDIS_URL") or HOME.redis_url()


def _database(url: str) -> dict[str, Any]:
    """Django's form of `postgresql://user:password@host:port/name?host=/socket/folder`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "ATOMIC_REQUESTS": False,
        "DISABLE_SERVER_SIDE_CURSORS": False,
        "OPTIONS": {
            **options,
            "connect_timeout": 5,
            "options": "-c statement_timeout=30s -c lock_timeout=5s",
            "pool": {"min_size": 0, "max_size": 16, "timeout": 10},
        },
    }


DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {
    "default": {"BACKEND": "apps.core.layer.ChannelLayer", "CONFIG": {"hosts": [hosts.layer_host(REDIS_URL)], "prefix": "gemmaweb"}}
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "gemmaweb",
        "OPTIONS": {"serializer": "apps.core.cache.JsonSerializer", "socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
SESSION_ENGINE = "apps.accounts.sessions"

# Celery: JSON only; wake-ups, no results
CELERY_BROKER_URL = hosts.celery_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2, "global_keyprefix": "gemmaweb:"}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_DEFAULT_QUEUE = "sweep"
CELERY_TASK_ROUTES = {
    "chat.wake": {"queue": "generation"},
    "chat.summarise": {"queue": "generation"},
    "inference.measure": {"queue": "generation"},  # where the model is loaded
    "documents.*": {"queue": "ingest"},
    "inference.wake": {"queue": "models"},
    "workspaces.purge": {"queue": "ingest"},  # it takes a while, which the sweeps must not wait for
    "*.sweep": {"queue": "sweep"},
}
CELERY_BEAT_SCHEDULE = {
    "chat.sweep": {"task": "chat.sweep", "schedule": 5.0},
    "documents.sweep": {"task": "documents.sweep", "schedule": 15.0, "options": {"queue": "sweep"}},
    "documents.tidy": {"task": "documents.tidy", "schedule": 3600.0, "options": {"queue": "sweep"}},
    "inference.sweep": {"task": "inference.sweep", "schedule": 5.0, "options": {"queue": "sweep"}},
    "workspaces.sweep": {"task": "workspaces.sweep", "schedule": 60.0, "options": {"queue": "sweep"}},
}

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL, LOGIN_REDIRECT_URL, ACCOUNT_LOGOUT_REDIRECT_URL = "account_login", "home", "account_login"
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "apps.accounts.forms.SignInForm", "change_password": "apps.accounts.forms.MyPasswordForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # works without a mail server: invitations and resets are links

# Language and time
LANGUAGE_CODE, TIME_ZONE, USE_I18N, USE_TZ = "en", "UTC", True, True
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

# Files
STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("GEMMAWEB_STATIC_ROOT") or HOME.path / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder", "apps.api.static.SwaggerFinder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": HOME.files}},
    "staticfiles": {"BACKEND": "apps.core.static.HashedStaticStorage"},
}
UPLOAD_MAX_BYTES = env.number("GEMMAWEB_UPLOAD_MAX_MB", 100, low=1, high=10_000) * 1024 * 1024
PICTURE_MAX_BYTES = 5 * 1024 * 1024
BODY_MAX_BYTES = 2 * 1024 * 1024  # of every request that is no upload
BODY_WITH_IMAGES_MAX_BYTES = 16 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_WITH_IMAGES_MAX_BYTES  # what a body may have at its address is looked at before (core/bodies.py)
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# More than there are cores of a small machine: a file that takes for ever holds up one of them. Each may need two connections of the pool.
READERS = env.number("GEMMAWEB_READERS", min(max(4, os.cpu_count() or 4), 8), low=2, high=8)
READER_MEMORY_BYTES = env.number("GEMMAWEB_READER_MEMORY_MB", 1024, low=256, high=65_536) * 1024 * 1024
READER_CPU_S = env.number("GEMMAWEB_READER_SECONDS", 120, low=5, high=3600)

# Models
SLOTS = env.number("GEMMAWEB_SLOTS", 4, low=1, high=64)
CONTEXT_TOKENS = env.number("GEMMAWEB_CONTEXT_TOKENS", 8192, low=512, high=262_144)
ANSWER_MAX_TOKENS = env.number("GEMMAWEB_ANSWER_MAX_TOKENS", 2048, low=16, high=32_768)
PUBLIC_ENGINES = env.flag("GEMMAWEB_PUBLIC_ENGINES")
QUESTION_MAX_CHARS = 32_000
MODELS = Path(env.text("GEMMAWEB_MODELS_FOLDER") or HOME.path / "models").expanduser().resolve()
CATALOGUE = env.text("GEMMAWEB_CATALOGUE")
HF_ENDPOINTS = [endpoint.rstrip("/") for endpoint in env.names("HF_ENDPOINT", "https://huggingface.co")]
HF_TOKEN = env.text("HF_TOKEN")
HF_HUB_OFFLINE = env.flag("HF_HUB_OFFLINE")
HTTPS_PROXY = env.text("HTTPS_PROXY") or env.text("https_proxy")
NO_PROXY = env.text("NO_PROXY") or env.text("no_proxy")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"class": "gemmaweb.logs.LineFormatter", "format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("GEMMAWEB_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "channels_redis": {"level": "CRITICAL"},  # while Redis is away, a traceback each second; apps.core.hub says it once
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # its answer says it all; each scanner would leave a traceback
    },
}
