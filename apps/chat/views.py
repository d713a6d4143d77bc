"""Pages of conversations, and the parts of them that scripts ask for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages as messages_of_django
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.chat import services
from apps.chat.context import latest_context
from apps.chat.ending import citation_rows
from apps.chat.engines import engine_of
from apps.chat.models import Citation, Conversation, Message
from apps.chat.snapshots import written_so_far
from apps.core.database import only
from apps.core.errors import Invalid, NotFound
from apps.documents.examples import example_topics
from apps.documents.models import Document, DocumentQuerySet
from apps.documents.reading import read_page
from apps.inference.choice import choices
from apps.workspaces.models import Workspace
from apps.workspaces.page import page_context, person

TURNS_MAX = 400


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """An empty conversation in this workspace; its row is made by the first question. As `conversation`, with `examples` too.

    A POST chooses the `model` that is to answer: that makes the row.
    """
    context = page_context(request, slug)
    if request.method == "POST":
        return redirect(
            "conversation", _choose(request, services.create_conversation(workspace=context["workspace"], author=person(request)))
        )
    beside = {**_beside(context), **_examples(context["workspace"])}
    return render(request, "chat/conversation.html", {**context, **beside, "conversation": None, "turns": []})


@login_required
@require_GET
def examples(request: HttpRequest, slug: str) -> HttpResponse:
    """What could be asked first, as chat/_examples.html (context: examples)."""
    return render(request, "chat/_examples.html", _examples(page_context(request, slug)["workspace"]))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def conversation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One conversation, its last TURNS_MAX messages, or those before `?before=<sequence>`.

    Template chat/conversation.html; context: workspace, membership, conversation, turns (messages, answers with `run` and `citations`),
    engine (Choice or None), models (all choices), document_count, upload_max_mb, fill (of the model's context, or None). A POST chooses
    the `model` that answers here.
    """
    found = _conversation(request, pk)
    if request.method == "POST":
        return redirect("conversation", _choose(request, found))
    context = page_context(request, found.workspace.slug)
    earlier = _turns(found).filter(sequence__lt=_sequence(request, "before", default=found.next_sequence))
    turns = list(earlier.order_by("-sequence")[:TURNS_MAX])[::-1]
    beside = {**_beside(context, found), "fill": None if "before" in request.GET else latest_context(turns)}
    return render(request, "chat/conversation.html", {**context, **beside, "conversation": found, "turns": turns})


@login_required
@require_GET
def messages(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The messages after `?after=<sequence>`, each as chat/_message.html (context: message, conversation)."""
    found = _conversation(request, pk)
    turns = _turns(found).filter(sequence__gt=_sequence(request, "after", default=0)).order_by("sequence")[:TURNS_MAX]
    parts = [render_to_string("chat/_message.html", {"message": turn, "conversation": found}, request) for turn in turns]
    return HttpResponse("".join(parts))


def _sequence(request: HttpRequest, name: str, *, default: int) -> int:
    """The sequence number that the address names. Raises Invalid."""
    given = request.GET.get(name, str(default))
    if not given.isdecimal() or len(given) > 9:
        raise Invalid(fields={name: "must be a sequence number"})
    return int(given)


@login_required
@require_POST
def rename(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give the conversation the `title` of the form; answers `{"title"}`."""
    found = services.rename(conversation=_conversation(request, pk), title=request.POST.get("title", ""))
    return JsonResponse({"title": found.title})


@login_required
@require_POST
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the conversation away; `restore` brings it back."""
    services.delete(conversation=_conversation(request, pk))
    return HttpResponse(status=204)


@login_required
@require_POST
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Bring a deleted conversation back; answers `{"title"}`."""
    found = services.restore(pk=pk, author=person(request))
    return JsonResponse({"title": found.title})


@login_required
@require_GET
def citation(request: HttpRequest, pk: UUID, message: UUID, n: int) -> HttpResponse:
    """The page that marker [n] points at, its words marked.

    Template documents/_evidence.html; context: citation, document, and what `read_page` gives of the page.
    """
    answers = Message.objects.visible_to(person(request)).filter(conversation=pk, pk=message, role=Message.Role.ASSISTANT)
    found = _cited(only(answers.select_related("run")), n)
    shelf = Document.objects.visible_to(person(request)).select_related("added_by")
    document = shelf.filter(pk=found.document_id).first() if found.document_id else None
    return render(request, "documents/_evidence.html", {"citation": found, "document": document, **_page(found)})


def _cited(answer: Message, n: int) -> Citation:
    """What marker [n] stands for: its row, or what will be one when the answer that shows it has been written. Raises NotFound."""
    if row := answer.citations.select_related("version").filter(n=n).first():
        return row
    announced = [citation for citation in written_so_far(answer.run).citations if citation["n"] == n]
    if not announced:
        raise NotFound
    return citation_rows(answer.pk, announced)[0]


def _page(found: Citation) -> dict[str, Any]:
    """The cited page with its words marked; no page where its text is gone."""
    if found.version is None:
        return {"page": None}
    try:
        return read_page(found.version, found.page, quote=found.quote, start=found.start)._asdict()
    except NotFound:
        return {"page": None}


def _conversation(request: HttpRequest, pk: UUID) -> Conversation:
    return only(Conversation.objects.visible_to(person(request)).filter(pk=pk).select_related("workspace"))


def _turns(found: Conversation) -> QuerySet[Message]:
    cited = Prefetch("citations", queryset=Citation.objects.order_by("n"))
    return Message.objects.filter(conversation=found).select_related("run").prefetch_related(cited)


def _choose(request: HttpRequest, found: Conversation) -> UUID:
    """The id of the conversation, whose model was chosen; what was refused is said on its page."""
    given = request.POST.get("model", "")
    try:
        services.choose_model(conversation=found, chosen=UUID(given) if given else None)
    except ValueError:
        raise Invalid(fields={"model": "must be an id"}) from None
    except services.NoSuchChoice as error:
        messages_of_django.error(request, str(error))
    return found.pk


def _beside(context: dict[str, Any], found: Conversation | None = None) -> dict[str, Any]:
    workspace, known = context["workspace"], choices()
    engine = engine_of(workspace, found.chosen_model if found else None, among=known)
    usual = engine_of(workspace, among=known)
    return {"engine": engine, "usual": usual, "models": known, "document_count": _shelf(workspace).count()}


def _examples(workspace: Workspace) -> dict[str, Any]:
    return {"examples": [] if workspace.archived_at else example_topics(_shelf(workspace))}


def _shelf(workspace: Workspace) -> DocumentQuerySet:
    return Document.objects.filter(workspace=workspace, deleted_at=None)
