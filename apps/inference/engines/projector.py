"""Projectors: the parts of models that see images. What their files say, and whether they fit the model that they see for."""

from __future__ import annotations

from .gguf_header import BadModelFile, GgufContents

WIDTH = "clip.vision.projection_dim"


def is_projector(contents: GgufContents) -> bool:
    """Whether the file sees for a model."""
    return contents.text("general.architecture") == "clip" or contents.text("general.type") == "mmproj"


def refuse_misfit(projector: GgufContents, base: GgufContents, base_name: str) -> None:
    """Raises BadModelFile where `projector` sees no images, or makes vectors that are not as wide as the model's."""
    if projector.keys.get("clip.has_vision_encoder") is not True:
        raise BadModelFile("no_eyes", "This projector sees no images; only images can be sent here.")
    seen = projector.keys.get(WIDTH)
    wide = base.keys.get(f"{base.text('general.architecture')}.embedding_length")
    if seen != wide:
        widths = f"its vectors are {seen} wide, those of {base_name} {wide}"
        raise BadModelFile("projector_misfit", f"This projector was made for another model: {widths}.")
