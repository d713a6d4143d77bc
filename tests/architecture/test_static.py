"""What browsers get: every import hashed, a small chat page, nothing from another host, nothing inline."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders

from apps.core.static import HashedStaticStorage

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES, STATIC = ROOT / "templates", ROOT / "static"
CHAT_PAGE = ["base.html", "app.html", "chat/conversation.html"]
CHAT_PAGE_MAX_BYTES = 150_000
FIRST_PDF_MAX_BYTES = 600_000
PDF_VIEWER = ["vendor/pdfjs/pdf.min.mjs", "vendor/pdfjs/pdf.worker.min.mjs"]
LATER = re.compile(r'\bimport\("([^"]+\.js)"\)')
IMPORT = re.compile(r'^(?:import|export [{*])[^;(]*?"([^"]+)"', re.MULTILINE)
LOADED = re.compile(r"""\b(?:src|href)=["']{% static '([^']+)' %}""")  # what stands in a data attribute is fetched when it is needed
HASHED = re.compile(r"^(.+)\.[0-9a-f]{12}(\.\w+)$")
FETCHED_BY_CSS = ["vendor/inter-latin-wght-normal.woff2"]  # latin-ext is fetched by pages that have such letters


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> HashedStaticStorage:
    """static/ as `collectstatic` leaves it, in a folder of its own."""
    storage = HashedStaticStorage(location=str(tmp_path_factory.mktemp("static")), base_url="/static/")
    paths = {}
    for finder in get_finders():
        for path, source in finder.list([]):
            with source.open(path) as file:
                storage.save(path, file)
            paths[path] = (storage, path)
    for _, _, processed in storage.post_process(paths):
        assert not isinstance(processed, Exception), processed
    return storage


def templates() -> Iterator[tuple[str, str]]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        yield path.relative_to(TEMPLATES).as_posix(), path.read_text()


def scripts() -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((STATIC / "js").glob("*.js"))}


def entries() -> set[str]:
    return {name for _, text in templates() for name in LOADED.findall(text) if name.endswith(".js")}


def modules_from(storage: HashedStaticStorage, entry: str, *, later: bool = False) -> set[str]:
    """The hashed names of all modules that `entry` loads, itself included; with `later` those that it may load too."""
    waiting, seen = [storage.stored_name(entry)], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        text = Path(storage.path(name)).read_text()
        targets = IMPORT.findall(text) + (LATER.findall(text) if later else [])
        waiting += [(Path(name).parent / target).as_posix() for target in targets]
    return seen


def unhashed(name: str) -> str:
    match = HASHED.match(name)
    assert match, f"{name} is loaded under a name without a hash"
    return match[1] + match[2]


def test_every_import_is_hashed_and_loads_once(collected: HashedStaticStorage) -> None:
    for entry in entries():
        modules = modules_from(collected, entry, later=True)
        assert len({unhashed(name) for name in modules}) == len(modules)


def test_every_module_is_used(collected: HashedStaticStorage) -> None:
    used = {unhashed(name) for entry in entries() for name in modules_from(collected, entry, later=True)}
    assert used - {"ninja/swagger-ui-bundle.js"} == {f"js/{name}" for name in scripts()}


def test_the_chat_page_is_small(collected: HashedStaticStorage) -> None:
    names = {name for page in CHAT_PAGE for name in LOADED.findall((TEMPLATES / page).read_text())} | {"icons.svg", *FETCHED_BY_CSS}
    files = {collected.stored_name(name) for name in names}
    for entry in (name for name in names if name.endswith(".js")):
        files |= modules_from(collected, entry)
    assert sum(compressed_bytes(Path(collected.path(name))) for name in files) <= CHAT_PAGE_MAX_BYTES


def test_the_first_pdf_costs_little_more(collected: HashedStaticStorage) -> None:
    """What is fetched with the first marker that is clicked, as gzip packs it: browsers take no Brotli over plain http."""
    before = modules_from(collected, "js/chat.js")
    files = modules_from(collected, "js/chat.js", later=True) - before | {collected.stored_name(name) for name in PDF_VIEWER}
    assert not before & files
    assert sum(Path(collected.path(f"{name}.gz")).stat().st_size for name in files) <= FIRST_PDF_MAX_BYTES


def compressed_bytes(path: Path) -> int:
    brotli = path.with_name(path.name + ".br")
    return (brotli if brotli.exists() else path).stat().st_size


def test_no_other_host_is_named() -> None:
    styles = {path.name: path.read_text() for path in (STATIC / "css").glob("*.css")}
    for name, text in [*templates(), *scripts().items(), *styles.items()]:
        assert not re.search(r"https?://|[\"'(]//", text), name


def test_nothing_is_inline() -> None:
    for name, text in templates():
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), name


def test_every_element_that_a_script_looks_for_is_in_a_template() -> None:
    pages = "".join(text for _, text in templates())
    for name, text in scripts().items():
        looked_for = re.findall(r"""querySelector\("#([\w-]+)["\s]""", text) + re.findall(r"""clone\("([\w-]+)"\)""", text)
        swapped = [
            one
            for call in re.findall(r'swap\(.*?((?:, "[\w-]+")+)\)|PARTS = \[(.*)\]', text)
            for one in re.findall(r"[\w-]+", "".join(call))
        ]
        for target in looked_for + swapped:
            assert f'id="{target}"' in pages, f"{name} looks for #{target}"


def test_every_sentence_of_a_script_is_in_the_words() -> None:
    said = set(re.findall(r'data-word="([\w.]+)"', (TEMPLATES / "_words.html").read_text()))
    for name, text in scripts().items():
        for word in re.findall(r"""words\(["'](\w+)["']""", text):
            assert word in said, f"{name} says {word}"


def test_every_icon_is_in_the_sprite() -> None:
    sprite = (STATIC / "icons.svg").read_text()
    for name, text in templates():
        for icon in re.findall(r'_icon\.html" with name="([\w-]+)"', text):
            assert f'id="{icon}"' in sprite, f"{name} shows {icon}"


def test_what_is_vendored_is_what_it_says() -> None:
    vendor = STATIC / "vendor"
    notes = {note: re.findall(r"sha256 ([0-9a-f]{64}) (\S+)", note.read_text()) for note in vendor.rglob("VENDOR.txt")}
    listed = {(note.parent / name).resolve(): digest for note, lines in notes.items() for digest, name in lines}
    ours = {path for path in vendor.rglob("*") if path.suffix in {".txt", ".py"}}
    assert {path for path in vendor.rglob("*") if path.is_file()} - ours <= set(listed)
    for path, digest in listed.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, path
