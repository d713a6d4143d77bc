"""Which build of llama.cpp is installed: the one that requirements.lock names, or the same version from an index that the operator names.

    python gemmaweb/local/llama_build.py [INDEX]

Other builds run on graphics cards (CUDA, ROCm, Vulkan, Metal). Their files are not ours to know, so no hash of ours can be asked of them:
what was installed is printed with its SHA-256. Nothing but this one package comes from there. Without INDEX the build of the lock comes
back. A program of its own, without Django: it runs before anything else does.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

PACKAGE = "xllamacpp"
LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
STAMP = Path(sys.prefix) / "xllamacpp-index"  # says that another build is installed, of which version, from where
QUIET = ("--quiet", "--disable-pip-version-check", "--no-deps")


class NotInstalled(Exception):
    """Nothing was changed; the sentence says why."""


def main(index: str, *, lock: Path = LOCK, stamp: Path = STAMP) -> None:
    """Install what is wanted, unless it is there already. Raises NotInstalled."""
    entry = _locked(lock)
    wanted = _mark(index, entry) if index else ""
    if (stamp.read_text() if stamp.exists() else "") == wanted:
        return
    if not index:
        _go_back(entry)
        stamp.unlink()
        sys.stdout.write(f"llama.cpp: back to the build of {lock.name}, which uses no GPU.\n")
        return
    name, sha256 = _install(index, entry)
    stamp.write_text(wanted)
    sys.stdout.write(f"llama.cpp: installed {name} from {_shown(index)}, SHA-256 {sha256}. No hash of ours was asked of it.\n")


def _install(index: str, entry: str) -> tuple[str, str]:
    """The wheel's name and its SHA-256. Settings of pip that name more indexes are left aside: PyPI has the same version."""
    with tempfile.TemporaryDirectory() as folder:
        fetch = ("download", *QUIET, "--isolated", "--only-binary", ":all:", "--index-url", index, "--dest", folder, _pinned(entry))
        if _pip(*fetch):
            raise NotInstalled(f"{_pinned(entry)} could not be had from {_shown(index)} for this machine. Nothing was changed.")
        wheel = next(Path(folder).iterdir())
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if _pip("install", *QUIET, "--isolated", "--no-index", "--force-reinstall", str(wheel)):
            raise NotInstalled(f"{wheel.name} could not be installed. `make clean run` makes everything anew.")
        return wheel.name, sha256


def _go_back(entry: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(entry)
        requirements.flush()
        if _pip("install", *QUIET, "--force-reinstall", "--require-hashes", "-r", requirements.name):
            raise NotInstalled("The build of requirements.lock could not be installed again. Nothing was changed.")


def _locked(lock: Path) -> str:
    """The package's lines in the lock: its version and its hashes."""
    found = re.search(rf"^{PACKAGE}==\S+(?: \\\n    --hash=\S+)*\n", lock.read_text(), re.MULTILINE)
    if found is None:
        raise NotInstalled(f"{lock.name} does not name {PACKAGE}.")
    return found[0]


def _pinned(entry: str) -> str:
    return entry.split()[0]


def _mark(index: str, entry: str) -> str:
    """The version and the index, in a form that tells nobody a password."""
    return f"{_pinned(entry)} {hashlib.sha256(index.encode()).hexdigest()}\n"


def _shown(index: str) -> str:
    """The index without what may be a secret in it."""
    parts = urlsplit(index)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _pip(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pip", *arguments], check=False).returncode


if __name__ == "__main__":
    try:
        main(" ".join(sys.argv[1:]).strip())
    except NotInstalled as error:
        sys.exit(str(error))
