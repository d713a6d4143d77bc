"""What the machine is said to have: this one, and machines written into a folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from apps.inference import machine
from apps.inference.host_client import LocalEngine
from apps.inference.host_keeper import HostKeeper
from apps.inference.machine import Gpu, host_bytes, read_gpus, read_machine

from .machines import GIB, MIB, program, system, write

ROCM = '{"card0": {"Card Series": "Radeon RX 7900", "VRAM Total Memory (B)": "21458059264", "VRAM Total Used Memory (B)": "58059264"}}'


def test_this_machine_has_memory_and_processors() -> None:
    found = read_machine()
    assert 0 < found.available_bytes <= found.memory_bytes
    assert 0 < found.cores <= (os.cpu_count() or 1)
    assert not found.is_x86 or found.instructions


def test_a_machine_without_limits(tmp_path: Path) -> None:
    found = read_machine(system(tmp_path))
    assert (found.memory_bytes, found.available_bytes, found.swap_bytes) == (16384000 * 1024, 8192000 * 1024, 2048000 * 1024)
    assert found.cores == 4
    assert found.instructions == ("AVX", "AVX2", "FMA", "F16C", "AVX512", "AMX")
    assert found.gpus == ()


def test_a_container_of_the_second_version_has_less(tmp_path: Path) -> None:
    group = {"memory.max": f"{4 * GIB}\n", "memory.current": f"{3 * GIB}\n", "memory.stat": f"anon 1\ninactive_file {GIB}\n"}
    files = {f"sys/fs/cgroup/{name}": text for name, text in group.items()}
    root = write(system(tmp_path), files | {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"})
    found = read_machine(root)
    assert (found.memory_bytes, found.available_bytes, found.cores) == (4 * GIB, 2 * GIB, 1.5)


def test_a_limit_around_the_own_group_counts(tmp_path: Path) -> None:
    folder = "sys/fs/cgroup/user.slice"
    files = {"proc/self/cgroup": "0::/user.slice/app.service\n", f"{folder}/memory.max": f"{2 * GIB}", f"{folder}/memory.current": f"{GIB}"}
    files |= {f"{folder}/app.service/memory.max": "max", f"{folder}/app.service/cpu.max": "max 100000"}
    found = read_machine(write(system(tmp_path), files))
    assert (found.memory_bytes, found.available_bytes, found.cores) == (2 * GIB, GIB, 4)


def test_a_container_of_the_first_version_has_less(tmp_path: Path) -> None:
    memory, cpu = "sys/fs/cgroup/memory/docker/ab", "sys/fs/cgroup/cpu/docker/ab"
    files = {"proc/self/cgroup": "9:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n1:name=systemd:/x\n"}
    files |= {f"{memory}/memory.limit_in_bytes": f"{3 * GIB}\n", f"{memory}/memory.usage_in_bytes": f"{2 * GIB}\n"}
    files |= {f"{memory}/memory.stat": f"total_inactive_file {GIB}\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}
    files |= {f"{cpu}/cpu.cfs_quota_us": "200000\n", f"{cpu}/cpu.cfs_period_us": "100000\n"}
    found = read_machine(write(system(tmp_path), files))
    assert (found.memory_bytes, found.available_bytes, found.cores) == (3 * GIB, 2 * GIB, 2)


@pytest.mark.parametrize("said", ["", "max", "-1", "many", "0 0"])
def test_a_limit_that_is_none_changes_nothing(tmp_path: Path, said: str) -> None:
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": said, "sys/fs/cgroup/cpu.max": said}
    found = read_machine(write(system(tmp_path), files))
    assert (found.memory_bytes, found.cores) == (16384000 * 1024, 4)


def test_a_processor_without_avx2_is_told(tmp_path: Path) -> None:
    old = read_machine(system(tmp_path, proc__cpuinfo="flags : fpu sse2 avx\n"))
    assert (old.lacks_avx2, old.instructions) == (True, ("AVX",))
    arm = read_machine(system(tmp_path, proc__cpuinfo="Features\t: fp asimd asimddp i8mm\n"))
    assert (arm.lacks_avx2, arm.instructions) == (False, ("NEON", "DOTPROD", "I8MM"))


def test_an_affinity_may_have_holes(tmp_path: Path) -> None:
    assert read_machine(system(tmp_path, proc__self__status="Cpus_allowed_list:\t0-1,4,8-9\n")).cores == 5


def test_a_system_that_tells_nothing_fails_nowhere(tmp_path: Path) -> None:
    found = read_machine(tmp_path)
    assert (found.memory_bytes, found.available_bytes, found.instructions, found.lacks_avx2) == (0, 0, (), False)
    assert found.cores >= 1


def test_cards_of_nvidia_are_listed(tmp_path: Path) -> None:
    path = program(tmp_path, "nvidia-smi", "echo 'NVIDIA H100 80GB HBM3, 81559, 81000'; echo 'Tesla T4, 15360, 15000'")
    assert read_gpus(path) == (
        Gpu("NVIDIA H100 80GB HBM3", 81559 * MIB, 81000 * MIB),
        Gpu("Tesla T4", 15360 * MIB, 15000 * MIB),
    )


def test_cards_of_amd_are_listed(tmp_path: Path) -> None:
    path = program(tmp_path, "rocm-smi", f"echo '{ROCM}'")
    assert read_gpus(path) == (Gpu("Radeon RX 7900", 21458059264, 21400000000),)


@pytest.mark.parametrize("script", ["exit 9", "echo nonsense", "echo '[1]'", "echo '{\"card0\": 1}'", "echo 'a, b, c'"])
def test_a_tool_that_fails_lists_nothing(tmp_path: Path, script: str) -> None:
    for name in ("nvidia-smi", "rocm-smi"):
        path = program(tmp_path, name, script)
    assert read_gpus(path) == ()


def test_a_machine_without_cards_is_normal() -> None:
    assert read_gpus("/nowhere") == ()


def test_a_tool_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "TOOL_TIMEOUT_S", 0.2)
    began = time.monotonic()
    assert read_gpus(program(tmp_path, "nvidia-smi", "exec /bin/sleep 30")) == ()
    assert time.monotonic() - began < 10


async def test_the_memory_of_our_own_hosts_is_known(hosts: HostKeeper, engine: LocalEngine, sockets: Path) -> None:
    await engine.count_tokens("a")
    assert 5 * MIB < host_bytes(sockets) < 200 * MIB
    assert host_bytes(sockets / "elsewhere") == 0
