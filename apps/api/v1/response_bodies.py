"""`POST /v1/responses`, as far as it is understood here: its text form."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from apps.api.v1.bodies import NO_THOUGHT, Content, Passed, Taken, Tokens, Unsupported
from apps.api.v1.refusals import BadRequest
from apps.api.v1.tools import ANY_OBJECT, JsonSchema, Part, Text, wanted
from apps.chat.requested import Requested, Said


def _no_tools(value: Any) -> Any:
    if value:
        raise ValueError("is not supported here: tools are called by /v1/chat/completions")
    return value


def _not_kept(value: Any) -> Any:
    if value:
        raise ValueError("is not supported here: answers are not kept, so send the whole conversation as `input`")
    return value


def _items(value: object) -> object:
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


class ItemIn(Part):
    """One message of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Content

    def said(self) -> Said:
        """The message as a run keeps it."""
        return Said(role="system" if self.role == "developer" else self.role, text=self.content)


class TextFormat(Part):
    """The form of the text."""

    type: Literal["text", "json_object", "json_schema"]
    schema_: JsonSchema | None = Field(alias="schema", default=None)


class TextIn(Part):
    """How the text is wanted."""

    format: TextFormat | None = None


class ReasoningIn(Part):
    """How much is thought first."""

    effort: str | None = None


class ResponseIn(Taken):
    """`POST /v1/responses`."""

    model: str
    input: Annotated[list[ItemIn], Field(min_length=1), BeforeValidator(_items)]
    instructions: Text | None = None
    stream: bool | None = None
    max_output_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    text: TextIn | None = None
    reasoning: ReasoningIn | None = None

    tools: Annotated[Any, AfterValidator(_no_tools)] = None
    previous_response_id: Annotated[Any, AfterValidator(_not_kept)] = None
    conversation: Annotated[Any, AfterValidator(_not_kept)] = None
    background: Unsupported = None
    prompt: Unsupported = None
    top_logprobs: Unsupported = None

    context_management: Passed = None
    include: Passed = None
    max_tool_calls: Passed = None
    metadata: Passed = None
    parallel_tool_calls: Passed = None
    prompt_cache_key: Passed = None
    prompt_cache_options: Passed = None
    prompt_cache_retention: Passed = None
    safety_identifier: Passed = None
    service_tier: Passed = None
    store: Passed = None
    stream_options: Passed = None
    tool_choice: Passed = None
    truncation: Passed = None
    user: Passed = None

    def requested(self, *, searches: bool) -> Requested:
        """The request as its run keeps it. Raises BadRequest where nothing asks for an answer."""
        if self.input[-1].role != "user":
            raise BadRequest("The last message must be the user's.", param="input")
        told = [Said(role="system", text=self.instructions)] if self.instructions else []
        asked = {name: getattr(self, name) for name in ("temperature", "top_p") if getattr(self, name) is not None}
        return Requested(
            messages=[*told, *(item.said() for item in self.input)],
            sampling={**asked, "stop": []},
            wanted=wanted(None, None, is_parallel=True, schema=self._schema()),
            thinks=(self.reasoning.effort if self.reasoning else None) not in NO_THOUGHT,
            searches=searches,
        )

    def _schema(self) -> str:
        form = self.text.format if self.text else None
        if form is None or form.type == "text":
            return ""
        return json.dumps(form.schema_) if form.schema_ else ANY_OBJECT
