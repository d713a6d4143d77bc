"""Who may import whom, and what the web process never loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "xllamacpp", "ctransformers", "pypdfium2", "lxml", "gguf", "PIL", "torch", "charset_normalizer")


def test_an_app_imports_only_what_stands_to_its_right() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_web_process_loads_no_heavy_library() -> None:
    """In a process of its own: this one has long loaded them."""
    script = f"import gemmaweb.asgi, sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_file_of_the_project_uses_pickle() -> None:
    wanted = r"^\s*(import|from) (pickle|marshal|shelve)"
    found = subprocess.run(["git", "grep", "-lE", wanted, "--", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout.split() == []
