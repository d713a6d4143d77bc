"""Command lines that use the API: pasted into a shell, they work."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

PLACEHOLDER = "$GEMMAWEB_KEY"


@dataclass(frozen=True)
class Example:
    """A command line, and what it does."""

    name: str
    title: str
    line: str


def examples(*, address: str, slug: str, key: str = "") -> list[Example]:
    """For the workspace `slug` of the installation at `address` (without a slash at its end); without a key they read it from the shell.

    The header stands in double quotes, in which a shell puts the key; what translators write is quoted for it.
    """
    curl = f'curl -H "Authorization: Bearer {key or PLACEHOLDER}"'
    files = f'"{address}/api/workspaces/{slug}/documents"'
    ask = f'"{address}/api/workspaces/{slug}/ask"'
    sentence = shlex.quote(_("The notice period is three months."))
    asked = _("What is the notice period?")
    question = _quoted({"text": asked})
    completion = _quoted({"model": f"documents:{slug}", "messages": [{"role": "user", "content": asked}]})
    upload = f'echo {sentence} | {curl} -F "file=@-;filename=notes.txt" {files}'
    as_json = '-H "Content-Type: application/json"'
    following = f"{curl} -N {as_json} -d {question} {ask}"
    completing = f'{curl} {as_json} -d {completion} "{address}/v1/chat/completions"'
    return [
        Example("list", _("List the files"), f"{curl} {files}"),
        Example("upload", _("Upload a file"), upload),
        Example("ask", _("Ask, and read the answer while it is written"), following),
        Example("completion", _("Ask as programs that know the OpenAI API do; their address ends with /v1"), completing),
    ]


def _quoted(body: dict[str, Any]) -> str:
    return shlex.quote(json.dumps(body, ensure_ascii=False))
