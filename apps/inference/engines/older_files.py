"""What is known of a file for ctransformers before it is loaded: GGUF of two families, or GGML, which says almost nothing."""

from __future__ import annotations

import struct
from pathlib import Path

from .gguf_header import BadModelFile, GgufHeader, read_header

# GGUF architectures that its llama.cpp of September 2023 can run, and the types of files without the magic letters GGUF.
GGUF_ARCHITECTURES = ("llama", "falcon")
FAMILIES = ("llama", "gpt2", "gptj", "gpt_neox", "falcon", "mpt", "gpt_bigcode")
GGML_MAGICS = (b"lmgg", b"fmgg", b"tjgg", b"algg", b"ccgg")  # ggml, ggmf, ggjt, ggla, ggcc: written backwards by the byte order
TELLS_CONTEXT = ("gpt2", "gptj", "gpt_neox", "mpt", "gpt_bigcode")  # as the second number of the header
CONTEXT_TOKENS = 2048  # of the first LLaMA and of Falcon, whose files do not say
CONTEXT_MAX_TOKENS = 1 << 20


def is_ggml(path: Path) -> bool:
    """Whether the file at `path` is of the format before GGUF. Raises OSError."""
    with path.open("rb") as file:
        return file.read(4) in GGML_MAGICS


def read_older(path: Path, family: str) -> GgufHeader:
    """The header of a file for ctransformers; version 0 stands for GGML. Raises BadModelFile with the reason if it cannot be one."""
    try:
        if is_ggml(path):
            return _read_ggml(path, family)
    except OSError as error:
        raise BadModelFile("unreadable", f"The file cannot be read: {error.strerror}.") from error
    header = read_header(path, chats=False)
    if header.architecture not in GGUF_ARCHITECTURES:
        raise BadModelFile(
            "wrong_engine",
            f"ctransformers does not know the architecture {header.architecture[:40]}, which is newer than it: "
            "add the file with --engine llama.",
        )
    return header


def _read_ggml(path: Path, family: str) -> GgufHeader:
    if not family:
        raise BadModelFile("no_family", f"A GGML file does not say what it is: name its family by --type, one of {', '.join(FAMILIES)}.")
    if family not in FAMILIES:
        raise BadModelFile("no_family", f"There is no family {family[:40]!r}: --type is one of {', '.join(FAMILIES)}.")
    with path.open("rb") as file:
        head = file.read(12)
    if len(head) < 12:
        raise BadModelFile("cut_off", "The file is cut off: not even its header is there.")
    context_tokens = struct.unpack("<i", head[8:])[0] if family in TELLS_CONTEXT else CONTEXT_TOKENS
    if not 0 < context_tokens <= CONTEXT_MAX_TOKENS:
        raise BadModelFile("wrong_family", f"This is no file of the family {family}: it claims a context of {context_tokens} tokens.")
    return GgufHeader(
        version=0,
        architecture=family,
        name="",
        context_length=context_tokens,
        quantisation="GGML",
        tensor_count=0,
        size_bytes=path.stat().st_size,
        control_tokens=frozenset(),
    )
