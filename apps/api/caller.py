"""Who asks, and what they may reach: a person in their browser, or a program with a key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from ninja.security import APIKeyCookie, HttpBearer

from apps.accounts.models import User
from apps.chat.models import Conversation, ConversationQuerySet, Generation, GenerationQuerySet
from apps.core.database import only
from apps.core.errors import NotFound
from apps.core.ratelimit import count, network_of
from apps.documents.models import Document, DocumentQuerySet
from apps.workspaces.keys import find_key
from apps.workspaces.models import ApiKey, ApiKeyQuerySet, Membership, MembershipQuerySet, Workspace, WorkspaceQuerySet

T = TypeVar("T")
WRONG_KEYS = 60  # a minute and address: a key cannot be guessed, but trying costs us work


@dataclass(frozen=True)
class Caller:
    """A person; with a key they reach its workspace only. `language` is that of their sentences, `session` the key of a browser's."""

    user: User
    key: ApiKey | None = None
    language: str = settings.LANGUAGE_CODE
    session: str = ""

    def as_of_now(self) -> Caller:
        """The same caller, their row as it is now: a stream outlives the request that began it.

        Raises NotFound where the person is gone, or was signed out of the browser.
        """
        people = User.objects.filter(sessions=self.session) if self.session else User.objects.all()
        return replace(self, user=only(people.filter(pk=self.user.pk, is_active=True)))

    def workspaces(self) -> WorkspaceQuerySet:
        """Those that can be reached now."""
        mine = Workspace.objects.visible_to(self.user)
        return mine.filter(api_keys=self.key, api_keys__revoked_at=None) if self.key else mine

    def workspace(self, slug: str) -> Workspace:
        """The workspace at `slug`. Raises NotFound."""
        return _or_not_found(self.workspaces().filter(slug=slug).first())

    def memberships(self) -> MembershipQuerySet:
        """The person's own place in each of these workspaces."""
        return Membership.objects.visible_to(self.user).filter(user=self.user, workspace__in=self.workspaces())

    def keys(self) -> ApiKeyQuerySet:
        """The person's own keys to these workspaces that work."""
        return ApiKey.objects.visible_to(self.user).filter(workspace__in=self.workspaces(), revoked_at=None)

    def documents(self) -> DocumentQuerySet:
        """Documents of these workspaces."""
        return Document.objects.visible_to(self.user).filter(workspace__in=self.workspaces()).select_related("workspace", "current")

    def conversations(self) -> ConversationQuerySet:
        """The person's own conversations in these workspaces."""
        return Conversation.objects.visible_to(self.user).filter(workspace__in=self.workspaces())

    def conversation(self, pk: UUID) -> Conversation:
        """The conversation. Raises NotFound."""
        return _or_not_found(self.conversations().filter(pk=pk).select_related("workspace").first())

    def deleted_conversation(self, pk: UUID) -> Conversation:
        """The person's own conversation in these workspaces that was deleted and is still there. Raises NotFound."""
        mine = Conversation.objects.filter(author=self.user, workspace__in=self.workspaces())
        return only(mine.filter(pk=pk).exclude(deleted_at=None))

    def runs(self) -> GenerationQuerySet:
        """Runs in these conversations."""
        return Generation.objects.visible_to(self.user).filter(workspace__in=self.workspaces()).select_related("question", "answer")

    def run(self, pk: UUID) -> Generation:
        """The run. Raises NotFound."""
        return _or_not_found(self.runs().filter(pk=pk).first())


class Program(Caller):
    """A program that asks by the OpenAI API: of all runs it reaches its person's own that came that way."""

    def runs(self) -> GenerationQuerySet:
        """Runs of the person's programs in these workspaces."""
        asked = Generation.objects.of_programs(self.user).filter(workspace__in=self.workspaces())
        return asked.select_related("question", "answer")


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The key's person, in the key's workspace. Raises TooMany after many wrong keys."""
        key = find_key(token)
        if key is None:
            count("key", network_of(request.META["REMOTE_ADDR"]), limit=WRONG_KEYS)
            return None
        language = _language(request, key.user)
        translation.activate(language)  # until PreferencesMiddleware puts back what was before the request
        return Caller(key.user, key, language)


class BrowserAuth(APIKeyCookie):
    """The session of our own pages, with the token that shows a request came from one of them."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:
        """Nobody is asked for a token who has no session, or comes with a key."""
        if "Authorization" in request.headers or not request.user.is_authenticated:
            return None
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """The person who has signed in."""
        session = request.session.session_key or ""
        return Caller(request.user, language=request.user.language, session=session) if request.user.is_authenticated else None


class ApiRequest(HttpRequest):
    """A request that got past one of the two."""

    auth: Caller


def _language(request: HttpRequest, user: User) -> str:
    """What a program asks for, else what its person has chosen. `*` is what some clients send who ask for nothing."""
    asked = request.headers.get("Accept-Language", "").strip()
    return translation.get_language_from_request(request) if asked not in {"", "*"} else user.language


def _or_not_found(row: T | None) -> T:
    if row is None:
        raise NotFound
    return row
