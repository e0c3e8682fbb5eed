# SPDX-License-Identifier: Apache-2.0
"""`plumb heap`: the table agrees with what the process says of itself."""

import pytest

from support.processes import ANSWER_LOOP

CODE = (
    """
import sys

class Order:
    __slots__ = ("number", "lines")

    def __init__(self, number):
        self.number = number
        self.lines = [number] * 10

def make_namesake():
    class Order:
        pass
    Order.__qualname__ = "Order"
    return Order

Namesake = make_namesake()
orders = [Order(number) for number in range(1000)]
others = [Namesake() for number in range(7)]
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module")
def target(python):
    with python.start(CODE) as target:
        yield target


def rows_of(document, name):
    return [row for row in document["rows"] if row["type"] == name]


def test_rows_count_and_measure_what_there_is(plumb, python, target):
    document = plumb("heap", target.pid, "--json", code=0).json

    assert document["schema"] == "plumb.heap/1"
    assert document["target"]["pid"] == target.pid
    assert document["target"]["python"].startswith("%d.%d.%d" % python.version[:3])
    orders = max(rows_of(document, "__main__.Order"), key=lambda row: row["objects"])
    assert orders["objects"] == 1000
    assert orders["bytes"] == int(target.ask("sum(map(sys.getsizeof, orders))"))
    assert orders["memory"] >= orders["bytes"]


def test_the_sums_are_those_of_the_rows(plumb, target):
    for grouping in "type", "module", "size":
        document = plumb("heap", target.pid, "--json", "--by", grouping, code=0).json
        for column in "objects", "bytes", "memory":
            assert document[column] == sum(row[column] for row in document["rows"])
        allocator = document["allocator"]
        assert document["not_objects"] == allocator["pymalloc_not_objects"]
        assert (
            document["memory"] + document["not_objects"] - allocator["outside"]
            == allocator["pymalloc_in_use"]
        )


def test_types_of_one_name_are_told_apart(plumb, target):
    document = plumb("heap", target.pid, "--json", code=0).json
    rows = rows_of(document, "__main__.Order")
    assert sorted(row["objects"] for row in rows) == [7, 1000]
    addresses = {int(row["address"], 16): row["objects"] for row in rows}
    assert addresses[int(target.ask("id(Namesake)"))] == 7

    text = plumb("heap", target.pid, "--sort", "name", "--top", "0", code=0).stdout
    assert len([line for line in text.splitlines() if line.startswith("__main__.Order @")]) == 2


def test_the_text_fits_a_terminal_and_starts_with_the_answer(plumb, target):
    lines = plumb("heap", target.pid, code=0).stdout.splitlines()
    assert "objects take" in lines[0]
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("(not objects)") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_rows_are_sorted_and_cut(plumb, target):
    for column in "memory", "bytes", "objects":
        document = plumb(
            "heap", target.pid, "--json", "--sort", column, "--top", 5, code=0
        ).json
        figures = [row[column] for row in document["rows"]]
        assert len(figures) == 5
        assert figures == sorted(figures, reverse=True)


def test_every_way_to_look_sees_the_same(plumb, target):
    counts = set()
    for mode in "fork", "copy", "none":
        document = plumb("heap", target.pid, "--json", "--pause", mode, code=0).json
        assert document["pause"] == mode
        counts.add(document["objects"])
    assert len(counts) == 1
