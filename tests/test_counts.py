# SPDX-License-Identifier: Apache-2.0
"""`plumb heap` counts each object once, and nothing that is none.

The target makes and drops known numbers of objects on command, without an object more. What it
dropped, CPython keeps for later in part, on lists of free objects: their memory is in use, and looks
much like an object.
"""

from collections import Counter

import pytest

CODE = """
import os

class Order:
    def __init__(self, number):
        self.number = number

class Slots:
    __slots__ = ("first", "second")

class SlotsWithoutCollector(float):
    __slots__ = ()

class Dict(dict): pass
class List(list): pass
class Tuple(tuple): pass
class Float(float): pass
class Text(str): pass
class Error(Exception): pass

CLASSES = (Order, Slots, SlotsWithoutCollector, Dict, List, Tuple, Float, Text, Error)
orders = [Order(number) for number in range(1000)]
slots = [Slots() for _ in range(300)]
bare = [SlotsWithoutCollector(number) for number in range(200)]
dicts = [Dict(a=1) for _ in range(70)]
lists = [List([1]) for _ in range(71)]
tuples = [Tuple((1,)) for _ in range(72)]
floats = [Float(number) for number in range(73)]
texts = [Text(number) for number in range(74)]
errors = [Error(number) for number in range(75)]
room = [None] * 5000

def fill(make):
    index = 0
    while index < 5000:
        room[index] = make()
        index += 1

def clear():
    index = 0
    while index < 5000:
        room[index] = None
        index += 1

def some_dict(): return {"key": None}
def some_list(): return [None, None]
def some_float(): return 1.5 + len(room)
def some_tuple(): return (None, room)
def some_order(): return Order(None)
def some_method(): return orders[0].__init__
def some_builtin(): return Order.mro
def some_slice(): return slice(None, room)
def some_range(): return range(2, 4)
def nothing(): return None

def make_free():
    # Methods of C bound to each class; ints that are the addresses of types; all of them dropped.
    for make in (some_dict, some_list, some_float, some_tuple, some_order, some_method, some_slice, some_range):
        fill(make)
        clear()
    bound = [cls.mro for cls in CLASSES for _ in range(20)]
    numbers = [id(cls) for cls in CLASSES + (dict, list, tuple, float, int, str) for _ in range(20)]
    while bound:
        del bound[0]
    while numbers:
        del numbers[0]

make_free()
COMMANDS = {b"dict": some_dict, b"list": some_list, b"float": some_float, b"tuple": some_tuple,
            b"order": some_order, b"method": some_method, b"builtin": some_builtin,
            b"slice": some_slice, b"range": some_range, b"clear": nothing}
read, write = os.read, os.write
line = b"clear"
write(1, b"ready\\n")
while line:
    line = read(0, 100).strip()
    fill(COMMANDS[line])
    write(1, b"done\\n")
"""

KNOWN = {
    "Order": 1000, "Slots": 300, "SlotsWithoutCollector": 200, "Dict": 70, "List": 71, "Tuple": 72,
    "Float": 73, "Text": 74, "Error": 75,
}  # fmt: skip

MADE = {
    "dict": "dict", "list": "list", "float": "float", "tuple": "tuple", "order": "__main__.Order",
    "method": "method", "builtin": "builtin_function_or_method", "slice": "slice", "range": "range",
}  # fmt: skip


@pytest.fixture(scope="module", params=["pymalloc", "malloc", "pymalloc_debug"])
def target(request, python):
    with python.start(CODE, env={"PYTHONMALLOC": request.param}) as target:
        target.ask("clear")
        yield target


def counts(plumb, target):
    target.wait_for_rest()  # a result of the reading is an object, too
    document = plumb("heap", target.pid, "--json", code=0).json
    found = Counter()
    for row in document["rows"]:
        found[row["type"]] += row["objects"]
    assert sum(found.values()) == document["objects"]
    # The result of the read that waits is known to C alone: without pools it is found by chance.
    del found["bytes"]
    return found


def test_instances_are_as_many_as_were_made(plumb, target):
    found = counts(plumb, target)
    assert {name: found[f"__main__.{name}"] for name in KNOWN} == KNOWN


def test_what_is_made_is_counted_and_what_is_dropped_is_not(plumb, target):
    for command in MADE:  # a first time, so that lists of free objects are as long as they get
        target.ask(command)
        target.ask("clear")
    before = counts(plumb, target)
    for command, name in MADE.items():
        target.ask(command)
        made = counts(plumb, target)
        target.ask("clear")
        after = counts(plumb, target)

        assert after == before, command
        expected = Counter({name: 5000})
        if command == "order" and made["dict"] != before["dict"]:
            expected["dict"] = 5000  # in some versions a dict comes with each
        assert (made - before, before - made) == (expected, Counter()), command


STALE = """
import ctypes, sys

class Order:
    def __init__(self, number):
        self.number = number

orders = [Order(number) for number in range(10)]
word = ctypes.c_uint64
left = (word * 200)()  # more than a pool takes
start = -ctypes.addressof(left) % 16 // 8
# What a dropped Order.mro leaves: two links, a count and a type; which method it was, and of whom.
left[start : start + 6] = [0, 0, 0, id(type(len)), 0x10008, id(Order)]
held = (word * 200)(ctypes.addressof(left) + 8 * start + 32, id(orders[0]))
new = ctypes.pythonapi.PyCapsule_New
new.restype = ctypes.py_object
new.argtypes = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
capsule = new(ctypes.addressof(held), b"held", None)
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("allocator", ["pymalloc", "malloc", "malloc_debug"])
def test_a_stale_address_in_memory_of_c_leads_to_no_object(plumb, python, allocator):
    with python.start(STALE, env={"PYTHONMALLOC": allocator}) as target:
        query = "SELECT count(*) FROM refs WHERE source_type = 'PyCapsule' AND target_type LIKE '%Order'"
        held = plumb("sql", target.pid, query, "--json", code=0).json
        assert held["results"][0]["rows"] == [[1]]  # it was looked at
        assert counts(plumb, target)["__main__.Order"] == 10
