"""What a program sends to the OpenAI API, as far as it is understood here."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from django.http import HttpRequest
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from apps.api.parsing import BodyParser
from apps.api.v1.refusals import BadRequest, invalid
from apps.api.v1.tools import CallIn, Choice, ChosenTool, FormatIn, Text, Tools, wanted
from apps.chat.images import IMAGES_MAX, ImageRefused, TooManyImages, image_of
from apps.chat.requested import Requested, Said

B = TypeVar("B", bound=BaseModel)
STOPS_MAX = 4
SEEDS = 2**31  # what every engine takes
NO_THOUGHT = {None, "none", "minimal"}


def read_body(request: HttpRequest, form: type[B]) -> B:
    """The request's body in this form. Raises BadRequest, DifferentMedia."""
    try:
        return form.model_validate(BodyParser().parse_body(request))
    except ValidationError as error:
        raise invalid(error) from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body of this request is not JSON in UTF-8.", code="unreadable") from error


def text_of(content: object) -> object:
    """The text of a message's content, which may come in parts."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content
    return "\n".join(_text_of_part(part) for part in content)


def _text_of_part(part: object) -> str:
    if not isinstance(part, dict) or part.get("type") not in {"text", "input_text", "output_text"}:
        raise ValueError("only parts of text, and images of a user in /v1/chat/completions, can be sent: no sound and no files")
    if not isinstance(part.get("text"), str):
        raise ValueError("a part of text must have a `text`")
    return str(part["text"])


def _is_image(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "image_url"


def _address(part: dict[str, Any]) -> str:
    """Where the image is; empty where the part does not say. What else stands in it (`detail`) means nothing here."""
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else None
    return url if isinstance(url, str) else ""


def _stops(value: object) -> object:
    return [value] if isinstance(value, str) else value or []


def _nothing(value: Any) -> Any:
    if value:
        raise ValueError("is not supported here; leave it out")
    return value


Content = Annotated[Text, BeforeValidator(text_of)]
Stops = Annotated[list[Annotated[Text, Field(min_length=1, max_length=200)]], Field(max_length=STOPS_MAX), BeforeValidator(_stops)]
Unsupported = Annotated[Any, AfterValidator(_nothing)]
Passed = Any  # taken and passed over: it means nothing to a model on one's own machine
Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=1)]


class Taken(BaseModel):
    """Nothing of another type; what is not known is refused, as the real API does."""

    model_config = ConfigDict(extra="forbid", strict=True)


class MessageIn(BaseModel):
    """One message of the history; what clients carry along with it is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content = ""
    reasoning_content: Text | None = None
    tool_calls: list[CallIn] | None = None
    tool_call_id: Text | None = None
    images: list[Any] = Field(default_factory=list)  # parts of the content

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, message: object) -> object:
        """The message with its images apart from its text; only a user shows any."""
        if not isinstance(message, dict):
            return message
        content = message.get("content")
        if message.get("role") != "user" or not isinstance(content, list):
            return {**message, "images": []}
        images = [part for part in content if _is_image(part)]
        return {**message, "content": [part for part in content if not _is_image(part)], "images": images}

    def said(self) -> Said:
        """The message as a run keeps it. Raises ImageRefused."""
        said = Said(role="system" if self.role == "developer" else self.role, text=self.content)
        if self.images:
            said["images"] = [image_of(_address(part)) for part in self.images]
        if self.role == "assistant" and self.tool_calls:
            said["calls"] = [call.called() for call in self.tool_calls]
            said["thinking"] = self.reasoning_content or ""
        if self.role == "tool":
            said["answers"] = self.tool_call_id or ""
        return said


class StreamOptions(BaseModel):
    """What a stream brings along."""

    model_config = ConfigDict(extra="ignore", strict=True)

    include_usage: bool | None = None


class ChatIn(Taken):
    """`POST /v1/chat/completions`."""

    model: str
    messages: Annotated[list[MessageIn], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    stop: Stops = Field(default_factory=list)
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    reasoning_effort: str | None = None
    tools: Tools | None = None
    tool_choice: Choice | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: FormatIn | None = None

    logprobs: Unsupported = None
    top_logprobs: Unsupported = None
    logit_bias: Unsupported = None
    audio: Unsupported = None
    modalities: list[Literal["text"]] | None = None
    web_search_options: Unsupported = None
    functions: Unsupported = None
    function_call: Unsupported = None

    user: Passed = None
    metadata: Passed = None
    store: Passed = None
    service_tier: Passed = None
    prediction: Passed = None
    prompt_cache_key: Passed = None
    prompt_cache_options: Passed = None
    prompt_cache_retention: Passed = None
    safety_identifier: Passed = None
    verbosity: Passed = None

    def requested(self, *, searches: bool) -> Requested:
        """The request as its run keeps it. Raises BadRequest where nothing asks for an answer, or an image cannot be seen."""
        if self.messages[-1].role not in {"user", "tool"}:
            raise BadRequest("The last message must be the user's, or a tool's.", param="messages")
        return Requested(
            messages=self._said(),
            sampling=self.sampling(),
            wanted=self.wanted(),
            thinks=self.reasoning_effort not in NO_THOUGHT,
            searches=searches,
        )

    @property
    def image_count(self) -> int:
        """How many images there are."""
        return sum(len(message.images) for message in self.messages)

    def _said(self) -> list[Said]:
        """The messages, their images drawn anew. Raises BadRequest that says in which message something is wrong with one."""
        if self.image_count > IMAGES_MAX:
            raise BadRequest(str(TooManyImages()), param="messages", code=TooManyImages.code)
        said = []
        for place, message in enumerate(self.messages):
            try:
                said.append(message.said())
            except ImageRefused as error:
                raise BadRequest(str(error), param=f"messages[{place}].content", code=error.code) from error
        return said

    def wanted(self) -> dict[str, Any]:
        """What form the answer must have. Raises BadRequest."""
        schema = self.response_format.schema_text() if self.response_format else ""
        return wanted(self.tools, self.tool_choice, is_parallel=self.parallel_tool_calls is not False, schema=schema)

    def sampling(self) -> dict[str, Any]:
        """What was asked for of how the next token is chosen."""
        names = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
        asked = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return asked | {"stop": self.stop} | ({} if self.seed is None else {"seed": self.seed % SEEDS})

    def limit(self) -> int | None:
        """How many tokens the answer may have."""
        return self.max_completion_tokens or self.max_tokens
