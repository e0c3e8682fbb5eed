# SPDX-License-Identifier: Apache-2.0
"""`plumb PID` tells the six kinds apart: each target grows in one way that is known, at a fixed rate.

A loaded machine may let a target rest for a look, and what rests does not grow at every look; so a
target is watched until something is seen, a few times at most.  What it is called is never tried
again.
"""

import re
import subprocess

import pytest

from support import extensions

# Steps at a fixed rate; what a step leaves behind is the leak.
LOOP = """
import time
print("ready", flush=True)
number = 0
while True:
    step(number)
    number += 1
    time.sleep(0.01)
"""


def watch(plumb, target, watches=3, seconds=4):
    for _ in range(watches):
        document = plumb(target.pid, "--for", f"{seconds}s", "--looks", 5, "--json", code=0).json
        if document["verdict"] != "none":
            break
    return document


def said_of(plumb, target, begin, watches=3):
    for _ in range(watches):
        said = plumb(target.pid, "--for", "3s", "--looks", 4, code=0).stdout
        if said.startswith(begin):
            break
    assert said.startswith(begin), said
    assert max(map(len, said.split("/target.py\n")[1].splitlines())) <= 80
    return said


def finding(document, kind):
    (found,) = [row for row in document["evidence"]["findings"] if row["verdict"] == kind]
    return found


FORGETFUL = """
import forgetful

class Order:
    __slots__ = ("text",)

def step(number):
    for _ in range(30):
        order = Order()
        order.text = "order %d" % number * 20
        forgetful.look_at(order)
"""


def test_a_reference_that_c_never_gives_back(python, plumb, tmp_path):
    built = extensions.build(python, "forgetful", tmp_path)
    with python.start(FORGETFUL + LOOP, beside=[built]) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "Python objects are lost: __main__.Order, +")
    assert document["verdict"] == "python-lost"
    (pile,) = document["evidence"]["lost"]
    assert (pile["type"], pile["cause"]) == ("__main__.Order", "refcount")
    assert pile["example_counted"] == pile["example_found"] + 1
    assert pile["objects"] >= pile["islands"] > 100
    assert pile["bytes"] > pile["islands"] * 100
    assert "C code takes references and never gives them back" in said
    assert said.splitlines()[-1].endswith(f"(plumb leaks {target.pid})")


# The same for a Python without headers.
BY_CTYPES = """
import ctypes
forget = ctypes.pythonapi.Py_IncRef
forget.argtypes = [ctypes.py_object]
forget.restype = None

class Order:
    __slots__ = ()

def step(number):
    for _ in range(30):
        forget(Order())
"""


def test_a_reference_that_is_never_given_back(python, plumb):
    with python.start(BY_CTYPES + LOOP) as target:
        document = watch(plumb, target)
    assert document["verdict"] == "python-lost"
    (pile,) = document["evidence"]["lost"]
    assert (pile["type"], pile["cause"]) == ("__main__.Order", "refcount")


HOLDER = """
import gc, holder

class Owner:
    __slots__ = ("holder",)

def step(number):
    for _ in range(30):
        owner = Owner()
        owner.holder = holder.Holder()
        owner.holder.hold(owner)
"""


def test_cycles_that_the_collector_cannot_see(python, plumb, tmp_path):
    built = extensions.build(python, "holder", tmp_path)
    with python.start(HOLDER + LOOP, beside=[built]) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "Python objects are lost: holder.Holder, +")
    assert document["verdict"] == "python-lost"
    (pile,) = document["evidence"]["lost"]
    assert (pile["type"], pile["cause"]) == ("holder.Holder", "cycle-without-gc")
    assert "in cycles that the collector cannot see" in said


CYCLES = """
import gc

class Node:
    __slots__ = ("me",)

def step(number):
    for _ in range(30):
        node = Node()
        node.me = node
"""


@pytest.mark.parametrize("how", ["gc.disable()", "gc.set_threshold(0)"])
def test_cycles_of_a_collector_that_is_off(python, plumb, how):
    with python.start(CYCLES + how + LOOP) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "Python objects are lost: __main__.Node, +")
    assert document["verdict"] == "python-lost"
    assert document["evidence"]["collector_off"] is True
    (pile,) = document["evidence"]["lost"]
    assert (pile["type"], pile["cause"]) == ("__main__.Node", "awaiting-collection")
    assert "in cycles, and the collector is off" in said


def test_cycles_of_a_collector_that_comes_by(python, plumb):
    with python.start(CYCLES + LOOP) as target:
        document = watch(plumb, target, watches=1)
    assert document["evidence"]["collector_off"] is False
    assert document["verdict"] == "none"


HOARDER = """
import hoarder

def step(number):
    for _ in range(20):
        hoarder.Buffer(100)
"""


def test_blocks_that_nothing_points_at(python, plumb, tmp_path):
    built = extensions.build(python, "hoarder", tmp_path)
    with python.start(HOARDER + LOOP, beside=[built]) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "C memory grows: blocks of 808 bytes, +")
    assert document["verdict"] == "native"
    pile = document["evidence"]["native"][0]
    assert (pile["owner"], pile["owner_name"]) == ("nobody", None)
    assert pile["size_class"] == 808
    assert pile["blocks"] * 800 <= pile["bytes"]
    assert "that nothing points at" in "\n".join(said.splitlines()[:2])


FORGOTTEN = """
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]

def step(number):
    ctypes.memset(libc.malloc(50000), 1, 50000)
"""


def test_large_blocks_that_nothing_points_at(python, plumb):
    with python.start(FORGOTTEN + LOOP) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "C memory grows: blocks of up to 64.0 KiB, +")
    assert document["verdict"] == "native"
    pile = document["evidence"]["native"][0]
    assert (pile["owner"], pile["owner_name"], pile["size_class"]) == ("nobody", None, 65536)
    assert said.splitlines()[-1].endswith(f"(plumb leaks {target.pid})")


KEPT_BUFFERS = """
import hoarder
kept = []

def step(number):
    kept.append(hoarder.Buffer(5000))
"""


def test_blocks_of_objects_that_pile_up_are_told_with_them(python, plumb, tmp_path):
    built = extensions.build(python, "hoarder", tmp_path)
    with python.start(KEPT_BUFFERS + LOOP, beside=[built]) as target:
        document = watch(plumb, target)
    assert document["verdict"] == "python-objects"
    assert [row["verdict"] for row in document["evidence"]["findings"]] == ["python-objects"]
    assert document["suspects"][0]["type"] == "hoarder.Buffer"
    assert document["suspects"][0]["path"] == "__main__.kept[*]"
    (pile,) = document["evidence"]["native"]
    assert (pile["verdict"], pile["owner"]) == ("python-objects", "type")
    assert pile["owner_name"] == "hoarder.Buffer"
    assert finding(document, "python-objects")["bytes"] > pile["bytes"] > 40000


CALLS_KEEPER = """
import ctypes
keeper = ctypes.CDLL(__file__.replace("target.py", "keeper.so"))

def step(number):
    keeper.step()
"""


def test_a_table_of_c_that_grows(python, plumb, tmp_path):
    built = extensions.build_library("keeper.c", tmp_path)
    with python.start(CALLS_KEEPER + LOOP, beside=[built]) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "C memory grows: blocks of up to 8.00 KiB, +")
    assert document["verdict"] == "native"
    pile = document["evidence"]["native"][0]
    assert pile["owner"] == "memory"
    assert "keeper.so" in pile["owner_name"]
    assert "held by keeper.so" in "\n".join(said.splitlines()[:2])


# Each block has the address of the one before, and the last is Python's to know. A stale word that
# leads into the middle holds all that is behind it, so holders change.
CHAIN = """
import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
anchor = ctypes.c_size_t()

def step(number):
    for _ in range(20):
        block = libc.malloc(5000)
        ctypes.memset(block, 1, 5000)
        ctypes.c_size_t.from_address(block).value = anchor.value
        anchor.value = block
"""


def test_a_list_of_c_that_grows(python, plumb):
    with python.start(CHAIN + LOOP) as target:
        document = watch(plumb, target)
        said_of(plumb, target, "C memory grows: blocks of ")
    assert document["verdict"] == "native"


# Ever larger requests are freed at once, and malloc is told to keep what is free. Only the end of each
# is written to, for the rest is there. In C, so that a look hardly ever finds it in use.
PEAK = """
#include <stdlib.h>
#include <string.h>
enum { LARGEST = 16 << 20, END = 65536, MOST = 4096 };
static char *blocks[MOST];
void peak(size_t left)
{
	size_t count = 0, size = 0;
	for (; left && count < MOST; left -= size) {
		size = left < LARGEST ? left : LARGEST;
		blocks[count++] = malloc(size);
	}
	memset(blocks[count - 1] + size - END, 1, END);
	while (count)
		free(blocks[--count]);
}
"""

PEAKS = """
import ctypes
library = ctypes.CDLL(__file__.rpartition("/")[0] + "/peak.so")
library.peak.argtypes = [ctypes.c_size_t]

def step(number):
    library.peak((number + 1) << 16)
"""

# Until 2.34 glibc refuses a larger threshold for mappings than 32 MiB.
KEEPS_FREE = {"MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


def test_memory_that_malloc_keeps(python, plumb, tmp_path):
    library = tmp_path / "peak.so"
    command = ["gcc", "-O1", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=PEAK, text=True, check=True)
    with python.start(PEAKS + LOOP, beside=[library], env=KEEPS_FREE) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "freed memory is kept, +")
    assert document["verdict"] == "allocator"
    found = finding(document, "allocator")
    assert found["group"] == "malloc-free"
    assert found["bytes"] >= 4 << 20
    assert document["evidence"]["native"] == document["evidence"]["lost"] == []
    assert "by glibc's malloc" in "\n".join(said.splitlines()[:2])
    assert said.splitlines()[-1].endswith(f"(plumb rss {target.pid})")


FILE = """
import mmap, tempfile
file = tempfile.TemporaryFile()
file.truncate(1 << 30)
mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

def step(number):
    sum(mapping[number * 16 * 4096 : (number + 1) * 16 * 4096 : 4096])
"""

SHARED = """
import mmap
mapping = mmap.mmap(-1, 1 << 30)

def step(number):
    for page in range(number * 16, (number + 1) * 16):
        mapping[page * 4096] = 1
"""


@pytest.mark.parametrize("code, group, words", [
    (FILE, "files", "mapped files"),
    (SHARED, "shared", "shared memory"),
])
def test_other_memory(python, plumb, code, group, words):
    with python.start(code + LOOP) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, f"other memory grows: {words}, +")
    assert document["verdict"] == "other"
    assert finding(document, "other")["group"] == group
    assert said.splitlines()[-1].endswith(f"(plumb rss {target.pid})")


TWO = FORGETFUL + """
lose = step
kept = []

def step(number):
    lose(number)
    kept.append("kept %d" % number * 3000)
"""


def test_the_larger_of_two_comes_first(python, plumb, tmp_path):
    built = extensions.build(python, "forgetful", tmp_path)
    with python.start(TWO + LOOP, beside=[built]) as target:
        document = watch(plumb, target)
        said = said_of(plumb, target, "Python objects pile up: str, +")
    assert document["verdict"] == "python-objects"
    found = document["evidence"]["findings"]
    assert [row["verdict"] for row in found] == ["python-objects", "python-lost"]
    assert found[0]["bytes"] > found[1]["bytes"] > 0
    assert re.search(r"^and besides: Python objects are lost: __main__.Order", said, re.MULTILINE)


def test_groups_add_up_to_the_rss(python, plumb, start):
    target = start(python, CYCLES + LOOP)
    document = plumb(target.pid, "--for", "1s", "--looks", 3, "--json", code=0).json
    groups = document["evidence"]["groups"]
    for when in "first", "last":
        assert sum(group[when] for group in groups) == document["rss"][when]
