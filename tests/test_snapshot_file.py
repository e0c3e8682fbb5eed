# SPDX-License-Identifier: Apache-2.0
"""The format: a reader written from doc/snapshot-format.md alone reads the same graph as plumb."""

import os
import signal
import subprocess

import pytest

import plumb_reader
from support.pictures import tool
from support.processes import ANSWER_LOOP

CODE = (
    """
import collections, sys
long = ["abc" * 100, "\\u00e9" * 200, "\\u4e16" * 201, "\\U0001f600" * 202, b"\\x01\\x02" * 333, ""]
by_key = {1: "one", "two": 2, (3,): [4], 5.5: b"six", None: 10 ** 70}
big = [None] * 100000
shared = object()
many = [shared] * 1000
class Node:
    pass
chain = None
for number in range(1000):
    node = Node()
    node.next = chain
    chain = node
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module")
def target(python):
    """Stopped: it is the same at every look."""
    with python.start(CODE) as target:
        os.kill(target.pid, signal.SIGSTOP)
        yield target


@pytest.fixture(scope="module")
def path(plumb, target, tmp_path_factory):
    path = tmp_path_factory.mktemp("format") / "app.plumb"
    plumb("snap", target.pid, "-o", path, code=0)
    return path


@pytest.fixture(scope="module")
def snapshot(path):
    return plumb_reader.read(path.read_bytes())


def dump(what):
    """The lines of tests/tools/dump_snapshot."""
    done = subprocess.run([tool("dump_snapshot"), str(what)], capture_output=True, check=True)
    return done.stdout.split(b"\n")[:-1]


def line(*words):
    return b" ".join(word if isinstance(word, bytes) else str(word).encode() for word in words)


def lines_of_node(snapshot, node, lengths, names):
    columns = snapshot.nodes
    yield line("node", columns["NADR"][node], columns["NTYP"][node], *snapshot.sizes(node),
               snapshot.refcount(node), columns["NFLG"][node], lengths.get(node, "-"),
               names.get(node, "-"))  # fmt: skip
    for to, kind, operand in snapshot.edges(node):
        yield line("edge", to, plumb_reader.EDGE_KINDS.index(kind), operand)
    if node in snapshot.values:
        text, length, number = snapshot.values[node]
        yield line("value", *("-" if one is None else one for one in (length, number)), text)


def lines_of(snapshot):
    """What dump_snapshot prints, of what the other reader has read."""
    strings, tables = snapshot.strings, snapshot.tables
    lengths = dict(tables["CONT"])
    names = {node: strings[name] for node, name in tables["NAME"]}
    for node in range(snapshot.node_count):
        yield from lines_of_node(snapshot, node, lengths, names)
    for address, name, module, node in tables["TYPE"]:
        yield line("type", address, strings[name], strings[module], node)
    for node, name, kind, tier in tables["ROOT"]:
        yield line("root", node, strings[name], kind, tier)
    for (number,) in tables["TOTL"]:
        yield line("total", number)


def test_both_readers_read_the_same(path, snapshot):
    ours, theirs = dump(path), list(lines_of(snapshot))
    assert len(ours) > 10000
    assert ours == theirs


def test_the_file_is_what_was_captured(target, path):
    """Values apart: of a process those of keys are told when somebody asks for the key."""
    live, kept = dump(target.pid), dump(path)
    assert [one for one in live if not one.startswith(b"value")] == [
        one for one in kept if not one.startswith(b"value")
    ]
    values = {one for one in kept if one.startswith(b"value")}
    assert {one for one in live if one.startswith(b"value")} <= values


def test_long_values_have_their_length_and_hash(python, start, plumb, tmp_path):
    target, path = start(python, CODE), tmp_path / "app.plumb"
    plumb("snap", target.pid, "-o", path, code=0)
    snapshot = plumb_reader.read(path.read_bytes())
    node_at = {address: node for node, address in enumerate(snapshot.nodes["NADR"])}
    encodings = ["latin-1", "latin-1", "utf-16-le", "utf-32-le", None, "latin-1"]
    for number, encoding in enumerate(encodings):
        value = eval(target.ask(f"ascii(long[{number}])"))
        node = node_at[int(target.ask(f"id(long[{number}])"))]
        text, length, found = snapshot.values[node]
        if len(value) < 10:
            assert (text, length, found) == (repr(value).encode(), None, None)
            continue
        stored = value.encode(encoding) if encoding else value
        assert text.endswith(b"...") and len(text) <= 80
        assert length == len(value)
        assert found == plumb_reader.content_hash(stored)


def test_facts_are_those_of_the_process(plumb, python, target, path, snapshot):
    facts = snapshot.facts
    assert facts["pid"] == str(target.pid)
    assert facts["runtime"].startswith("%d.%d.%d" % python.version[:3])
    assert facts["pause"] == "fork" and float(facts["pause_ms"]) > 0
    assert facts["is_settled"] == "yes"
    told = plumb("heap", path, "--json", code=0).json["target"]
    assert told["cmdline"] == facts["command_line"]
    assert told["rss"] == int(facts["resident_bytes"])


def test_no_values_are_left_where_none_are_wanted(plumb, target, tmp_path):
    path = tmp_path / "bare.plumb"
    plumb("snap", target.pid, "-o", path, "--no-values", code=0)
    snapshot = plumb_reader.read(path.read_bytes())
    assert snapshot.flags & plumb_reader.NO_VALUES
    keys = {
        operand
        for node in range(snapshot.node_count)
        if snapshot.nodes["NFLG"][node] & 32
        for _, kind, operand in snapshot.edges(node)
        if kind == "value"
    }
    assert set(snapshot.values) <= keys
    assert b"'by_key'" in {text for text, _, _ in snapshot.values.values()}
