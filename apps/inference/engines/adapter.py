"""LoRA adapters: what their files say, and whether they fit the model that they change. llama.cpp would only say that it failed."""

from __future__ import annotations

from .gguf_header import BadModelFile, GgufContents, Tensor

FIRST, SECOND = ".lora_a", ".lora_b"  # the change of a tensor is the product of two narrow ones
EMBEDDINGS = "token_embd.weight"
NORM = "_norm.weight"  # llama.cpp passes over changed norms


def is_adapter(contents: GgufContents) -> bool:
    """Whether the file changes a model."""
    return contents.text("general.type") == "adapter"


def refuse_other_kinds(contents: GgufContents) -> None:
    """Raises BadModelFile for an adapter of a kind that llama.cpp cannot apply to single requests."""
    if contents.text("adapter.type") != "lora":
        raise BadModelFile("adapter_type", "This adapter is no LoRA adapter; others cannot be applied.")
    if "adapter.alora.invocation_tokens" in contents.keys:
        raise BadModelFile("adapter_type", "This adapter works from a certain word on only (aLoRA); a plain LoRA adapter is wanted.")
    if not contents.text("general.architecture"):
        raise BadModelFile("damaged", "The file is damaged: general.architecture is missing or no text.")


def refuse_misfit(adapter: GgufContents, base: GgufContents, base_name: str) -> None:
    """Raises BadModelFile where `adapter` changes what the model does not have, or not in this size."""
    changed = {name.removesuffix(FIRST).removesuffix(SECOND) for name in adapter.tensors if not name.endswith(NORM)}
    if not changed:
        raise BadModelFile("adapter_empty", "This adapter changes nothing.")
    for name in sorted(changed):
        first, second = adapter.tensors.get(name + FIRST), adapter.tensors.get(name + SECOND)
        if first is None or second is None:
            raise BadModelFile("damaged", f"The file is damaged: the change of {name!r} is not whole.")
        if name not in base.tensors:
            raise _misfit(f"it changes {name!r}, which {base_name} has not")
        if not _fits(name, first, second, base.tensors[name]):
            raise _misfit(f"in {base_name} {name!r} has another size")


def _misfit(why: str) -> BadModelFile:
    return BadModelFile("adapter_misfit", f"This adapter was made for another model: {why}.")


def _fits(name: str, first: Tensor, second: Tensor, changed: Tensor) -> bool:
    """As llama.cpp wants it: (n_in, rank) and (rank, n_out) for what is (n_in, n_out); of embeddings (rank, n_out) and (rank, n_in)."""
    (inner, outer), (second_inner, second_outer) = _pair(first), _pair(second)
    if name.endswith(EMBEDDINGS):
        return _pair(changed) == (second_outer, outer) and inner == second_inner
    return _pair(changed) == (inner, second_outer) and outer == second_inner


def _pair(tensor: Tensor) -> tuple[int, int]:
    """The two innermost dimensions."""
    inner, outer, *_ = (*tensor.dimensions, 1)
    return inner, outer
