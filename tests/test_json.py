# SPDX-License-Identifier: Apache-2.0
"""Each document has exactly what doc/json.md promises, and every key is described there."""

import re

from support.processes import ANSWER_LOOP
from support.program import REPOSITORY

DOCUMENTED = (REPOSITORY / "doc" / "json.md").read_text()

LEAK = (
    """
import threading, time

class Session:
    def __init__(self, number):
        self.text = "session %d" % number

sessions = {}

def leak():
    number = 0
    while True:
        sessions[number] = Session(number)
        number += 1
        time.sleep(0.002)

threading.Thread(target=leak, daemon=True).start()
"""
    + ANSWER_LOOP
)


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def assert_documented(document):
    words = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]*)`", DOCUMENTED))))
    assert set(keys_of(document)) <= words


def assert_target(document, target, python):
    assert document["target"]["pid"] == target.pid
    assert document["target"]["python"].startswith("%d.%d.%d" % python.version[:3])
    assert isinstance(document["target"]["cmdline"], str)


def test_heap(plumb, python, start):
    target = start(python, LEAK)
    result = plumb("heap", target.pid, "--json", code=0)
    document = result.json
    assert result.stderr == ""
    assert document["schema"] == "plumb.heap/1"
    assert_target(document, target, python)
    assert document["pause_ms"] > 0
    assert set(document["rows"][0]) == {"type", "address", "objects", "bytes", "memory"}
    assert_documented(document)


def test_why(plumb, python, start):
    target = start(python, LEAK)
    document = plumb("why", target.pid, "Session", "--json", code=0).json
    assert document["schema"] == "plumb.why/1"
    assert_target(document, target, python)
    path = document["paths"][0]
    assert {"text", "objects", "bytes", "root", "steps"} <= set(path)
    for step in path["steps"]:
        assert {"edge", "label", "type", "address"} <= set(step)
    assert_documented(document)


def test_verdict(plumb, python, start):
    target = start(python, LEAK)
    result = plumb(target.pid, "--for", "4s", "--looks", "4", "--json", code=0)
    document = result.json
    assert result.stderr == ""
    assert document["schema"] == "plumb.verdict/1"
    assert_target(document, target, python)
    assert document["verdict"] == "python-objects"
    assert len(document["pause_ms"]) == 4
    assert document["rss"]["first"] > 0 and document["rss"]["last"] > 0
    suspect = document["suspects"][0]
    assert suspect["type"] == "__main__.Session"
    assert suspect["path"] == "__main__.sessions[*]"
    assert suspect["objects"] > 0 and suspect["bytes"] > suspect["own_bytes"] > 0
    assert suspect["objects_per_min"] > 0
    container = suspect["container"]
    assert container["type"] == "dict"
    assert container["path"] == "__main__.sessions"
    assert container["length_last"] > container["length_first"]
    assert_documented(document)
