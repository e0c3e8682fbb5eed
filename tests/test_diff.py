# SPDX-License-Identifier: Apache-2.0
"""`plumb diff`: what changed, held against what the process was told to change."""

import pytest

from support.processes import ANSWER_LOOP

CODE = (
    """
import sys

class Order:
    def __init__(self, number):
        self.number = number + 5000

class Guest:
    __slots__ = ("name",)

orders = [Order(number) for number in range(%d)]
guests = {number: Guest() for number in range(300)}
"""
    + ANSWER_LOOP
)


def types_of(document, name):
    return [row for row in document["types"] if row["type"] == name]


def test_two_processes_are_compared_by_the_names_of_their_types(plumb, python):
    with python.start(CODE % 100) as small, python.start(CODE % 1100) as large:
        document = plumb("diff", small.pid, large.pid, "--json", code=0).json
        text = plumb("diff", small.pid, large.pid, code=0).stdout

    assert document["schema"] == "plumb.diff/1"
    assert document["one_process"] is False
    (order,) = types_of(document, "__main__.Order")
    assert order["objects"] == [100, 1100]
    assert order["objects_delta"] == 1000
    assert types_of(document, "__main__.Guest") == []
    assert document["paths"] == document["containers"] == []
    assert "two processes" in text
    assert text.splitlines()[0].startswith("+")


@pytest.fixture(scope="module")
def steps(plumb, python, tmp_path_factory):
    """Four snapshots of one process; orders grow at every step, guests only at the last."""
    folder = tmp_path_factory.mktemp("steps")
    files = [folder / f"{number}.plumb" for number in range(4)]
    with python.start(CODE % 100) as target:
        addresses = {name: hex(int(target.ask(f"id({name})"))) for name in ("orders", "guests")}
        for number, file in enumerate(files):
            if number:
                target.ask("orders.extend([Order(number) for number in range(250)])")
            if number == 3:
                target.ask("guests.update({1000 + number: Guest() for number in range(60)})")
            plumb("snap", target.pid, "-o", file, code=0)
        live = plumb("diff", files[0], target.pid, "--json", code=0).json
    return files, addresses, live


def test_new_objects_are_told_by_type_path_and_container(plumb, steps):
    files, addresses, live = steps
    document = plumb("diff", files[0], files[3], "--json", code=0).json

    assert document["one_process"] is True
    (order,) = types_of(document, "__main__.Order")
    assert order["objects"] == [100, 850] and order["objects_delta"] == 750
    (guest,) = types_of(document, "__main__.Guest")
    assert guest["objects"] == [300, 360]
    paths = {path["text"]: path["objects"] for path in document["paths"]}
    # An address that an object of that type had before counts as old, so at most so many.
    assert 740 <= paths["__main__.orders[*]"] <= 750
    assert 55 <= paths["__main__.guests[*]"] <= 60 + 60  # keys of the dict are there too
    containers = {container["address"]: container for container in document["containers"]}
    orders = containers[addresses["orders"]]
    assert (orders["length_then"], orders["length_now"]) == (100, 850)
    assert orders["path"] == "sys.modules['__main__'].orders"
    assert document["new_objects"] >= 750
    assert types_of(live, "__main__.Order") == [order]


def test_of_more_than_two_only_steady_growth_is_told(plumb, steps):
    files, addresses, _ = steps
    document = plumb("diff", *files, "--json", code=0).json

    (order,) = types_of(document, "__main__.Order")
    assert order["objects"] == [100, 350, 600, 850]
    assert types_of(document, "__main__.Guest") == []
    assert addresses["orders"] in {each["address"] for each in document["containers"]}
    assert addresses["guests"] not in {each["address"] for each in document["containers"]}


def test_text_says_what_grew_first_and_what_new_means(plumb, steps):
    files, _, _ = steps
    text = plumb("diff", files[0], files[3], code=0).stdout

    lines = text.splitlines()
    assert lines[0].startswith("+") and "__main__.Order" in lines[0]
    assert "100 -> 850" in text and "__main__.orders[*]" in text
    assert "new: at an address that held no object of that type then" in text
    assert max(map(len, lines)) <= 120
    only = plumb("diff", files[0], files[3], "--by", "container", "--top", "1", code=0).stdout
    assert "100 -> 850" in only and "__main__.orders[*]" not in only


def test_nothing_changed_is_said(plumb, steps):
    files, _, _ = steps
    text = plumb("diff", files[2], files[2], code=0).stdout

    assert text.splitlines()[0] == "no type changed"
