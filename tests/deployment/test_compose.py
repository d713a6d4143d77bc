"""docker-compose.yml, by the rules of its specification and by ours. No Docker runs here: what can be known without one is known."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from typing import Any

import jsonschema_rs
import pytest

from gemmaweb.local.programs import QUEUES
from tests.deployment.compose import FILE, PASSWORDS, ROOT, VARIABLE, Missing, read

HERE = ROOT / "tests/deployment"
SET = dict.fromkeys(PASSWORDS, "made-by-openssl")
OWN = {"web", "migrate", *QUEUES}
# Of a volume, or of the Dockerfile.
IN_THE_IMAGE = {
    "GEMMAWEB_HOME",
    "GEMMAWEB_MODELS_FOLDER",
    "GEMMAWEB_HOST",
    "GEMMAWEB_STATIC_ROOT",
    "GEMMAWEB_SECRET_KEY",
}
SERVICES: dict[str, dict[str, Any]] = read(SET)["services"]


@pytest.fixture
def service(name: str) -> dict[str, Any]:
    """One service, its variables filled in."""
    return SERVICES[name]


def names_in(text: str) -> set[str]:
    """Every variable that Compose asks for."""
    return {found[1] for found in VARIABLE.finditer(text) if found[1]}


def test_it_follows_the_specification() -> None:
    schema = json.loads((HERE / "compose-spec.json").read_text())
    assert [f"{error.instance_path}: {error.message}" for error in jsonschema_rs.validator_for(schema).iter_errors(read(SET))] == []


def test_the_specification_would_find_a_mistake() -> None:
    schema = json.loads((HERE / "compose-spec.json").read_text())
    wrong = read(SET)
    wrong["services"]["web"]["privilege"] = True
    assert not jsonschema_rs.validator_for(schema).is_valid(wrong)


def test_the_specification_is_unchanged() -> None:
    digest = hashlib.sha256((HERE / "compose-spec.json").read_bytes()).hexdigest()
    assert f"sha256 {digest} compose-spec.json" in (HERE / "VENDOR.txt").read_text()


@pytest.mark.parametrize("missing", PASSWORDS)
@pytest.mark.parametrize("value", [None, ""])
def test_it_does_not_start_without_a_password(missing: str, value: str | None) -> None:
    given = {name: text for name, text in SET.items() if name != missing} | ({} if value is None else {missing: value})
    with pytest.raises(Missing, match=missing):
        read(given)


def test_no_password_stands_in_it() -> None:
    secret = re.compile(r"(?i)(password|secret|auth)[\w-]*\s*[:=]\s*\"?(?!\$|\")\w")
    allowed = ("--auth-host=scram-sha-256", "condition")
    assert [line for line in FILE.read_text().splitlines() if secret.search(line) and not any(word in line for word in allowed)] == []


def test_every_service_is_there() -> None:
    assert set(SERVICES) == OWN | {"postgres", "valkey"}


@pytest.mark.parametrize("name", SERVICES)
def test_it_comes_from_somewhere(service: dict[str, Any], name: str) -> None:
    registry, _, rest = service["image"].rpartition("/")
    assert ("." in registry.split("/")[0]) is False, "an image's name has no host"
    assert (name in OWN) == (service.get("build") == ".")
    assert name in OWN or ":" in rest, "somebody else's image has a version"


@pytest.mark.parametrize("name", SERVICES)
def test_it_may_do_no_more_than_it_must(service: dict[str, Any], name: str) -> None:
    assert service["user"] not in {"", "root", "0", "0:0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    forbidden = {"privileged", "network_mode", "pid", "ipc", "cap_add", "devices", "userns_mode", "links", "container_name"}
    assert forbidden.isdisjoint(service)
    assert not [volume for volume in service["volumes"] if "docker.sock" in volume]


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_outside_reaches_it_but_web_on_this_machine(service: dict[str, Any], name: str) -> None:
    assert service.get("ports", []) == (["127.0.0.1:8000:8000"] if name == "web" else [])
    assert set(service["networks"]) == ({"inside", "door"} if name in {"web", "models"} else {"inside"})
    assert read(SET)["networks"]["inside"]["internal"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_it_says_how_it_is_and_comes_back(service: dict[str, Any], name: str) -> None:
    if name == "migrate":
        assert service["restart"] == "no"
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "start_period", "retries"} <= set(service["healthcheck"])
        assert int(service["stop_grace_period"].rstrip("s")) >= 10


@pytest.mark.parametrize("name", sorted(OWN))
def test_it_waits_for_what_it_needs(service: dict[str, Any], name: str) -> None:
    waits = {other: how["condition"] for other, how in service["depends_on"].items()}
    ready = {"postgres": "service_healthy", "valkey": "service_healthy"}
    assert waits == (ready if name == "migrate" else ready | {"migrate": "service_completed_successfully"})


@pytest.mark.parametrize("name", sorted(OWN))
def test_it_finds_files_models_and_the_others(service: dict[str, Any], name: str) -> None:
    assert service["volumes"] == ["home:/data", "./models:/models:ro"]
    assert service["environment"]["DATABASE_URL"] == "postgresql://gemmaweb:made-by-openssl@postgres:5432/gemmaweb"
    assert service["environment"]["REDIS_URL"] == "redis://:made-by-openssl@valkey:6379/0"


def test_each_volume_that_is_used_is_named() -> None:
    document = read(SET)
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"] if volume[0] not in "./"}
    assert used == set(document["volumes"])


def test_every_file_that_it_mounts_or_builds_is_there() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"] if volume.startswith("./")]
    assert [path for path in mounted if path != "./models" and not (ROOT / path).exists()] == []
    assert (ROOT / "Dockerfile").exists()


def test_every_setting_can_be_set_by_its_own_name_and_has_its_own_default() -> None:
    documented = dict(re.findall(r"^\| `(GEMMAWEB_\w+)` \| (.+?) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    passed = read(None)["services"]["web"]["environment"]
    outside = IN_THE_IMAGE | {"GEMMAWEB_PORT", "GEMMAWEB_PUBLISH", "GEMMAWEB_MODELS"}
    assert {name for name in passed if name.startswith("GEMMAWEB_")} == set(documented) - outside
    for name, value in passed.items():
        if name in documented:
            default = documented[name].strip("`")
            own = {"empty": "", "the number of cores, 4 to 8": "4"}.get(default, default)
            assert value == f"${{{name}:-{own}}}"


def test_every_variable_is_in_the_documents() -> None:
    documented = (ROOT / "docs/settings.md").read_text()
    assert {name for name in names_in(FILE.read_text()) if f"`{name}`" not in documented} == set()


def test_the_command_that_makes_the_passwords_makes_all_of_them(tmp_path: Any) -> None:
    readme = (ROOT / "README.md").read_text()
    command = next(line.strip() for line in readme.splitlines() if "> .env" in line)
    assert command in FILE.read_text()
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    made = dict(line.split("=") for line in (tmp_path / ".env").read_text().split())
    assert set(made) == set(PASSWORDS)
    assert len(set(made.values())) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in made.values())  # nothing that an address would have to quote
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    read(made)


def test_the_passwords_stay_out_of_the_repository_and_the_image() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().split()
    assert (ROOT / ".dockerignore").read_text().split("\n")[1] == "*"
