# SPDX-License-Identifier: Apache-2.0
"""Core files of targets: the kernel's, gdb's, packed ones and cut ones.

A program that is to leave a kernel core begins with `LEAVES_CORE`: the core
goes to its own folder then, whatever the limits of this machine are.
"""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

# A relative core_pattern is relative to the working directory of the process.
LEAVES_CORE = """
import os as _os, resource as _resource
_os.chdir(_os.path.dirname(_os.path.abspath(__file__)))
_limit = _resource.getrlimit(_resource.RLIMIT_CORE)[1]
_resource.setrlimit(_resource.RLIMIT_CORE, (_limit, _limit))
"""

PACKERS = {"gzip": ".gz", "zstd": ".zst", "lz4": ".lz4"}


def need_kernel_cores():
    """Skips the test where the kernel gives cores to somebody else."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if not pattern or pattern[0] in "|/@":
        pytest.skip(f"the kernel's cores go elsewhere here (core_pattern is {pattern!r})")


def need(tool):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")


def is_core(path):
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        head = file.read(18)
    return head[:4] == b"\x7fELF" and head[16:18] == b"\x04\x00"


def wait_for_end(target, timeout=60):
    target.process.wait(timeout)


def collect_core(target, keep):
    """The core that the kernel left of a target that has died, moved to `keep`."""
    wait_for_end(target)
    deadline = time.monotonic() + 10
    while not (found := [path for path in target.folder.iterdir() if is_core(path)]):
        assert time.monotonic() < deadline, f"{target.pid} left no core in {target.folder}"
        time.sleep(0.05)
    assert len(found) == 1, found
    return Path(shutil.move(found[0], keep))


def kernel_core(target, signal, keep):
    """Ends the target with a signal and returns the core that the kernel left."""
    target.process.send_signal(signal)
    return collect_core(target, keep)


def gdb_core(target, path, *commands):
    """A core of a process that goes on; (its path, is all memory in it?).

    Where glibc guards the stacks of threads by MADV_GUARD_INSTALL (2.42 and
    later), gdb meets pages that cannot be read in the middle of a mapping, and
    writes zeros for all of it; it says so.
    """
    need("gdb")
    command = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off"]
    command += ["-iex", "set auto-load safe-path /", "-p", str(target.pid)]
    for line in (*commands, f"generate-core-file {path}"):
        command += ["-ex", line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert is_core(path), done.stdout + done.stderr
    return path, "Memory read failed for corefile section" not in done.stdout + done.stderr


def packed(path, packer):
    """A compressed copy, whose name does not tell."""
    need(packer)
    to = path.with_name(f"{path.name}-{packer}")
    with open(path, "rb") as source, open(to, "wb") as output:
        subprocess.run([packer, "-c", "-1"], stdin=source, stdout=output, check=True)
    return to


def cut(path, size, name="cut"):
    """A copy of the first `size` bytes."""
    to = path.with_name(f"{path.name}-{name}")
    with open(path, "rb") as source, open(to, "wb") as output:
        output.write(source.read(size))
    return to
