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
output = "." * 10000

def leak():
    global output
    number = 0
    while True:
        sessions[number] = Session(number)
        output += "line %d" % number * 20
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


class Optional:
    """A key that is there only sometimes."""

    def __init__(self, shape):
        self.shape = shape


def count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def text(value):
    return isinstance(value, str)


def flag(value):
    return isinstance(value, bool)


def address(value):
    return text(value) and re.fullmatch(r"0x[0-9a-f]+", value)


def words(*allowed):
    return lambda value: value in allowed


def or_null(shape):
    return lambda value: value is None or not mismatches(value, shape)


def mismatches(value, shape, where="document"):
    """Where value is not of the shape: keys that are missing or too many, or of another type."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{where}: no object"]
        found = [f"{where}.{key}: not expected" for key in set(value) - set(shape)]
        for key, inner in shape.items():
            if key in value:
                inner = inner.shape if isinstance(inner, Optional) else inner
                found += mismatches(value[key], inner, f"{where}.{key}")
            elif not isinstance(inner, Optional):
                found.append(f"{where}.{key}: missing")
        return found
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where}: no array"]
        return [one for item in value for one in mismatches(item, shape[0], f"{where}[]")]
    return [] if shape(value) else [f"{where}: {value!r}"]


COMMON = {
    "target": {
        "pid": count,
        "python": text,
        "cmdline": text,
        "rss": count,
        "threads": count,
        "interpreters": count,
        "taken_at": count,
    },
    "pause": words("fork", "copy", "none"),
    "not_exact": {"torn": count, "faults": count, "unknown_types": count, "settled": flag},
}

STEP = {
    "edge": words(
        *"root attribute index value key local stack field type conservative interior missing".split()
    ),
    "label": text,
    "type": text,
    "address": address,
    "size": count,
    "length": Optional(count),
}

LOST_KIND = words("definite", "indirect", "possible")
LOST_CAUSE = words("refcount", "cycle-without-gc", "awaiting-collection", "gc.garbage")

LEAKS = {
    **COMMON,
    "schema": words("plumb.leaks/1"),
    "pause_ms": number,
    "leaking": flag,
    "causes": [{"cause": LOST_CAUSE, "islands": count, "objects": count, "bytes": count}],
    "dying": {"objects": count, "bytes": count},
    "islands": [
        {
            "type": text,
            "cause": LOST_CAUSE,
            "islands": count,
            "objects": count,
            "blocks": count,
            "bytes": count,
            "example": address,
            "example_counted": count,
            "example_found": count,
        }
    ],
    "collector": {"is_enabled": flag, "counts": [count], "thresholds": [count], "frozen": count},
    "kinds": [{"kind": LOST_KIND, "blocks": count, "bytes": count}],
    "native": [
        {
            "kind": LOST_KIND,
            "size_class": count,
            "blocks": count,
            "bytes": count,
            "module": or_null(text),
            "looks_like": or_null(text),
            "preview": or_null(text),
            "example": address,
        }
    ],
}

HEAP = {
    **COMMON,
    "schema": words("plumb.heap/1"),
    "pause_ms": number,
    "objects": count,
    "bytes": count,
    "memory": count,
    "rows": [
        {"type": text, "address": address, "objects": count, "bytes": count, "memory": count}
    ],
    "not_objects": count,
    "allocator": {
        "pymalloc_in_use": count,
        "pymalloc_blocks": count,
        "pymalloc_objects": count,
        "pymalloc_not_objects": count,
        "outside": count,
    },
}

WHY = {
    **COMMON,
    "schema": words("plumb.why/1"),
    "pause_ms": number,
    "selector": text,
    "types": count,
    "objects": count,
    "bytes": count,
    "paths": [
        {
            "text": text,
            "objects": count,
            "bytes": count,
            "root": text,
            "example": text,
            "example_is_python": flag,
            "steps": [STEP],
        }
    ],
    "unreached": {"objects": count, "bytes": count},
}

RSS = {
    **COMMON,
    "schema": words("plumb.rss/1"),
    "pause_ms": number,
    "rss": count,
    "of_core": flag,
    "rows": [
        {
            "kind": text,
            "label": text,
            "bytes": count,
            "owners": [{"name": text, "bytes": count}],
        }
    ],
    "page_tables": count,
    "kept": {"bytes": count, "dominates": flag},
    "pymalloc": {
        "arenas": count,
        "arena_bytes": count,
        "sparse_arenas": count,
        "sparse_used": count,
        "sparse_resident": count,
        "pinned_by": [{"type": text, "objects": count, "bytes": count}],
        "classes": [
            {
                "size": count,
                "pools": count,
                "lonely": count,
                "used": count,
                "others": count,
                "free": count,
            }
        ],
    },
    "glibc": {
        "arenas": [
            {
                "used": count,
                "top": count,
                "holes": count,
                "caches": count,
                "trimmable": count,
                "lonely_pages": count,
            }
        ],
        "holes": [{"at_least": count, "count": count, "bytes": count}],
        "trim_threshold": count,
        "mmap_threshold": count,
    },
    "advice": [{"what": text, "bytes": count}],
    "huge_pages": {"bytes": count, "zeros": count},
    "gpu_mapped": count,
    "trimmable": count,
    "malloc_torn": count,
    "malloc_contradictions": count,
    "malloc_missing": flag,
    "other_malloc": or_null(text),
}

VERDICT_KIND = words("python-objects", "python-lost", "native", "allocator", "other", "none")
GROUP = words(
    "objects",
    "pymalloc-used",
    "pymalloc-free",
    "native",
    "malloc-free",
    "other-malloc",
    "files",
    "stacks",
    "shared",
    "gpu",
    "unexplained",
)

VERDICT = {
    **COMMON,
    "schema": words("plumb.verdict/1"),
    "verdict": VERDICT_KIND,
    "rss": {"first": count, "last": count},
    "seconds": number,
    "pause_ms": [number],
    "looks": [
        {
            "seconds": number,
            "rss": count,
            "objects": count,
            "bytes": count,
            "unreached_objects": count,
            "unreached_bytes": count,
        }
    ],
    "suspects": [
        {
            "growth": words("objects", "size"),
            "type": text,
            "objects": count,
            "bytes": count,
            "own_bytes": count,
            "objects_per_min": number,
            "bytes_per_min": number,
            "path": text,
            "container": or_null(
                {
                    "type": text,
                    "address": address,
                    "path": text,
                    "containers": count,
                    "length_first": count,
                    "length_last": count,
                }
            ),
            "size_first": Optional(count),
            "size_last": Optional(count),
            "example": text,
            "example_is_python": flag,
            "steps": [STEP],
            "with_them": [{"type": text, "objects": count, "bytes": count}],
        }
    ],
    "growing_types": [{"type": text, "objects": [count], "bytes": [count]}],
    "evidence": {
        "findings": [
            {"verdict": VERDICT_KIND, "group": GROUP, "bytes": count, "bytes_per_min": number}
        ],
        "groups": [{"group": GROUP, "first": count, "last": count}],
        "lost": [
            {
                "verdict": VERDICT_KIND,
                "type": text,
                "cause": LOST_CAUSE,
                "islands": count,
                "objects": count,
                "bytes": count,
                "islands_per_min": number,
                "bytes_per_min": number,
                "example": address,
                "example_counted": count,
                "example_found": count,
            }
        ],
        "native": [
            {
                "verdict": VERDICT_KIND,
                "owner": words("nobody", "type", "objects", "memory"),
                "owner_name": or_null(text),
                "module": or_null(text),
                "size_class": or_null(count),
                "blocks": count,
                "bytes": count,
                "blocks_per_min": number,
                "bytes_per_min": number,
                "example": address,
            }
        ],
        "collector_off": flag,
    },
}


def test_a_shape_finds_what_does_not_fit():
    good = {"type": "dict", "objects": 1, "bytes": [2]}
    shape = {"type": text, "objects": count, "bytes": [count], "more": Optional(flag)}
    assert mismatches(good, shape) == []
    assert mismatches({**good, "more": 1}, shape) == ["document.more: 1"]
    assert mismatches({**good, "odd": 1}, shape) == ["document.odd: not expected"]
    assert mismatches({**good, "bytes": [1, "x"]}, shape) == ["document.bytes[]: 'x'"]
    assert mismatches({"type": "dict", "bytes": []}, shape) == ["document.objects: missing"]


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
    assert mismatches(document, HEAP) == []
    assert_documented(document)


def test_heap_with_memory_of_c(plumb, python, start):
    target = start(python, LEAK)
    document = plumb("heap", target.pid, "--native", "--json", code=0).json
    row = {**HEAP["rows"][0], "native": count}
    native = {"owned": count, "shared": count, "memory": count, "nobody": count}
    assert mismatches(document, {**HEAP, "rows": [row], "native": native}) == []
    assert_documented(document)


def test_why(plumb, python, start):
    target = start(python, LEAK)
    document = plumb("why", target.pid, "Session", "--json", code=0).json
    assert document["schema"] == "plumb.why/1"
    assert_target(document, target, python)
    assert document["paths"] and mismatches(document, WHY) == []
    assert_documented(document)


def test_leaks(plumb, python, start):
    code = "for _ in range(100):\n    loop = []\n    loop.append(loop)\n"
    target = start(python, "import gc\ngc.disable()\n" + code + ANSWER_LOOP)
    document = plumb("leaks", target.pid, "--json", code=0).json
    assert_documented(document)
    assert mismatches(document, LEAKS) == []
    assert document["islands"]


def test_rss(plumb, python, start):
    target = start(python, LEAK)
    document = plumb("rss", target.pid, "--json", code=0).json
    assert_target(document, target, python)
    assert document["pause_ms"] > 0
    assert mismatches(document, RSS) == []
    assert {row["kind"] for row in document["rows"]} >= {"python-objects", "unexplained"}
    assert_documented(document)


CORE = {
    "schema": words("plumb.core/1"),
    "target": {"pid": count, "cmdline": text, "rss": count, "threads": count},
    "pause": words("fork", "copy", "none"),
    "pause_ms": number,
    "file": text,
    "compression": or_null(words("zstd")),
    "size": count,
    "room": count,
    "memory": count,
    "segments": count,
    "unreadable": count,
    "partial_threads": count,
}


def test_core(plumb, python, start, tmp_path):
    target = start(python, LEAK)
    document = plumb("core", target.pid, "-o", tmp_path / "core", "--json", code=0).json
    assert mismatches(document, CORE) == []
    assert document["target"]["pid"] == target.pid
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
    growing, suspect = sorted(document["suspects"], key=lambda suspect: suspect["type"])[::-1]
    assert (growing["growth"], growing["type"]) == ("size", "str")
    assert growing["path"] == "__main__.output"
    assert growing["size_last"] - growing["size_first"] == growing["bytes"] > 0
    assert suspect["growth"] == "objects"
    assert suspect["type"] == "__main__.Session"
    assert suspect["path"] == "__main__.sessions[*]"
    assert suspect["objects"] > 0 and suspect["bytes"] > suspect["own_bytes"] > 0
    assert suspect["objects_per_min"] > 0
    container = suspect["container"]
    assert container["type"] == "dict"
    assert container["path"] == "__main__.sessions"
    assert container["length_last"] > container["length_first"]
    assert mismatches(document, VERDICT) == []
    assert_documented(document)


LOSSES = """
import ctypes, gc, time
gc.disable()
libc = ctypes.CDLL(None)
print("ready", flush=True)
while True:
    for _ in range(30):
        loop = []
        loop.append(loop)
        libc.malloc(1000)
    time.sleep(0.01)
"""


def test_verdict_on_what_is_lost(plumb, python, start):
    target = start(python, LOSSES)
    for _ in range(3):
        document = plumb(target.pid, "--for", "3s", "--looks", "3", "--json", code=0).json
        if document["evidence"]["lost"] and document["evidence"]["native"]:
            break
    assert document["evidence"]["lost"] and document["evidence"]["native"]
    assert mismatches(document, VERDICT) == []
    assert_documented(document)
