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
