# SPDX-License-Identifier: Apache-2.0
"""A collector that runs is waited out; when it never ends, the answer says so.

While it runs, CPython keeps its own counts in the headers of the objects and moves them between lists.
"""

import pytest

from support.processes import ANSWER_LOOP

OBJECTS = 100_000

PROGRAM = """
import collections, gc, sys, threading, time

class Node:
    __slots__ = ("next",)

nodes = []
for _ in range(%d):
    nodes.append(Node())
    nodes[-1].next = nodes

def collect_now_and_then():
    while True:
        gc.collect()
        time.sleep(0.004)

"""


NOW_AND_THEN = PROGRAM % OBJECTS + (
    "threading.Thread(target=collect_now_and_then, daemon=True).start()\n" + ANSWER_LOOP
)
LONG = NOW_AND_THEN.replace("nodes = []", "large = [[] for _ in range(600_000)]; nodes = []").replace(
    "time.sleep(0.004)", "time.sleep(0.25)"
)
# All in one instruction of the interpreter: there is no moment in between.
FOR_EVER = PROGRAM % OBJECTS + (
    "print('ready', flush=True)\n"
    "collections.deque(iter(gc.collect, -1), maxlen=0)\n"
)


def nodes_of(document):
    return [row["objects"] for row in document["rows"] if row["type"].endswith("Node")]


def is_settled(document):
    return document["not_exact"]["settled"]


def test_a_collector_that_pauses_is_waited_out(plumb, start, python):
    target = start(python, NOW_AND_THEN)
    documents = [plumb("heap", target.pid, "--json", code=0).json for _ in range(6)]
    assert [is_settled(document) for document in documents] == [True] * 6
    assert [nodes_of(document) for document in documents] == [[OBJECTS]] * 6
    assert target.stderr() == ""


@pytest.mark.pythons("3.8", "3.12", "3.15", newest=True)
def test_a_long_collection_is_waited_out(plumb, start, python):
    """Of a large heap it takes longer than a few attempts in a row."""
    target = start(python, LONG)
    for _ in range(6):
        assert is_settled(plumb("heap", target.pid, "--json", code=0).json)


@pytest.mark.pythons("3.8", "3.11", "3.12", "3.14", newest=True)
def test_a_collector_without_an_end_is_said(plumb, start, python):
    target = start(python, FOR_EVER)
    documents = [plumb("heap", target.pid, "--json", code=0).json for _ in range(6)]
    assert [nodes_of(document) for document in documents] == [[OBJECTS]] * 6
    assert not all(map(is_settled, documents))
    for _ in range(30):
        result = plumb("heap", target.pid, code=0)
        if "garbage collector" in result.stdout:
            break
    else:
        pytest.fail("no word of it")
