# SPDX-License-Identifier: Apache-2.0
"""`plumb leaks` names what nothing reaches, with its cause and exactly as often as it is there.

Each target loses known numbers of objects of classes of its own. What else is lost, in
the interpreter itself, is test_a_healthy_program_has_lost_nothing's business.
"""

import ast
import re
import time
from pathlib import Path

import pytest

import plumb_reader
from support import extensions, service
from support.processes import ANSWER_LOOP

# Stays in a call that holds no object but the ints of its arguments.
REST = """
import os as _os
_os.write(1, b"ready\\n")
_os.read(0, 1)
"""

# Lists of free objects that were cleared keep their addresses until they are used again, so what
# comes to lie there would be held by chance (until 3.13, see src/runtime/py_free_lists.h).
FRESH = """
import gc
gc.collect()
gc.disable()
for _make in (list, dict, set, lambda: [{}.keys()], lambda: (_make,)):
    _spare = [_make() for _ in range(200)]
    del _spare
"""

CYCLES = FRESH + """

class Node:
    __slots__ = ("other",)

class Loop(list):
    __slots__ = ()

def lose():
    for _ in range(3000):
        one, other = Node(), Node()
        one.other, other.other = other, one
    for _ in range(3000):
        loop = Loop()
        loop.append(loop)

class Held:
    __slots__ = ("me",)

held = [Held() for _ in range(50)]
for one in held:
    one.me = one

lose()
"""

# Of each kind of object that cycles go through, in each state that it has.
MANY_CYCLES = Path(__file__).parent / "leaks" / "cycles.py"

LOST = """
import ctypes
forget = ctypes.pythonapi.Py_IncRef
forget.argtypes = [ctypes.py_object]
forget.restype = None

class Order:
    __slots__ = ("line", "me")

class Line:
    __slots__ = ()

class Shared:
    __slots__ = ()

def lose():
    for number in range(3000):
        order = Order()
        order.line = Line()
        order.me = order if number % 2 else None
        forget(order)

kept = [Shared() for _ in range(40)]
for shared in kept:
    forget(shared)  # it is counted too high, and reached

lose()
"""

GARBAGE = """
import gc

class Old:
    __slots__ = ("me",)

def lose():
    for _ in range(250):
        old = Old()
        old.me = old

gc.collect()
gc.set_debug(gc.DEBUG_SAVEALL)
lose()
gc.collect()
gc.disable()
"""


def islands(document, module="__main__"):
    """{(type, cause): (islands, objects)} of the program's own classes, without their module."""
    return {
        (row["type"][len(module) + 1 :], row["cause"]): (row["islands"], row["objects"])
        for row in document["islands"]
        if row["type"].startswith(module + ".")
    }


def assert_islands(plumb, target, expected, module="__main__", live=None):
    """Exactly these by Python's own roots, as a snapshot has them. With those of C some are less: an
    address that somebody left in memory that C has not written to since (a stack, a buffer) is
    taken for one of what lies there now, as valgrind takes it. The fewer objects there are in
    all, the larger the part of them."""
    kept = leaks_of_snapshot(plumb, target.pid, target.folder / "it.plumb")
    assert kept["native"] is None
    assert islands(kept, module) == expected
    assert_nearly(live or plumb("leaks", target.pid, "--json", code=0).json, expected, module)


def assert_nearly(document, expected, module="__main__"):
    found = islands(document, module)
    assert set(found) == set(expected)
    for key, (heads, objects) in expected.items():
        assert heads / 3 <= found[key][0] <= heads, found
        assert objects / 3 <= found[key][1] <= objects, found


def row_of(document, type_name):
    (row,) = [row for row in document["islands"] if row["type"] == type_name]
    return row


def test_cycles_wait_for_the_collector(python, plumb):
    with python.start(CYCLES + REST) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, code=0).stdout
        expected = {
            ("Node", "awaiting-collection"): (3000, 6000),
            ("Loop", "awaiting-collection"): (3000, 3000),
        }
        assert_islands(plumb, target, expected, live=document)
    (cause,) = [row for row in document["causes"] if row["cause"] == "awaiting-collection"]
    assert cause["islands"] >= 3000 and cause["objects"] >= 6000
    first = text.splitlines()[0]
    assert "wait for the collector" in first
    below = text.split("/target.py\n")[1]
    assert [line for line in below.splitlines() if len(line) > 80] == []


COLLECTOR = (
    CYCLES.replace("lose()\n", "")
    + """
import sys
gc.freeze()
gc.set_threshold(1234, 7, 9)
gc.collect(1)
for _ in range(3):
    gc.collect(0)
lose()
if "on" in sys.argv:
    gc.set_threshold(123456, 7, 9)
    gc.enable()
"""
    + ANSWER_LOOP
)


def assert_collector(collector, target):
    """What gc says; the youngest generation counts what the question itself makes, too."""
    assert collector["is_enabled"] == (target.ask("gc.isenabled()") == "True")
    assert collector["frozen"] == int(target.ask("gc.get_freeze_count()"))
    assert tuple(collector["thresholds"]) == ast.literal_eval(target.ask("gc.get_threshold()"))
    counts = ast.literal_eval(target.ask("gc.get_count()"))
    assert counts[0] > 6000 and counts[1:] == (3, 1)
    assert collector["counts"] == [pytest.approx(counts[0], abs=100), 3, 1]


def test_what_the_collector_is_like_is_said(python, plumb, tmp_path):
    with python.start(COLLECTOR) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, code=0).stdout
        file = tmp_path / "it.plumb"
        assert_collector(document["collector"], target)
        assert_collector(leaks_of_snapshot(plumb, target.pid, file)["collector"], target)
    facts = plumb_reader.read(file.read_bytes()).facts
    assert facts["collector"] == "no" and facts["collector_thresholds"] == "1234 7 9"
    assert document["collector"]["is_enabled"] is False
    assert document["collector"]["frozen"] > 1000
    assert "wait for the collector, which is off (gc.disable())" in text.splitlines()[0]
    assert "the collector is off (gc.disable())" in text.split("\nawaiting-collection, ")[1]
    assert re.search(r"  [\d,]+ objects are frozen \(gc.freeze\(\)\)", text)


def test_a_collector_that_is_on_is_told_by_its_figures(python, plumb):
    with python.start(COLLECTOR, ["on"]) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, code=0).stdout
        assert_collector(document["collector"], target)
    assert document["collector"]["is_enabled"] is True
    assert "which is off" not in text
    assert re.search(r"the collector is on; its counts are \d+, 3, 1 \(gc.get_count", text)
    assert "its thresholds 123456, 7, 9 (gc.get_threshold())" in text


def test_a_threshold_of_nothing_is_a_collector_that_is_off(python, plumb):
    code = CYCLES.replace("gc.disable()", "gc.set_threshold(0)")
    with python.start(code + REST) as target:
        text = plumb("leaks", target.pid, code=0).stdout
    assert "wait for the collector, which is off (gc.set_threshold(0))" in text.splitlines()[0]


def test_a_reference_that_is_never_given_back(python, plumb):
    with python.start(LOST + REST) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, code=0).stdout
        assert plumb("leaks", target.pid, "--fail").code == 1
        row = row_of(document, "__main__.Order")
        shown = plumb("show", target.pid, row["example"], code=0).stdout
        assert_islands(plumb, target, {("Order", "refcount"): (3000, 6000)}, live=document)
    assert row["example_counted"] - row["example_found"] == 1
    assert document["leaking"] is True
    first = text.splitlines()[0]
    assert re.search(r"\d+ __main__.Order whose reference counts are too high", first)
    assert "Order at 0x" in shown


def test_gc_garbage_is_a_cause_of_its_own(python, plumb):
    with python.start(GARBAGE + REST) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
    assert islands(document) == {("Old", "gc.garbage"): (250, 250)}


HOLDER = """
import gc, holder
gc.collect()

class Owner:
    __slots__ = ("holder",)

def lose():
    for _ in range(3000):
        owner = Owner()
        owner.holder = holder.Holder()
        owner.holder.hold(owner)

def hold():
    for _ in range(20):
        one = holder.Holder()
        one.hold(Owner())  # no cycle: freed
    return [holder.Holder() for _ in range(30)]

held = hold()
lose()
gc.collect()
gc.disable()
"""


def test_a_cycle_through_a_class_without_traverse(python, plumb, tmp_path):
    built = extensions.build(python, "holder", tmp_path)
    with python.start(HOLDER + REST, beside=[built]) as target:
        assert plumb("leaks", target.pid, "--fail").code == 1
        assert_islands(
            plumb, target, {("Holder", "cycle-without-gc"): (3000, 6000)}, module="holder"
        )
        assert_islands(plumb, target, {})


FORGETFUL = """
import forgetful

class Item:
    __slots__ = ()

def lose():
    for _ in range(3000):
        forgetful.look_at(Item())

lose()
"""


def test_an_extension_that_forgets_a_reference(python, plumb, tmp_path):
    built = extensions.build(python, "forgetful", tmp_path)
    with python.start(FORGETFUL + REST, beside=[built]) as target:
        assert_islands(plumb, target, {("Item", "refcount"): (3000, 3000)})


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15")
def test_core_and_snapshot_say_the_same(python, plumb, tmp_path):
    with python.start(LOST + CYCLES + REST) as target:
        live = plumb("leaks", target.pid, "--json", code=0).json
        plumb("snap", target.pid, "-o", tmp_path / "it.plumb", code=0)
        plumb("core", target.pid, "-o", tmp_path / "core", code=0)
    expected = {
        ("Order", "refcount"): (3000, 6000),
        ("Node", "awaiting-collection"): (3000, 6000),
        ("Loop", "awaiting-collection"): (3000, 3000),
    }
    assert_nearly(live, expected)
    snapshot = plumb("leaks", tmp_path / "it.plumb", "--json", code=0).json
    assert islands(snapshot) == expected
    assert snapshot["native"] is None
    core = plumb(
        "leaks", tmp_path / "core", "--sysroot", python.root or "/", "--json", code=0
    ).json
    assert_nearly(core, expected)
    text = plumb("leaks", tmp_path / "it.plumb", code=0).stdout
    assert "are not known here" in text


def test_whatever_the_collector_frees_is_only_waiting(python, plumb, tmp_path):
    """What it does not free is lost before it runs and after it, and nothing else is."""
    rounds = 20
    with python.start(MANY_CYCLES, args=[str(rounds)]) as target:
        target.wait_for_rest()
        live = plumb("leaks", target.pid, "--json", code=0).json
        before = leaks_of_snapshot(plumb, target.pid, tmp_path / "before.plumb")
        freed = int(target.ask("collect"))
        target.wait_for_rest()
        after = leaks_of_snapshot(plumb, target.pid, tmp_path / "after.plumb")
    waiting = objects_of(before, "awaiting-collection")
    assert waiting >= freed > 100 * rounds
    assert objects_of(live, "awaiting-collection") >= freed / 3
    assert objects_of(after, "awaiting-collection") == 0
    for cause in "refcount", "cycle-without-gc":
        assert objects_of(before, cause) == objects_of(after, cause)
    assert before["dying"]["objects"] == after["dying"]["objects"] == 0


def leaks_of_snapshot(plumb, pid, file):
    plumb("snap", pid, "-o", file, code=0)
    return plumb("leaks", file, "--json", code=0).json


def objects_of(document, cause):
    return sum(row["objects"] for row in document["islands"] if row["cause"] == cause)


HEALTHY = """
import asyncio, concurrent.futures, ctypes, dataclasses, datetime, decimal, email, http.client
import json, logging, multiprocessing, sqlite3, ssl, sys, threading, xml.etree.ElementTree

@dataclasses.dataclass
class Point:
    x: int

points = [Point(number) for number in range(10)]
connection = sqlite3.connect(":memory:")
connection.execute("create table points (x)")
cursor = connection.execute("select * from points")
context = ssl.create_default_context()

async def rest():
    await asyncio.sleep(0.001)

asyncio.run(rest())
executor = concurrent.futures.ThreadPoolExecutor(2)
executor.submit(len, []).result()
print("ready", flush=True)
for line in sys.stdin:
    print(eval(line), flush=True)
"""


def assert_nothing_is_lost(plumb, python, pid):
    document = plumb("leaks", pid, "--json", code=0).json
    lost = [
        row
        for row in document["islands"]
        if row["cause"] not in ("awaiting-collection", "gc.garbage")
    ]
    # 3.8 never gives back the reference to _warnings that it has from its start
    # (_PyWarnings_Init in Python/pylifecycle.c).
    if python.minor == (3, 8):
        (module,) = lost
        assert "_warnings" in plumb("show", pid, module["example"], code=0).stdout
        lost = []
    assert lost == []
    definite = [row for row in document["native"] if row["kind"] == "definite"]
    assert definite == []


def test_a_healthy_program_has_lost_nothing(python, plumb):
    with python.start(HEALTHY) as target:
        target.wait_for_rest()
        assert_nothing_is_lost(plumb, python, target.pid)


@pytest.mark.pythons("3.8", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15", newest=True)
def test_a_service_under_load_has_lost_nothing(python, plumb):
    with service.start(python, "none") as shop:
        with shop.load("--connections", 4):
            time.sleep(2)
        assert_nothing_is_lost(plumb, python, shop.pid)


HOARDER = """
import hoarder

def lose(count, size):
    for _ in range(count):
        hoarder.Buffer(size)

kept = [hoarder.Buffer(500) for _ in range(40)]
lose(1000, 100)
lose(100, 3000)
"""


def test_arrays_that_a_class_of_c_forgets(python, plumb, tmp_path):
    built = extensions.build(python, "hoarder", tmp_path)
    with python.start(HOARDER + REST, beside=[built]) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, code=0).stdout
        assert plumb("leaks", target.pid, "--fail").code == 1
    numbers = "array of doubles"
    assert sorts(document) == {
        (808, numbers, None): pytest.approx(1000, abs=20),
        (32768, numbers, None): pytest.approx(100, abs=5),
    }
    first = text.splitlines()[0]
    assert "of malloc that nothing points at, most of it arrays of doubles" in first


def sorts(document):
    """{(size class, what it looks like, module): how many} of what is definitely lost, but for what
    is cut from holes that were there before: of other sizes, or held by what was left elsewhere."""
    return {
        (row["size_class"], row["looks_like"], row["module"]): row["blocks"]
        for row in document["native"]
        if row["kind"] == "definite" and row["blocks"] > 90
    }


LOSING = """
import ctypes, os, sys
library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), sys.argv[1]))
for name in sys.argv[2:]:
    getattr(library, "lose_" + name)(3000)
"""


def lose(python, plumb, built, *names):
    """What plumb leaks says, as JSON and as text, of a process in which a library lost things."""
    with python.start(LOSING + REST, [built.name, *names], beside=[built]) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, "--top", "20", code=0).stdout
    return document, text


def test_lost_blocks_are_told_by_their_looks(python, plumb, tmp_path):
    built = extensions.build_library("losing.c", tmp_path)
    names = ("text", "wide", "pointers", "entries", "ints", "zeros", "noise")
    document, text = lose(python, plumb, built, *names)
    many = pytest.approx(3000, abs=100)
    assert sorts(document) == {
        (72, "text", None): many,
        (120, "wide text", None): many,
        (200, "array of pointers", None): many,
        (136, "data", "losing.so"): many,
        (408, "array of 32-bit integers", None): many,
        (600, "zeros", None): many,
        (248, "data", None): many,
    }
    previews = {
        row["looks_like"]: row["preview"] for row in document["native"] if row["blocks"] > 2000
    }
    assert previews["text"].startswith('"GET /items?page=')
    assert re.fullmatch(r'"wide line of text 1\d{7}"', previews["wide text"])
    assert previews["data"] is None and previews["array of pointers"] is None
    table = text[text.index("size up to") :]
    assert re.search(r' text "GET /items\?page=.*\.\.\.$', table, re.M)
    assert re.search(r" data \(losing\.so\)$", table, re.M)
    assert [line for line in table.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-s"],
        ["-fno-rtti"],  # then the class has a symbol, and no type information
        ["-fno-rtti", "-s"],
        ["-fno-rtti", "-fvisibility=hidden"],
    ],
    ids=" ".join,
)
def test_a_lost_object_of_cxx_is_told_by_its_class(python, plumb, tmp_path, options):
    if python.is_entered:
        pytest.skip("no libstdc++ in a root of its own")
    built = extensions.build_library("engine.cc", tmp_path, *options)
    document, text = lose(python, plumb, built, "sessions", "boxes")
    many = pytest.approx(3000, abs=100)
    named = {
        (88, "C++ object of class app::Session", "engine.so"): many,
        (152, "C++ object of class app::Box<int, app::Session>", "engine.so"): many,
    }
    assert sorts(document) == named
    assert "C++ objects of class app::Box<int, app::Session> (engine.so)" in text.splitlines()[0]


def test_a_class_without_any_name_is_told_by_its_module(python, plumb, tmp_path):
    if python.is_entered:
        pytest.skip("no libstdc++ in a root of its own")
    options = ["-fno-rtti", "-fvisibility=hidden", "-s"]
    built = extensions.build_library("engine.cc", tmp_path, *options)
    document, text = lose(python, plumb, built, "sessions")
    assert sorts(document) == {(88, "data", "engine.so"): pytest.approx(3000, abs=100)}
    assert "most of it data with pointers into engine.so" in text.splitlines()[0]


NUMBERS = """
import ctypes, hoarder
forget = ctypes.pythonapi.Py_IncRef
forget.argtypes = [ctypes.py_object]
forget.restype = None

class Mark:
    pass

def write(address, *words):
    for place, word in enumerate(words):
        ctypes.c_uint64.from_address(address + 8 * place).value = word

def lose():
    for number in range(1000):
        buffer = hoarder.Buffer(100)
        where = ctypes.c_uint64.from_address(id(buffer) + object.__basicsize__)
        middle = where.value + (72 if number % 2 else 64)
        write(middle - 32, 0, 0, 33, 500, 8, id(Mark))
        where.value = middle
        forget(buffer)

lose()
"""


def test_numbers_beside_an_address_of_a_class_are_no_object(python, plumb, tmp_path):
    """A numpy array points into the middle of a block, at a number, behind which there may be
    what was left in the block."""
    built = extensions.build(python, "hoarder", tmp_path)
    with python.start(NUMBERS + REST, beside=[built]) as target:
        expected = {("Buffer", "refcount"): (1000, 1000)}
        assert_nearly(
            plumb("leaks", target.pid, "--json", code=0).json, expected, module="hoarder"
        )
        assert islands(plumb("leaks", target.pid, "--json", code=0).json) == {}


NAMES = """
class Box:
    __slots__ = ()

box = Box()
for number in range(600):
    getattr(box, "name%d" % number, None)
"""


def test_the_cache_of_types_owns_its_names(python, plumb):
    """Each look-up leaves a string in the cache that nothing else holds."""
    with python.start(NAMES + REST) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
    lost = [row["objects"] for row in document["islands"] if row["type"] == "str"]
    assert sum(lost) < 20


def test_usage(plumb):
    assert "cycle-without-gc" in plumb("leaks", "--help", code=0).stdout
    assert "takes one process id" in plumb("leaks", code=2).stderr
    assert plumb("leaks", "1", "2", code=2).stdout == ""
    assert "--fail" in plumb("heap", "1", "--fail", code=2).stderr
