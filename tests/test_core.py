# SPDX-License-Identifier: Apache-2.0
"""Core files: a dead process gives the answers that it gave alive.

Every core here is one that a kernel or gdb wrote of a real Python, but for
those that no Python leaves (of other machines, of no program at all).
"""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from oracle import session
from support import cores, processes

ORACLE = Path(session.__file__).parent
# One of everything, see tests/oracle; it blocks in a read.
ZOO = cores.LEAVES_CORE + "import oracle_program\noracle_program.main()\n"
BESIDE = [ORACLE / "oracle_program.py", *session.BESIDE]

SELECTORS = ["zoo.instances.Plain", "dict", "function", "frame", "_io.TextIOWrapper"]


@contextlib.contextmanager
def one_processor():
    """Of objects that are alike, a single worker always takes the same one for an example."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def answers(plumb, target, *options):
    """What plumb says, without what tells one target from another."""
    with one_processor():
        found = {"heap": plumb("heap", target, "--json", *options, code=0).json}
        for selector in SELECTORS:
            found[selector] = plumb("why", target, selector, "--json", *options, code=0).json
    for document in found.values():
        for key in ("target", "pause", "pause_ms"):
            document.pop(key)
    return found


def differences(left, right):
    """The keys of what differs, for a message that can be read."""
    for name in left:
        for key in left[name]:
            if left[name][key] != right[name][key]:
                yield f"{name}: {key}"


@pytest.mark.slow
def test_a_core_gives_the_answers_of_the_living_process(python, plumb, tmp_path):
    cores.need_kernel_cores()
    sysroot = ["--sysroot", python.root] if python.root else []
    with processes.start(python, ZOO, beside=BESIDE, timeout=180) as target:
        live = answers(plumb, target.pid)
        by_gdb = answers(plumb, cores.gdb_core(target, tmp_path / "by-gdb"), *sysroot)
        assert not list(differences(live, by_gdb))
        core = cores.kernel_core(target, signal.SIGABRT, tmp_path / "core")
    by_kernel = answers(plumb, core, *sysroot)
    assert not list(differences(live, by_kernel))
