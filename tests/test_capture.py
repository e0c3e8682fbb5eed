# SPDX-License-Identifier: Apache-2.0
"""What a capture counts, against what the allocator of the process counts.

`capture_tool` also holds every snapshot against its invariants, so each run
here is a check of the whole graph.
"""

import json
import os
import re
import subprocess

import pytest

from support.program import Plumb

PROGRAM = r"""
import asyncio, collections, decimal, email, gc, http.client, json, logging, os, sys, unittest

class Order:
    def __init__(self, number):
        self.number = number
        self.lines = [number * 1000 + k for k in range(20)]
        self.note = {"text": "order %d" % number, number: ("a", number)}

orders = {n: Order(n) for n in range(5000)}
large = [b"x" * 3000, "y" * 5000, list(range(5000)), 1 << 20000]
gc.collect()
gc.disable()
sys.stdout.write("ready\n")
sys.stdout.flush()
for line in iter(lambda: os.read(0, 100), b""):
    sys._debugmallocstats()
    os.write(1, b"told\n")
"""

# Between telling and being captured the program returns from a call and reads.
WORDS_OF_THE_QUESTION = 1024


def tool():
    return os.path.join(os.path.dirname(Plumb().path), "tests/tools/capture_tool")


def capture(pid, *arguments):
    done = subprocess.run(
        [tool(), str(pid), *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told_in_use(target):
    """Bytes in use, as sys._debugmallocstats says on stderr. Until it reads again, the program is
    between two instructions, and what it frees may be torn."""
    target.ask("tell")
    target.wait_for_rest()
    told = re.search(r"# bytes in allocated blocks\s+=\s+([\d,]+)", target.stderr())
    return int(told[1].replace(",", "")) if told else 0


def test_every_used_block_is_counted_and_nothing_is_torn(python):
    with python.start(PROGRAM) as target:
        in_use = told_in_use(target)
        counted = capture(target.pid, "edges")
    assert abs(counted["pool_in_use"] - in_use) <= WORDS_OF_THE_QUESTION
    assert counted["pool_objects"] + counted["pool_not_objects"] == counted["pool_in_use"]
    assert counted["pool_not_objects"] < in_use / 4
    assert counted["torn"] == counted["faults"] == 0
    assert counted["python"] == ".".join(map(str, python.version))


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15")
def test_a_copy_and_the_running_process_count_as_the_fork_picture(python):
    with python.start(PROGRAM) as target:
        told_in_use(target)
        forked = capture(target.pid, "fork", "edges")
        others = [capture(target.pid, mode, "edges") for mode in ("copy", "none")]
    for other in others:
        assert {k: v for k, v in other.items() if k != "pause_ms"} == {
            k: v for k, v in forked.items() if k != "pause_ms"
        }
    assert others[1]["pause_ms"] == 0


def test_the_debug_allocator_hides_no_object(python):
    with python.start(PROGRAM) as target:
        plain = capture(target.pid, "edges")
    with python.start(PROGRAM, env={"PYTHONMALLOC": "debug"}) as target:
        in_use = told_in_use(target)
        counted = capture(target.pid, "edges")
    assert abs(counted["pool_in_use"] - in_use) <= WORDS_OF_THE_QUESTION
    assert counted["torn"] == counted["faults"] == 0
    assert abs(counted["objects"] - plain["objects"]) < plain["objects"] / 100


def test_without_pymalloc_objects_are_found_by_lists_and_references(python):
    with python.start(PROGRAM) as target:
        plain = capture(target.pid, "edges")
    with python.start(PROGRAM, env={"PYTHONMALLOC": "malloc"}) as target:
        told_in_use(target)
        counted = capture(target.pid, "edges")
    assert counted["pool_blocks"] == 0
    assert counted["torn"] == counted["faults"] == 0
    # What nothing but C memory refers to is in no list and has no reference to it.
    assert plain["objects"] * 0.97 < counted["objects"] < plain["objects"] * 1.01


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15")
def test_a_process_that_works_is_captured_at_a_good_moment(python):
    program = PROGRAM.replace(
        "sys.stdout.write",
        "import threading; gc.enable()\n"
        "def churn():\n"
        "    while True: orders[1] = Order(1); [[] for _ in range(2000)]\n"
        "threading.Thread(target=churn, daemon=True).start()\n"
        "sys.stdout.write",
    )
    with python.start(program) as target:
        for _ in range(5):
            counted = capture(target.pid, "edges")
            assert counted["objects"] > 100000
            assert counted["settled"] == 1
            # A frame that runs may hold a value that is being made or freed.
            assert counted["torn"] + counted["faults"] <= 20
