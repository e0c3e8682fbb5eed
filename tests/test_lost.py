# SPDX-License-Identifier: Apache-2.0
"""`plumb leaks` names what nothing reaches, with its cause and exactly as often as it is there.

Each target loses known numbers of objects of classes of its own. What else is lost, in
the interpreter itself, is test_a_healthy_program_has_lost_nothing's business.
"""

from pathlib import Path

import pytest

from support import extensions

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
    for _ in range(1000):
        one, other = Node(), Node()
        one.other, other.other = other, one
    for _ in range(300):
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
    for number in range(500):
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


def row_of(document, type_name):
    (row,) = [row for row in document["islands"] if row["type"] == type_name]
    return row


def test_cycles_wait_for_the_collector(python, plumb):
    with python.start(CYCLES + REST) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, code=0).stdout
    assert islands(document) == {
        ("Node", "awaiting-collection"): (1000, 2000),
        ("Loop", "awaiting-collection"): (300, 300),
    }
    (cause,) = [row for row in document["causes"] if row["cause"] == "awaiting-collection"]
    assert cause["islands"] >= 1300 and cause["objects"] >= 2300
    first = text.splitlines()[0]
    assert "wait for the collector" in first
    below = text.split("/target.py\n")[1]
    assert [line for line in below.splitlines() if len(line) > 80] == []


def test_a_reference_that_is_never_given_back(python, plumb):
    with python.start(LOST + REST) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
        text = plumb("leaks", target.pid, code=0).stdout
        assert plumb("leaks", target.pid, "--fail").code == 1
        row = row_of(document, "__main__.Order")
        shown = plumb("show", target.pid, row["example"], code=0).stdout
    assert islands(document) == {("Order", "refcount"): (500, 1000)}
    assert row["example_counted"] - row["example_found"] == 1
    assert document["leaking"] is True
    first = text.splitlines()[0]
    assert "500 __main__.Order whose reference counts are too high" in first
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
    for _ in range(200):
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
        document = plumb("leaks", target.pid, "--json", code=0).json
        assert plumb("leaks", target.pid, "--fail").code == 1
    assert islands(document, "holder") == {("Holder", "cycle-without-gc"): (200, 400)}
    assert islands(document) == {}


FORGETFUL = """
import forgetful

class Item:
    __slots__ = ()

def lose():
    for _ in range(120):
        forgetful.look_at(Item())

lose()
"""


def test_an_extension_that_forgets_a_reference(python, plumb, tmp_path):
    built = extensions.build(python, "forgetful", tmp_path)
    with python.start(FORGETFUL + REST, beside=[built]) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
    assert islands(document) == {("Item", "refcount"): (120, 120)}


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15")
def test_core_and_snapshot_say_the_same(python, plumb, tmp_path):
    with python.start(LOST + CYCLES + REST) as target:
        live = plumb("leaks", target.pid, "--json", code=0).json
        plumb("snap", target.pid, "-o", tmp_path / "it.plumb", code=0)
        plumb("core", target.pid, "-o", tmp_path / "core", code=0)
    expected = {
        ("Order", "refcount"): (500, 1000),
        ("Node", "awaiting-collection"): (1000, 2000),
        ("Loop", "awaiting-collection"): (300, 300),
    }
    assert islands(live) == expected
    snapshot = plumb("leaks", tmp_path / "it.plumb", "--json", code=0).json
    assert islands(snapshot) == expected
    assert snapshot["native"] is None
    core = plumb(
        "leaks", tmp_path / "core", "--sysroot", python.root or "/", "--json", code=0
    ).json
    assert islands(core) == expected
    text = plumb("leaks", tmp_path / "it.plumb", code=0).stdout
    assert "are not known here" in text


def test_whatever_the_collector_frees_is_only_waiting(python, plumb):
    """What it does not free is lost before it runs and after it, and nothing else is."""
    rounds = 20
    with python.start(MANY_CYCLES, args=[str(rounds)]) as target:
        target.wait_for_rest()
        before = plumb("leaks", target.pid, "--json", code=0).json
        freed = int(target.ask("collect"))
        target.wait_for_rest()
        after = plumb("leaks", target.pid, "--json", code=0).json
    waiting = objects_of(before, "awaiting-collection")
    assert waiting >= freed > 100 * rounds
    assert objects_of(after, "awaiting-collection") == 0
    for cause in "refcount", "cycle-without-gc":
        assert objects_of(before, cause) == objects_of(after, cause)
    assert before["dying"]["objects"] == after["dying"]["objects"] == 0


def objects_of(document, cause):
    return sum(row["objects"] for row in document["islands"] if row["cause"] == cause)


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
