"""Dockerfile, read line by line."""

from __future__ import annotations

import json
import re
import subprocess
from fnmatch import fnmatch

from tests.deployment.compose import PASSWORDS, ROOT, read

Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Each instruction with its argument, comments left out, continued lines joined."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#"))
    lines = [line.strip() for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


def last(name: str) -> str:
    """The argument of the last such instruction of the last stage."""
    return [argument for found, argument in stages()[-1] if found == name][-1]


def sent_to_docker() -> set[str]:
    """Tracked files that .dockerignore lets into the build."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    wanted = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    return {path for path in tracked if any(path == name or path.startswith(f"{name}/") for name in wanted)}


def test_every_instruction_is_one() -> None:
    known = {"ARG", "FROM", "RUN", "COPY", "WORKDIR", "ENV", "VOLUME", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {name for name, _ in instructions()} <= known


def test_it_starts_from_a_version_that_is_supported_and_names_no_registry() -> None:
    arguments = dict(argument.split("=", 1) for name, argument in instructions() if name == "ARG" and "=" in argument)
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", arguments["PYTHON_IMAGE"])
    assert {argument.split()[0] for name, argument in instructions() if name == "FROM"} == {"${PYTHON_IMAGE}"}
    assert "://" not in (ROOT / "Dockerfile").read_text()


def test_what_is_installed_is_what_is_locked() -> None:
    installs = [argument for name, argument in instructions() if name == "RUN" and "pip install" in argument]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[0]
    assert "requirements.lock" in installs[0]
    assert "pip" not in "".join(argument for name, argument in stages()[-1] if name == "RUN"), "no tools in the last stage"


def test_another_build_of_llama_cpp_comes_only_where_it_is_asked_for() -> None:
    first = stages()[0]
    asks = [index for index, (name, argument) in enumerate(first) if name == "RUN" and "llama_build.py" in argument]
    assert len(asks) == 1
    assert ("ARG", 'XLLAMACPP_INDEX=""') in first[: asks[0]]
    assert first[asks[0]][1].endswith('gemmaweb/local/llama_build.py "${XLLAMACPP_INDEX}"')
    assert "gemmaweb/local/llama_build.py" in sent_to_docker()


def test_static_files_are_collected_where_web_looks_for_them() -> None:
    collects = [argument for name, argument in stages()[0] if name == "RUN" and "collectstatic" in argument]
    assert "GEMMAWEB_STATIC_ROOT=/app/collected" in collects[0]
    assert "GEMMAWEB_STATIC_ROOT=/app/collected" in last("ENV")


def test_it_does_not_run_as_root() -> None:
    assert last("USER") == "10001:10001"
    after = [name for name, _ in stages()[-1]]
    assert "RUN" not in after[after.index("USER") :]
    assert read(dict.fromkeys(PASSWORDS, "x"))["services"]["web"]["user"] == last("USER")


def test_it_reads_scans_and_runs_models_and_holds_none() -> None:
    installed = "".join(argument for name, argument in stages()[-1] if name == "RUN")
    assert {"libgomp1", "tesseract-ocr"} <= set(installed.split())
    assert "rm -rf /var/lib/apt/lists" in installed
    assert not [path for path in sent_to_docker() if fnmatch(path, "*.gguf") or fnmatch(path, "*.bin")]


def test_what_it_copies_is_there_and_no_more_than_it_needs() -> None:
    sources = [argument.split()[0] for name, argument in stages()[0] if name == "COPY"]
    assert sources == ["requirements.lock", "."]
    sent = sent_to_docker()
    assert {"manage.py", "requirements.lock", "gemmaweb/settings.py", "locale/de/LC_MESSAGES/django.mo"} <= sent
    assert not [path for path in sent if path.startswith(("tests/", "bench/", "docs/", ".", "node_modules/"))]


def test_its_commands_and_its_check_run_files_that_are_in_it() -> None:
    assert json.loads(last("CMD")) == ["python", "manage.py", "web"]
    check = json.loads(last("HEALTHCHECK").split(" CMD ")[1])
    assert check == ["python", "gemmaweb/local/alive.py", "web"]
    assert {check[1], "manage.py"} <= sent_to_docker()


def test_what_changes_is_kept_in_volumes() -> None:
    assert set(json.loads(last("VOLUME"))) == {"/data", "/scratch"}
    environment = dict(part.split("=", 1) for part in last("ENV").split())
    assert (environment["GEMMAWEB_HOME"], environment["TMPDIR"]) == ("/data", "/scratch")
    assert environment["GEMMAWEB_HOST"] == "0.0.0.0"  # noqa: S104 - of the container; what is published says docker-compose.yml
