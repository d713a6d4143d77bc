"""Another build of llama.cpp comes from an index that the operator names, and goes again: tiny wheels in folders, no network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gemmaweb.local import llama_build
from tests.product import ROOT

RUN = "import sys; sys.path.insert(0, 'gemmaweb/local'); import llama_build, pathlib; "
RUN += "llama_build.main(sys.argv[1], lock=pathlib.Path(sys.argv[2]))"
OTHER = "xllamacpp-1.0+cu128-py3-none-any.whl"


def wheel(folder: Path, version: str) -> Path:
    """A package that says which build it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"xllamacpp-{version}-py3-none-any.whl"
    facts = f"xllamacpp-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xllamacpp.py", f"BUILD = {version!r}\n")
        archive.writestr(f"{facts}/METADATA", f"Metadata-Version: 2.1\nName: xllamacpp\nVersion: {version}\n")
        archive.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{facts}/RECORD", f"xllamacpp.py,,\n{facts}/METADATA,,\n{facts}/WHEEL,,\n{facts}/RECORD,,\n")
    return path


class Place:
    """A virtual environment with a lock, beside a registry and an index that are folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        usual = wheel(folder / "registry", "1.0")
        other = wheel(folder / "index" / "xllamacpp", "1.0+cu128")
        self.sha256 = hashlib.sha256(other.read_bytes()).hexdigest()
        (other.parent / "index.html").write_text(f'<a href="{other.name.replace("+", "%2B")}">{other.name}</a>')
        self.index = (folder / "index").as_uri()
        self.lock = folder / "requirements.lock"
        hashes = hashlib.sha256(usual.read_bytes()).hexdigest()
        self.lock.write_text(f"wsproto==1\nxllamacpp==1.0 \\\n    --hash=sha256:{hashes}\nyarl==2 \\\n    --hash=sha256:0\n")
        self.pip("install", "xllamacpp==1.0")

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder / "registry")}

    def pip(self, *arguments: str) -> None:
        command = [str(self.folder / "venv/bin/python"), "-m", "pip", "--quiet", *arguments]
        subprocess.run(command, env=self.environment, check=True)

    def run(self, index: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "venv/bin/python"), "-c", RUN, index, str(self.lock)]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    @property
    def build(self) -> str:
        """Which one is installed."""
        command = [str(self.folder / "venv/bin/python"), "-c", "import xllamacpp; print(xllamacpp.BUILD)"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_it_comes_and_goes(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert (place.run().stdout, place.build) == ("", "1.0")
    came = place.run(place.index)
    assert came.returncode == 0, came.stderr
    assert f"installed {OTHER} from file://" in came.stdout
    assert f"SHA-256 {place.sha256}. No hash of ours was asked of it." in came.stdout
    assert place.build == "1.0+cu128"
    assert place.run(place.index).stdout == ""  # it is there
    nowhere = place.run((tmp_path / "nowhere").as_uri())
    assert nowhere.returncode != 0
    assert "xllamacpp==1.0 could not be had from file://" in nowhere.stderr
    assert place.build == "1.0+cu128"
    back = place.run()
    assert back.stdout == "llama.cpp: back to the build of requirements.lock, which uses no GPU.\n"
    assert place.build == "1.0"
    assert place.run().stdout == ""


def test_a_password_in_the_address_is_told_nobody(tmp_path: Path) -> None:
    address = "https://user:secret@index.example/simple?key=secret"
    assert llama_build._shown(address) == "https://index.example/simple"
    assert "secret" not in llama_build._mark(address, "xllamacpp==1.0 \\\n")


def test_the_lock_names_it() -> None:
    entry = llama_build._locked(ROOT / "requirements.lock")
    assert llama_build._pinned(entry).startswith("xllamacpp==")
    assert entry.count("--hash=sha256:") >= 2
    assert all("xllamacpp" in line or line.startswith("    --hash=") for line in entry.splitlines())


def test_a_lock_without_it_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("django==5 \\\n    --hash=sha256:0\n")
    with pytest.raises(llama_build.NotInstalled, match=r"requirements.lock does not name xllamacpp\."):
        llama_build.main("", lock=tmp_path / "requirements.lock", stamp=tmp_path / "stamp")


def test_make_run_looks_which_build_is_wanted() -> None:
    printed = subprocess.run(
        ["make", "--dry-run", "run", "XLLAMACPP_INDEX=file:///somewhere"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    asked = printed.index('gemmaweb/local/llama_build.py "file:///somewhere"')
    assert asked < printed.index("manage.py up")
