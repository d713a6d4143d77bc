"""Static files: their policy, which names are hashed, and what is compressed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from servestatic import ServeStaticASGI

from apps.core.static import LARGE_BYTES, HashedStaticStorage, guard

SCRIPT = 'import { b } from "./b.js";\n' * 20


@pytest.fixture
def collect(tmp_path: Path) -> Callable[..., HashedStaticStorage]:
    """Stores files, given by their names, as collectstatic does."""

    def process(**files: str) -> HashedStaticStorage:
        storage = HashedStaticStorage(location=str(tmp_path), base_url="/static/")
        paths = {name: (storage, storage.save(name, ContentFile(text.encode()))) for name, text in files.items()}
        assert not [failed for _, _, failed in storage.post_process(paths) if isinstance(failed, Exception)]
        return storage

    return process


def test_a_module_is_hashed_with_its_imports(collect: Callable[..., HashedStaticStorage]) -> None:
    storage = collect(**{"js/a.js": SCRIPT, "js/b.js": "export const b = 1;"})
    hashed = Path(storage.path(storage.stored_name("js/a.js")))
    assert Path(storage.stored_name("js/b.js")).name in hashed.read_text()
    assert hashed.with_name(hashed.name + ".br").exists()
    assert not Path(storage.path("js/a.js.br")).exists(), "nobody asks for it"


def test_a_versions_folder_keeps_its_names(collect: Callable[..., HashedStaticStorage]) -> None:
    names = ("lib/6.5.438/font.ttf", "lib/6.5.438/table.bcmap", "lib/6.5.438/decoder.js")
    storage = collect(**dict.fromkeys(names, 'import("module"); ' * 50))
    found = {path.name for path in Path(storage.path("lib/6.5.438")).iterdir()}
    assert found == {"font.ttf", "font.ttf.br", "font.ttf.gz", "table.bcmap", "decoder.js", "decoder.js.br", "decoder.js.gz"}
    assert Path(storage.path(names[2])).read_text() == 'import("module"); ' * 50


@pytest.mark.parametrize("size", [LARGE_BYTES - 1, LARGE_BYTES + 1])
def test_large_files_are_compressed_too(collect: Callable[..., HashedStaticStorage], size: int) -> None:
    storage = collect(**{"big.txt": "x" * size})
    assert Path(storage.path(storage.stored_name("big.txt") + ".br")).stat().st_size < size / 100


async def test_a_static_file_may_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "worker.mjs").write_text("self.onmessage = null;")
    files = ServeStaticASGI(None, root=tmp_path, prefix="static/", add_headers_function=guard)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await files({"type": "http", "method": "GET", "path": "/static/worker.mjs", "query_string": b"", "headers": []}, None, send)
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/javascript")
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"] == b"default-src 'none'; script-src 'self'; connect-src 'self'"
