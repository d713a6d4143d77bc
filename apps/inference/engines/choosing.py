"""Which engine reads a file, and what the file says about itself."""

from __future__ import annotations

from pathlib import Path

from .gguf_header import BadModelFile, GgufHeader, read_header
from .local import BY_CTRANSFORMERS, BY_LLAMA
from .older_files import FAMILIES, is_ggml, read_older


def choose_reader(path: Path, *, engine: str = "", family: str = "", chats: bool = True) -> tuple[str, GgufHeader]:
    """The engine for the file at `path` and its header: the one asked for, else llama.cpp for GGUF and ctransformers for what is older.

    Raises BadModelFile with the reason where that engine cannot run it.
    """
    try:
        older = is_ggml(path)
    except OSError as error:
        raise BadModelFile("unreadable", f"The file cannot be read: {error.strerror}.") from error
    if older and engine == BY_LLAMA:
        raise BadModelFile(
            "wrong_engine",
            f"llama.cpp reads GGUF files, and this one is older: add it with --engine ctransformers --type, one of {', '.join(FAMILIES)}.",
        )
    if engine == BY_CTRANSFORMERS or older:
        return BY_CTRANSFORMERS, read_older(path, family)
    return BY_LLAMA, read_header(path, chats=chats)
