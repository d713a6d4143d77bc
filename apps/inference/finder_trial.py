"""The trial of a file that is to find passages, in a process of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .engines.base import EngineError
from .engines.local import RERANK
from .finders import LocalFinder
from .host_keeper import HostKeeper
from .host_process import HostPlan
from .model_file import ModelFile

TRIAL_CONTEXT_TOKENS = 128
TRIAL_TEXTS = ("The harbour closes at nine.", "Cats sleep on warm stones.")


async def try_finder(file: ModelFile) -> None:
    """Load the file as what it is to be, and have it find something. Raises EngineError."""
    with tempfile.TemporaryDirectory(prefix="gemmaweb-") as sockets:
        hosts = HostKeeper(HostPlan(Path(sockets), slots=1, context_tokens=TRIAL_CONTEXT_TOKENS))
        try:
            await _find(LocalFinder(hosts.host(file)), file.role)
        finally:
            await hosts.close()


async def _find(finder: LocalFinder, role: str) -> None:
    if role == RERANK:
        await finder.rerank(TRIAL_TEXTS[0], TRIAL_TEXTS)
        return
    one, other = (await finder.embed(TRIAL_TEXTS)).vectors
    if one == other:
        raise EngineError("The model was loaded, but two texts get the same vector: it makes no difference between them.")
