"""Which account the embedded servers run as: ours, or `nobody` where we are root (PostgreSQL refuses to be root)."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sys
from pathlib import Path

from gemmaweb.local import bound
from gemmaweb.local.errors import Refused

# With one of these `nobody` reaches a virtualenv and a home below /root without a chmod there.
# The first can only read; containers often have no more than the second.
READING_CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


def as_server(command: tuple[str, ...], death_signal: signal.Signals) -> tuple[str, ...]:
    """`command` made to run as the servers' account and to get `death_signal` when this process ends."""
    if os.geteuid() != 0:
        return bind(command, death_signal)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Refused("PostgreSQL does not run as root: start Gemmaweb as an ordinary user, or install setpriv (util-linux).")
    nobody = _nobody()
    drop = (setpriv, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", *_keep_reading())
    # A change of account clears the death signal, so here setpriv sets it, last.
    return (*drop, "--pdeathsig", signal.Signals(death_signal).name.removeprefix("SIG"), *command)


def bind(command: tuple[str, ...], death_signal: signal.Signals) -> tuple[str, ...]:
    """`command` made to get `death_signal` when this process ends; to be started by a thread that lives as long."""
    return (sys.executable, "-I", "-S", bound.__file__, str(os.getpid()), str(int(death_signal)), *command)


def give_to_server(folder: Path) -> None:
    """Make `folder`, 0700, the servers' own."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, _nobody().pw_uid, _nobody().pw_gid)


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _keep_reading() -> tuple[str, ...]:
    permitted = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapPrm"))
    held = int(permitted.split()[1], 16)
    for name, bit in READING_CAPABILITIES.items():
        if held >> bit & 1:
            return (f"--inh-caps=+{name}", f"--ambient-caps=+{name}")
    return ()
