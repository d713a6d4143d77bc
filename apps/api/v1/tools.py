"""Tools, and the form of an answer, as programs ask for them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from apps.api.v1.refusals import BadRequest
from apps.chat.requested import Called
from apps.core.text.storable import storable

DEPTH_MAX = 24
SIZE_MAX_CHARS = 200_000
TOOLS_MAX = 128
ANY_OBJECT = '{"type": "object"}'


def _bounded(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, if it is one that a parser in native code may be given."""
    if len(json.dumps(schema)) > SIZE_MAX_CHARS:
        raise ValueError("is too long")
    _look_into(schema, DEPTH_MAX)
    return schema


def _look_into(value: Any, levels: int) -> None:
    if not levels:
        raise ValueError(f"is nested more than {DEPTH_MAX} levels deep")
    for text in value if isinstance(value, dict) else [value] if isinstance(value, str) else []:
        storable(text)
    if isinstance(value, dict) and not str(value.get("$ref", "#")).startswith("#"):
        raise ValueError("refers to something outside of itself")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        _look_into(inner, levels - 1)


Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
JsonSchema = Annotated[dict[str, Any], AfterValidator(_bounded)]
Text = Annotated[str, AfterValidator(storable)]


class Part(BaseModel):
    """What clients carry along with it is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)


class FunctionIn(Part):
    """A function that the model may call."""

    name: Name
    description: Text | None = None
    parameters: JsonSchema | None = None


class ToolIn(Part):
    """A tool: a function, that is; the real API's own tools are nowhere but there."""

    type: Literal["function"]
    function: FunctionIn

    def entry(self) -> dict[str, Any]:
        """The tool as engines get it."""
        parameters = self.function.parameters or {"type": "object", "properties": {}}
        function = {"name": self.function.name, "description": self.function.description or "", "parameters": parameters}
        return {"type": "function", "function": function}


class NameOnly(Part):
    """Which function."""

    name: str


class ChosenTool(Part):
    """The one function that must be called."""

    type: Literal["function"]
    function: NameOnly


class SchemaIn(Part):
    """A named schema."""

    name: Name
    schema_: JsonSchema = Field(alias="schema", default_factory=dict)


class FormatIn(Part):
    """The form of the text."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaIn | None = None

    def schema_text(self) -> str:
        """The JSON Schema of the text; empty where any text will do. Raises BadRequest."""
        if self.type == "json_schema":
            if self.json_schema is None:
                raise BadRequest("Missing required parameter: 'response_format.json_schema'.", param="response_format.json_schema")
            return json.dumps(self.json_schema.schema_) if self.json_schema.schema_ else ANY_OBJECT
        return ANY_OBJECT if self.type == "json_object" else ""


class CalledIn(Part):
    """What was called, and with what."""

    name: Text
    arguments: Text


class CallIn(Part):
    """A call that the model made earlier."""

    id: Text
    function: CalledIn

    def called(self) -> Called:
        """The call as a run keeps it."""
        return Called(id=self.id, name=self.function.name, arguments=self.function.arguments)


Choice = Literal["none", "auto", "required"]
Tools = Annotated[list[ToolIn], Field(max_length=TOOLS_MAX)]


def wanted(tools: list[ToolIn] | None, choice: Choice | ChosenTool | None, *, is_parallel: bool, schema: str) -> dict[str, Any]:
    """The form of an answer as a run keeps it. A tool that must be called is offered alone. Raises BadRequest."""
    offered = tools or []
    if isinstance(choice, ChosenTool):
        offered = [tool for tool in offered if tool.function.name == choice.function.name]
        if not offered:
            raise BadRequest("There is no tool of this name among the tools.", param="tool_choice")
        choice = "required"
    if choice == "required" and not offered:
        raise BadRequest("A tool must be called, but there are no tools.", param="tool_choice")
    text = json.dumps([tool.entry() for tool in offered]) if offered else ""
    return {"tools": text, "choice": choice or "auto", "is_parallel": is_parallel, "schema": schema}
