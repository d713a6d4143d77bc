"""Sizes: measured on the tail, because the tail is what separates the good from the bad."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.budgets import Source, length, nesting, percentile, sources

# Loaded late on purpose: heavy native libraries and what must not be in every process.
HEAVY = {
    "ctypes",
    "xllamacpp",
    "ctransformers",
    "ctransformers.llm",
    "pypdfium2",
    "pypdfium2.raw",
    "lxml",
    "lxml.etree",
    "lxml.html",
    "charset_normalizer",
}
BROAD_EXCEPTS_MAX = 3


@pytest.fixture(scope="module")
def code() -> list[Source]:
    """What ships."""
    return sources("gemmaweb", "apps")


def test_functions_are_short(code: list[Source]) -> None:
    lengths = [length(function) for source in code for function in source.functions()]
    assert percentile(lengths, 0.5) <= 8
    assert percentile(lengths, 0.95) <= 30


def test_no_function_is_long(code: list[Source]) -> None:
    assert [(source.name, f.name, length(f)) for source in code for f in source.functions() if length(f) > 60] == []


def test_files_are_short(code: list[Source]) -> None:
    assert percentile([source.lines for source in code], 0.95) <= 300
    assert [(source.name, source.lines) for source in code if source.lines > 400] == []


def test_blocks_do_not_nest_deeply(code: list[Source]) -> None:
    assert [(source.name, f.name, nesting(f)) for source in code for f in source.functions() if nesting(f) > 3] == []


def test_imports_stand_at_the_top(code: list[Source]) -> None:
    late = [
        (source.name, ast.unparse(node))
        for source in code
        for function in source.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not _modules(node) <= HEAVY
    ]
    assert late == []


def test_broad_excepts_are_counted(code: list[Source]) -> None:
    broad = [
        (source.name, node.lineno)
        for source in code
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert len(broad) <= BROAD_EXCEPTS_MAX, broad


def test_every_public_class_says_what_it_is(code: list[Source]) -> None:
    classes = [(source, node) for source in code for node in source.tree.body if isinstance(node, ast.ClassDef)]
    told_elsewhere = ("_", "Command")  # a command has its `help`
    public = [(source, node) for source, node in classes if not node.name.startswith(told_elsewhere) and not node.name.endswith("QuerySet")]
    assert [(source.name, node.name) for source, node in public if not ast.get_docstring(node)] == []


def test_every_module_says_what_it_is_for(code: list[Source]) -> None:
    assert [source.name for source in code if source.text.strip() and not ast.get_docstring(source.tree)] == []


def test_there_is_more_test_than_code(code: list[Source]) -> None:
    tests = sum(source.lines for source in sources("tests"))
    assert tests >= 1.2 * sum(source.lines for source in code)


def test_names_of_files_say_the_job() -> None:
    vague = {"utils.py", "helpers.py", "misc.py", "common.py"}
    assert [source.name for source in sources("gemmaweb", "apps", "tests", "bench") if source.path.name in vague] == []


def _modules(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module or ""}
