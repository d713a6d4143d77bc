"""Addresses of the OpenAI API: keys only, no cookies, and every refusal in its form."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.api.caller import KeyAuth, Program
from apps.api.v1.answering import streamed_answer, whole_answer
from apps.api.v1.bodies import ChatIn, read_body
from apps.api.v1.chat import ChatForm
from apps.api.v1.citing import Citing
from apps.api.v1.embeddings import EmbeddingsIn, embedder_of, embeddings_of
from apps.api.v1.following import Asking
from apps.api.v1.naming import Named, entry_named, model_named, models_of, vectors_of
from apps.api.v1.refusals import BadRequest, InvalidKey
from apps.api.v1.response_bodies import ResponseIn
from apps.api.v1.responses import ResponseForm
from apps.chat import services
from apps.chat.engines import engine_of
from apps.chat.requested import Requested
from apps.core.database import give_connection_back
from apps.core.errors import NotFound
from apps.core.late import LateResponse


@csrf_exempt
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """What can be asked."""
    program = _program(request)
    return JsonResponse({"object": "list", "data": [*(named.entry() for named in models_of(program)), *vectors_of(program)]})


@csrf_exempt
@require_safe
def model(request: HttpRequest, name: str) -> HttpResponse:
    """One of them. Raises ModelNotFound."""
    return JsonResponse(entry_named(_program(request), name))


@csrf_exempt
@require_POST
def chat_completions(request: HttpRequest) -> LateResponse:
    """The next message of a conversation that the program keeps itself."""
    program = _program(request)
    body = read_body(request, ChatIn)
    named = model_named(program, body.model)
    if body.image_count:
        _refuse_the_blind(named)
    give_connection_back()  # images are drawn now, each for seconds
    asking = _asking(program, named, body.requested(searches=named.searches), body.limit())
    includes_usage = bool(body.stream_options and body.stream_options.include_usage)
    form = ChatForm(named.name, _citing(request), includes_usage=includes_usage)
    return LateResponse(streamed_answer(asking, form) if body.stream else whole_answer(asking, form))


@csrf_exempt
@require_POST
def responses(request: HttpRequest) -> LateResponse:
    """An answer to text, in the newer of the two forms."""
    program = _program(request)
    body = read_body(request, ResponseIn)
    named = model_named(program, body.model)
    asking = _asking(program, named, body.requested(searches=named.searches), body.max_output_tokens)
    form = ResponseForm(named.name, _citing(request), body)
    return LateResponse(streamed_answer(asking, form) if body.stream else whole_answer(asking, form))


@csrf_exempt
@require_POST
def embeddings(request: HttpRequest) -> HttpResponse:
    """Vectors of texts. Raises ModelNotFound, BadRequest, RunFailed."""
    program = _program(request)
    body = read_body(request, EmbeddingsIn)
    return JsonResponse(embeddings_of(embedder_of(program, body.model), body))


@csrf_exempt  # there is nothing to be forged at an address that is none
def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """There is nothing at this address. Raises NotFound."""
    raise NotFound


def _program(request: HttpRequest) -> Program:
    """Whoever has this key. Raises InvalidKey, TooMany."""
    caller = KeyAuth()(request)
    if caller is None:
        raise InvalidKey
    return Program(caller.user, caller.key, caller.language)


def _asking(program: Program, named: Named, requested: Requested, max_tokens: int | None) -> Asking:
    """Raises BadRequest where nothing in use can do what is wanted."""
    for name, param in (("tools", "tools"), ("schema", "response_format")):
        if requested["wanted"][name] and not engine_of(named.workspace):
            raise BadRequest("No model is in use here, and the documents' own words take no tools and no form.", param=param)
    ask = partial(services.ask_for_program, workspace=named.workspace, asked_by=program.user, chosen=named.chosen)
    return Asking(program, partial(ask, request=requested, max_tokens=max_tokens))


def _refuse_the_blind(named: Named) -> None:
    """Raises BadRequest where what answers reads no images: before they are drawn."""
    answers = engine_of(named.workspace, named.chosen)
    if answers is None or not answers.sees_images:
        raise BadRequest("The model that answers here reads no images.", param="messages", code="no_images")


def _citing(request: HttpRequest) -> Citing:
    return Citing(request.build_absolute_uri("/").rstrip("/"))


urlpatterns = [
    path("models", models, name="v1_models"),
    path("models/<path:name>", model, name="v1_model"),
    path("chat/completions", chat_completions, name="v1_chat_completions"),
    path("responses", responses, name="v1_responses"),
    path("embeddings", embeddings, name="v1_embeddings"),
    path("", unknown),
    path("<path:rest>", unknown),
]
