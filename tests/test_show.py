# SPDX-License-Identifier: Apache-2.0
"""`plumb show`: one object, held against what the process says of it."""

import ast
import re

import pytest

from support.processes import ANSWER_LOOP

CODE = (
    """
import sys, weakref

class Order:
    def __init__(self):
        self.number = 12345
        self.lines = ["nut", 2.5, None, True]
        self.by_name = {"bolt": (1,), 7: b"seven"}

class Slotted:
    __slots__ = ("left", "right", "__weakref__")

order = Order()
slotted = Slotted()
slotted.left = order
watcher = weakref.ref(slotted)
plain = {"names": ["ann", "bob"], "sums": (1, -2, 3.5), "nested": [{"a": []}]}
many = [object() for _ in range(100)]
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module")
def target(python):
    with python.start(CODE) as target:
        yield target


def address(target, expression):
    return hex(int(target.ask(f"id({expression})")))


def show(plumb, target, expression):
    document = plumb("show", target.pid, address(target, expression), "--json", code=0).json
    assert document["schema"] == "plumb.show/1"
    return document


def links(document, key):
    return {link["label"]: link for link in document[key]["links"]}


def test_the_value_is_what_repr_would_say(plumb, target):
    document = show(plumb, target, "plain")

    assert ast.literal_eval(document["object"]["value"]) == ast.literal_eval(target.ask("plain"))


def test_figures_are_those_of_the_process(plumb, target):
    document = show(plumb, target, "order")

    assert document["object"]["type"] == "__main__.Order"
    assert document["object"]["bytes"] == int(target.ask("sys.getsizeof(order)"))
    # The module and slotted.left; getrefcount() adds one or two for its own sake.
    assert document["object"]["refcount"] == 2
    assert document["object"]["tracked"] is True
    assert show(plumb, target, "order.lines")["object"]["length"] == 4


def test_attributes_are_told_by_name(plumb, target):
    found = links(show(plumb, target, "order"), "references")

    for name in "number", "lines", "by_name":
        assert found["." + name]["address"] == address(target, "order." + name)
    assert found[".number"]["value"] == "12345"
    assert found[".__class__"]["value"] == "<class '__main__.Order'>"


def test_referrers_are_told_by_name(plumb, target):
    document = show(plumb, target, "order")
    found = links(document, "referrers")

    assert found[".left"]["address"] == address(target, "slotted")
    assert ".order" in found
    assert document["path"] == "sys.modules['__main__'].order"
    weak = [link for link in show(plumb, target, "slotted")["referrers"]["links"] if link["weak"]]
    assert [link["address"] for link in weak] == [address(target, "watcher")]


def test_a_type_with_one_object_stands_for_it(plumb, target):
    document = plumb("show", target.pid, "Slotted", "--json", code=0).json

    assert document["object"]["address"] == address(target, "slotted")
    refusal = plumb("show", target.pid, "dict", code=3).stderr
    assert "say which by its address" in refusal
    assert "no object is at 0x10" in plumb("show", target.pid, "0x10", code=3).stderr


def test_long_lists_are_cut_and_counted(plumb, target):
    text = plumb("show", target.pid, address(target, "many"), "--top", "5", code=0).stdout

    assert "...90 more]" in text
    assert re.search(r"\(9[56] more; --top 0 shows all\)", text)  # some versions: and the type
    assert text.splitlines()[0].startswith("list at 0x")
