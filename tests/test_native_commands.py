# SPDX-License-Identifier: Apache-2.0
"""`--native`: memory of C in the tables, the paths and the snapshots, held against what the process
knows of its own malloc. Blocks are counted as malloc_usable_size() tells, and 8 bytes of header."""

import re
import subprocess

import pytest

from support import extensions
from support.processes import ANSWER_LOOP

HEADER = 8

# Python has no address of these blocks, so none can be left where it works.
TABLE = """
#include <malloc.h>
#include <stdlib.h>
static void *volatile nothing[3];
static void **volatile orders[200];
void keep(int number, void *order)
{
	nothing[0] = (void *)nothing;
	orders[number] = calloc(1, 120);
	orders[number][8] = order;
}
size_t chain(void **place, int count)
{
	size_t usable = 0;
	for (int i = 0; i < count; i++) {
		*place = calloc(1, 30008); /* at addresses that nobody had before */
		usable += malloc_usable_size(*place);
		place = (void **)*place + 1;
	}
	return usable;
}
"""

CODE = (
    """
import ctypes, gc

usable_size = ctypes.CDLL(None).malloc_usable_size
usable_size.restype = ctypes.c_size_t
usable_size.argtypes = [ctypes.c_void_p]
table = ctypes.CDLL(__file__.rpartition("/")[0] + "/table.so")
table.keep.argtypes = [ctypes.c_int, ctypes.py_object]
table.keep.restype = None
table.chain.argtypes = [ctypes.c_void_p, ctypes.c_int]
table.chain.restype = ctypes.c_size_t
forget = ctypes.pythonapi.Py_IncRef
forget.argtypes = [ctypes.py_object]
forget.restype = None

class Order:
    __slots__ = ("number",)

class Box(ctypes.Structure):
    _fields_ = [("first", ctypes.c_void_p), ("room", ctypes.c_char * 3008)]

def hide():
    for number in range(200):
        order = Order()
        table.keep(number, order)
        forget(order)

boxes = [Box() for _ in range(50)]
usable = sum(usable_size(ctypes.addressof(box)) for box in boxes)
usable += sum(table.chain(ctypes.addressof(box), 3) for box in boxes)
hide()
gc.collect()
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    built = tmp_path_factory.mktemp("table") / "table.so"
    command = ["gcc", "-O1", "-shared", "-fPIC", "-x", "c", "-", "-o", str(built)]
    subprocess.run(command, input=TABLE, text=True, check=True)
    return built


@pytest.fixture(scope="module")
def target(python, table):
    with python.start(CODE, beside=[table]) as target:
        yield target


def path_through_the_table(plumb, what, *options):
    """An address that was left somewhere may hold a few orders as well."""
    document = plumb("why", what, "Order", "--native", "--json", *options, code=0).json
    path = document["paths"][0]
    assert path["objects"] > 150
    assert re.fullmatch(r"table\.so data\+0x[0-9a-f]+ \(orders\)", path["root"])
    return path


def heap(plumb, what, *options):
    return plumb("heap", what, "--native", "--json", *options, code=0).json


def blocks_of_boxes(target):
    return int(target.ask("usable")) + 50 * (1 + 3) * HEADER


def native_of(document, name):
    (row,) = [row for row in document["rows"] if row["type"] == name]
    return row["native"]


def test_blocks_count_with_the_objects_that_own_them(plumb, target):
    document = heap(plumb, target.pid)
    assert native_of(document, "__main__.Box") == blocks_of_boxes(target)
    assert document["native"]["owned"] == sum(row["native"] for row in document["rows"])
    assert document["native"]["memory"] > 0
    (module,) = [
        row for row in heap(plumb, target.pid, "--by", "module")["rows"] if row["module"] == "__main__"
    ]
    assert module["native"] >= blocks_of_boxes(target)


def test_the_table_fits_and_names_what_owns_most(plumb, target):
    shown = plumb("heap", target.pid, "--native", code=0).stdout
    below = shown.split("/target.py\n")[1]
    assert "of C" in shown.splitlines()[0]
    assert [line for line in below.splitlines() if len(line) > 80] == []
    plain = plumb("heap", target.pid, code=0).stdout
    assert "of C" not in plain and "so far" in plain


def test_what_a_variable_of_a_library_holds_has_a_path(plumb, target):
    plain = plumb("why", target.pid, "Order", code=0).stdout
    assert "not reached from Python's own roots" in plain and "--native" in plain
    steps = path_through_the_table(plumb, target.pid)["steps"]
    assert [step["type"] for step in steps[1:]] == ["(native block) data", "__main__.Order"]
    place = re.fullmatch(r"\.<\+0x([0-9a-f]+)>", steps[1]["label"])
    assert int(place[1], 16) % 8 == 0 and int(place[1], 16) < 200 * 8
    assert steps[2]["label"] == ".<+0x40>"


def test_a_core_tells_the_same(plumb, target, table, tmp_path):
    core = tmp_path / "core"
    plumb("core", target.pid, "-o", core, code=0)
    where = ("--search", table.parent)
    assert path_through_the_table(plumb, core, *where)["steps"][2]["label"] == ".<+0x40>"
    document = heap(plumb, core, *where)
    assert native_of(document, "__main__.Box") == blocks_of_boxes(target)


def test_a_block_is_shown_by_its_address(plumb, target):
    block = path_through_the_table(plumb, target.pid)["steps"][1]["address"]
    document = plumb("show", target.pid, block, "--native", "--json", code=0).json
    shown = document["object"]
    assert shown["bytes"] >= 120
    assert shown["value"] == "(native block) data of %d bytes" % shown["bytes"]
    assert [link["type"] for link in document["references"]["links"]] == ["__main__.Order"]


def test_a_snapshot_keeps_it(plumb, target, tmp_path):
    file = tmp_path / "it.plumb"
    plumb("snap", target.pid, "--native", "-o", file, code=0)
    plumb("check", file, code=0)
    assert native_of(heap(plumb, file), "__main__.Box") == blocks_of_boxes(target)
    assert path_through_the_table(plumb, file)["steps"][2]["label"] == ".<+0x40>"
    lost = plumb("leaks", file, "--json", code=0).json
    assert lost["native"] is not None
    assert [row for row in lost["islands"] if row["type"] == "__main__.Order"] == []


def test_a_snapshot_without_it_says_so(plumb, target, tmp_path):
    file = tmp_path / "plain.plumb"
    plumb("snap", target.pid, "-o", file, code=0)
    result = plumb("heap", file, "--native", code=3)
    assert "was written without --native" in result.stderr


BUFFERS = """
import hoarder
buffers = [hoarder.Buffer(1000) for _ in range(200)]
""" + ANSWER_LOOP


def test_an_array_of_an_extension_counts_to_its_class_while_it_is_alive(plumb, python, tmp_path):
    module = extensions.build(python, "hoarder", tmp_path)
    with python.start(BUFFERS, beside=[module]) as target:
        usable = 8008  # of malloc(8000), as malloc_usable_size tells on x86-64
        assert native_of(heap(plumb, target.pid), "hoarder.Buffer") == 200 * (usable + HEADER)
