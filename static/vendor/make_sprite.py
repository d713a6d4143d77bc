"""Write static/icons.svg from an unpacked lucide-static package: `python static/vendor/make_sprite.py package/icons`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ICONS = (
    "arrow-down", "box", "check", "chevron-down", "chevron-left", "chevron-right", "chevron-up", "circle-alert", "circle-x",
    "contrast", "copy", "corner-down-left", "download", "ellipsis", "file-text", "folder", "history", "key-round", "log-out", "menu",
    "monitor", "moon", "move-horizontal", "pencil", "plus", "quote", "rotate-ccw", "search", "settings", "shield", "smartphone", "square",
    "sun", "trash-2", "triangle-alert", "unplug", "upload", "user", "users", "x", "zoom-in", "zoom-out",
)  # fmt: skip


def symbol(icons: Path, name: str) -> str:
    """The icon's shapes as a <symbol> that takes colour and stroke from where it is used."""
    drawing = re.search(r"<svg[^>]*>(.*)</svg>", (icons / f"{name}.svg").read_text(), re.DOTALL)
    if drawing is None:
        raise SystemExit(f"{name}.svg is not a drawing")
    shapes = re.sub(r"\s+", " ", drawing[1]).replace("> <", "><").replace(" />", "/>").strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


if __name__ == "__main__":
    symbols = "\n".join(symbol(Path(sys.argv[1]), name) for name in ICONS)
    Path(__file__).parent.with_name("icons.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n')
