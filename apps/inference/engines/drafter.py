"""Drafters (MTP assistants): small models that guess the next words of the model that they were made for, which checks them."""

from __future__ import annotations

from .gguf_header import BadModelFile, GgufContents

ENDING = "-assistant"
EMBEDDINGS = "token_embd.weight"
# It reads the model's cache.
SAME = ("attention.key_length", "attention.value_length", "attention.key_length_swa", "attention.value_length_swa")


def is_drafter(contents: GgufContents) -> bool:
    """Whether the file guesses for a model."""
    return contents.text("general.architecture").endswith(ENDING)


def drafts_for(contents: GgufContents) -> str:
    """The architecture of the model that it guesses for."""
    return contents.text("general.architecture").removesuffix(ENDING)


def refuse_misfit(drafter: GgufContents, base: GgufContents, base_name: str) -> None:
    """Raises BadModelFile where `drafter` has other words, or reads another cache, than the model: llama.cpp would end its process."""
    ours, theirs = drafter.text("general.architecture"), base.text("general.architecture")
    facts = [(drafter.keys.get(f"{ours}.embedding_length_out"), base.keys.get(f"{theirs}.embedding_length"), "vectors")]
    facts += [(drafter.keys.get(f"{ours}.{key}"), base.keys.get(f"{theirs}.{key}"), "heads") for key in SAME]
    facts.append((_words(drafter), _words(base), "words"))
    for mine, wanted, what in facts:
        if mine != wanted:
            raise BadModelFile("drafter_misfit", f"This drafter was made for another model: {base_name} has other {what}.")


def _words(contents: GgufContents) -> int:
    tensor = contents.tensors.get(EMBEDDINGS)
    return tensor.dimensions[-1] if tensor else 0
