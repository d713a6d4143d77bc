"""From a run to what is sent: all at once, or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import aclosing
from typing import Any, Protocol

from django.utils.translation import override

from apps.api.v1.following import Asking, News, Result
from apps.core.errors import ProductError
from apps.core.late import Head, Parts
from apps.core.openai_form import openai_error

EVENT_STREAM = {"X-Accel-Buffering": "no"}  # a proxy that collects an answer defeats it
STILL_HERE = ": still here\n\n"


class Form(Protocol):
    """How one of the API's operations writes an answer."""

    def whole(self, result: Result) -> dict[str, Any]:
        """The body that says all of it."""
        ...

    def begin(self, asking: Asking) -> Iterable[str]:
        """The events in front."""
        ...

    def more(self, news: News) -> Iterable[str]:
        """The events that bring what is new."""
        ...

    def end(self, result: Result) -> Iterable[str]:
        """The events at the end."""
        ...

    def fail(self, error: dict[str, object]) -> str:
        """The event that ends a stream which has failed."""
        ...


def packed(value: object) -> str:
    """JSON without a space too many."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def whole_answer(asking: Asking, form: Form) -> Parts:
    """The answer when it has ended, or why there is none."""
    try:
        async with asking, aclosing(asking.news()) as news:
            async for _ in news:
                pass
    except ProductError as error:
        for part in _refusal(asking, error):
            yield part
    else:
        yield Head(200, "application/json", _name_of(asking))
        yield packed(form.whole(_end_of(asking)))


async def streamed_answer(asking: Asking, form: Form) -> Parts:
    """The answer as it is written. What fails before its first word, or its first quiet seconds, is told by its status."""
    has_begun = False
    try:
        async with asking, aclosing(_events(asking, form)) as parts:
            async for part in parts:
                has_begun = True
                yield part
    except ProductError as error:
        for part in [_failure(asking, error, form)] if has_begun else _refusal(asking, error):
            yield part


async def _events(asking: Asking, form: Form) -> Parts:
    has_begun = False
    async with aclosing(asking.news()) as news:
        async for piece in news:
            for part in [] if has_begun else _beginning(asking, form):
                yield part
            has_begun = True
            yield "".join(form.more(piece)) or STILL_HERE
    for part in [] if has_begun else _beginning(asking, form):
        yield part
    yield "".join(form.end(_end_of(asking)))


def _beginning(asking: Asking, form: Form) -> list[Head | str]:
    return [Head(200, "text/event-stream", {**EVENT_STREAM, **_name_of(asking)}), "".join(form.begin(asking))]


def _end_of(asking: Asking) -> Result:
    if asking.result is None:
        raise RuntimeError("the news ended before the run")
    return asking.result


def _name_of(asking: Asking) -> dict[str, str]:
    return {"X-Request-Id": str(asking.run.pk)}


def _refusal(asking: Asking, error: ProductError) -> list[Head | str]:
    with override(asking.caller.language):
        return [Head(error.status, "application/json", error.headers), packed({"error": openai_error(error)})]


def _failure(asking: Asking, error: ProductError, form: Form) -> str:
    with override(asking.caller.language):
        return form.fail(openai_error(error))
