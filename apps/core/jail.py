"""What a child gives up before it looks at a stranger's file. Linux does all of it, other systems the limits only.

A reader that is taken over finds no variable, no socket, no other program and no file but those of Python itself, and it can
hand out nothing but what its parent takes: text for the workspace that the file was uploaded to, two pictures of a person.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import NoReturn

STDERR_MAX_BYTES = 64 * 1024
MAX_OPEN_FILES = 64
NICENESS = 10  # reading files gives way to people who wait for an answer

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION = 1
_LANDLOCK_PATH_BENEATH = 1
_RUN_FILE, _READ_FILE_AND_FOLDER = 0x1, 0x4 | 0x8
_PYTHON, _SYSTEM = frozenset({sys.prefix, sys.base_prefix}), frozenset({"/usr", "/lib", "/lib64"})
_ALL_FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF}  # by version of Landlock; from 3 on 0x7FFF

# audit number of the machine, then the numbers of socket, execve, execveat, clone, clone3, fork, vfork, ptrace, kill,
# process_vm_readv, process_vm_writev and io_uring_setup (aarch64 has no fork and vfork)
_REFUSED_CALLS = {
    "x86_64": (0xC000003E, (41, 59, 322, 56, 435, 57, 58, 101, 62, 310, 311, 425)),
    "aarch64": (0xC00000B7, (198, 221, 281, 220, 435, 117, 129, 270, 271, 425)),
}
_REFUSED_CALLS_OF_PROGRAMS = {  # these have to be started, which is a call of execve
    machine: (audit, tuple(call for call in calls if call not in {59, 221})) for machine, (audit, calls) in _REFUSED_CALLS.items()
}
_X32_CALLS = 0x40000000
_EPERM = 1


def set_limits(*, memory_bytes: int, cpu_s: int, output_max_bytes: int = STDERR_MAX_BYTES) -> None:
    """Bound memory, processor time, files and what can be written."""
    _bound(resource.RLIMIT_AS, memory_bytes)
    _bound(resource.RLIMIT_CPU, cpu_s, grace=5)  # SIGXCPU first, which says why; SIGKILL at once if both were equal
    _bound(resource.RLIMIT_FSIZE, output_max_bytes)
    _bound(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _bound(resource.RLIMIT_CORE, 0)
    os.nice(NICENESS)


def die_with(parent_pid: int) -> None:
    """Have the kernel end this process when the one that started it ends."""
    if sys.platform != "linux":
        return
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it ended before the call above
        os._exit(1)


def lock() -> None:
    """Give up new privileges, all files but those of Python and the system's libraries, sockets and other processes."""
    _lock(_PYTHON | _SYSTEM, _READ_FILE_AND_FOLDER, refused=_REFUSED_CALLS)


def become(
    program: str, *, arguments: Sequence[str], environment: Mapping[str, str], parent_pid: int,
    memory_bytes: int, cpu_s: int, output_max_bytes: int,
) -> NoReturn:  # fmt: skip
    """Turn into a program of the system's, within these limits and with nothing to read but what belongs to it."""
    die_with(parent_pid)
    set_limits(memory_bytes=memory_bytes, cpu_s=cpu_s, output_max_bytes=output_max_bytes)
    home = Path(program).resolve().parents[1]
    own = {str(home / folder) for folder in ("bin", "lib", "share")} | set(filter(None, [environment.get("TESSDATA_PREFIX")]))
    _lock(_SYSTEM | own, _READ_FILE_AND_FOLDER | _RUN_FILE, refused=_REFUSED_CALLS_OF_PROGRAMS)
    os.execve(program, [program, *arguments], dict(environment))  # noqa: S606


def _lock(folders: Set[str], rights: int, *, refused: Mapping[str, tuple[int, tuple[int, ...]]]) -> None:
    if sys.platform != "linux":
        return
    libc = _libc()
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _leave_files(libc, folders, rights)
    _leave_calls(libc, refused)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _bound(what: int, value: int, *, grace: int = 0) -> None:
    _, hard = resource.getrlimit(what)
    allowed = sys.maxsize if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(what, (min(value, allowed), min(value + grace, allowed)))


def _leave_files(libc: ctypes.CDLL, folders: Set[str], rights: int) -> None:
    """Landlock: `rights` below `folders`, nothing elsewhere. A kernel without it (before 5.13) goes on without."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _LANDLOCK_VERSION)
    if version < 1:
        return
    handled = ctypes.c_uint64(_ALL_FILE_RIGHTS.get(version, 0x7FFF))
    rules = libc.syscall(_LANDLOCK_CREATE, ctypes.byref(handled), ctypes.c_size_t(ctypes.sizeof(handled)), 0)
    for folder in folders:
        _allow(libc, rules, folder, rights)
    libc.syscall(_LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, folder: str, rights: int) -> None:
    if not Path(folder).is_dir():
        return
    opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    libc.syscall(_LANDLOCK_ADD, rules, _LANDLOCK_PATH_BENEATH, struct.pack("<Qi", rights, opened), 0)
    os.close(opened)


def _leave_calls(libc: ctypes.CDLL, refused: Mapping[str, tuple[int, tuple[int, ...]]]) -> None:
    """Seccomp: the calls above fail with EPERM. A machine without a table here goes on without."""
    if platform.machine() not in refused:
        return
    audit, calls = refused[platform.machine()]
    code = _filter(audit, calls)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0)


def _filter(audit: int, calls: tuple[int, ...]) -> bytes:
    """The classic BPF program: another machine's calls and x32's are refused as well."""
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    refuse, allow = 0x00050000 | _EPERM, 0x7FFF0000
    steps = len(calls)
    program = [(load, 0, 0, 4), (equal, 0, steps + 2, audit), (load, 0, 0, 0), (at_least, steps, 0, _X32_CALLS)]
    program += [(equal, steps - index, 0, call) for index, call in enumerate(calls)]
    program += [(give, 0, 0, allow), (give, 0, 0, refuse)]
    return b"".join(struct.pack("HBBI", *step) for step in program)
