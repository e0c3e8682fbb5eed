# SPDX-License-Identifier: Apache-2.0
"""Where objects were allocated, held against what tracemalloc itself says in the process."""

import json
import signal

import pytest

import plumb_reader
from support import cores
from support.processes import ANSWER_LOOP

# What allocates after tracemalloc is on is in functions of known lines; the
# last line of each chain is found by its text. So few ints are used that none is
# of those that CPython has made beforehand.
CODE = (
    """
import sys, tracemalloc, json, types

class Order:
    def __init__(self, depth):
        self.number = 10 ** 9 + depth

class Slotted:
    __slots__ = ("a", "b")

class Late:
    __slots__ = ("a",)

def make(depth):
    if depth:
        return make(depth - 1)
    return [
        Order(1),
        Slotted(),
        [None] * 50,
        {"key %d" % len(sys.path): 1},
        {str(len(sys.path))},
        bytes(1000),
        "text %d" % len(sys.path),
        tuple(range(900, 930)),
        types.SimpleNamespace(),
        (lambda: None),
        bytearray(70000),
        10 ** 50 + len(sys.path),
        1.5 * len(sys.path),
    ]

def many(count):
    return [Late() for _ in range(count)]

def few():
    return [bytes(300 + one) for one in range(7)]

def start(frames):
    tracemalloc.start(frames)
    return tracemalloc.is_tracing()

kept = early = late = None

def fill():
    global kept, late
    kept = [make(depth) for depth in (0, 1, 3, 10, 40)]
    late = many(300)
    return sum(map(len, kept))

def own(object):
    trace = tracemalloc.get_object_traceback(object)
    if trace is None:
        return None
    return {"frames": [[one.filename, one.lineno] for one in trace],
            "total": getattr(trace, "total_nframe", None)}

def owns():
    said = {}
    for row in kept:
        for one in row:
            said[hex(id(one))] = own(one)
        if own(row[0]) is None and own(row[1]):
            # gh-101430: 3.11 does not find its own trace of an object with a __dict__.
            # It is made in the line before.
            before = own(row[1])
            before["frames"][-1][1] -= 1
            said[hex(id(row[0]))] = before
    return json.dumps(said)

def by_line():
    # Of Late no block belongs to anything else: one for each object, of its size.
    rows = tracemalloc.take_snapshot().statistics("lineno")
    return json.dumps([[one.traceback[0].filename, one.traceback[0].lineno, one.count, one.size]
                       for one in rows])
if "early" in sys.argv:
    early = fill()
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module", params=[1, 5, 25, "started"])
def target(request, python):
    """Traces from its first moment on, to a depth; or from later on."""
    depth = request.param
    options = () if depth == "started" else ("-X", f"tracemalloc={depth}")
    with python.start(CODE, options=options) as target:
        if depth == "started":
            assert target.ask("start(7)") == "True"
        assert int(target.ask("fill()")) == 5 * 13
        target.wait_for_rest()
        yield target


@pytest.fixture(scope="module")
def file(plumb, target, tmp_path_factory):
    """A snapshot of it. Nothing has happened in it since it was filled."""
    path = tmp_path_factory.mktemp("tracemalloc") / "app.plumb"
    plumb("snap", target.pid, "-o", path, code=0)
    return path


@pytest.fixture(scope="module")
def owns(target, file):
    """address -> what the process says of it, oldest frame first."""
    said = json.loads(target.ask("owns()"))
    assert len(said) > 50
    assert sum(one is not None for one in said.values()) > 40
    return said


@pytest.fixture(scope="module")
def read(file):
    snapshot = plumb_reader.read(file.read_bytes())
    return snapshot, {address: node for node, address in enumerate(snapshot.nodes["NADR"])}


def frames_in(snapshot, node):
    frames, total = snapshot.trace(node)
    return [[name.decode(), line] for name, line in reversed(frames)], total


def test_every_object_was_allocated_where_the_process_says(owns, read):
    snapshot, nodes = read

    for address, own in owns.items():
        frames, total = frames_in(snapshot, nodes[int(address, 16)])
        if own is None:
            assert frames == []
            continue
        assert frames == own["frames"], address
        assert own["total"] in (None, total)


def test_show_and_why_tell_where(plumb, target, owns):
    known = {address: own for address, own in owns.items() if own}
    for address, own in list(known.items())[-4:]:
        shown = plumb("show", target.pid, address, "--json", code=0).json["allocated_at"]
        paths = plumb("why", target.pid, address, "--json", code=0).json["paths"]
        text = plumb("show", target.pid, address, code=0).stdout

        assert [[one["file"], one["line"]] for one in shown["frames"]] == own["frames"]
        assert paths[0]["allocated_at"] == shown
        assert own["total"] in (None, shown["total_frames"])
        lines = text.splitlines()
        last = "  {}:{}".format(*own["frames"][-1])
        assert last in lines
        if len(own["frames"]) > 1:
            before = "  {}:{}".format(*own["frames"][-2])
            assert lines[lines.index(last) - 1] == before
            assert lines.index("allocated at (most recent line last)") < lines.index(last)


def test_what_is_older_than_the_tracing_is_not_traced(plumb, target):
    address = target.ask("hex(id(None))")

    shown = plumb("show", target.pid, address, "--json", code=0).json

    assert shown["allocated_at"] is None


def rows_by_line(document):
    assert document["schema"] == "plumb.heap/1"
    return {(row["file"], row["line"]): row for row in document["rows"]}


def test_lines_have_as_many_objects_as_the_process_counts(plumb, target, file):
    rows = rows_by_line(plumb("heap", file, "--by", "line", "--json", code=0).json)
    line = json.loads(target.ask("json.dumps(own(late[0])['frames'][-1])"))
    said = {(name, line): (count, size) for name, line, count, size
            in json.loads(target.ask("by_line()"))}  # fmt: skip
    count, size = said[tuple(line)]
    row = rows[tuple(line)]

    # Besides those there is the list of them, with its items (and of some versions
    # the iterator and the comprehension's own function): a few blocks.
    assert row["objects"] >= 300
    assert abs(row["objects"] - count) <= 5
    assert row["memory"] >= row["bytes"]
    # sys.getsizeof has the collector's head, not what stands before it (3.11+).
    own = int(target.ask("sys.getsizeof(late[0])"))
    assert row["bytes"] >= 300 * own
    assert abs(row["memory"] - size) <= 300 * 16 + 2048


def test_the_rows_add_up(plumb, file):
    by_line = plumb("heap", file, "--by", "line", "--json", code=0).json
    by_type = plumb("heap", file, "--json", code=0).json
    rows = rows_by_line(by_line)

    assert len(rows) == len(by_line["rows"])
    assert (None, 0) in rows
    for key in "objects", "bytes", "memory":
        assert by_line[key] == by_type[key] == sum(row[key] for row in rows.values())


def test_a_snapshot_says_the_same_as_the_process(plumb, target, file):
    of_file = plumb("heap", file, "--by", "line", "--json", code=0).json
    of_process = plumb("heap", target.pid, "--by", "line", "--json", code=0).json

    name = target.ask("own(late[0])['frames'][-1][0]")
    wanted = [[row for row in one["rows"] if row["file"] == name] for one in (of_file, of_process)]
    # The program answers in lines of its own; what it keeps is in other ones.
    kept = json.loads(target.ask("json.dumps(sorted({own(one)['frames'][-1][1] "
                                 "for row in kept for one in row if own(one)}))"))  # fmt: skip
    first, second = [{row["line"]: row for row in rows if row["line"] in kept} for rows in wanted]
    assert len(first) > 5
    assert first == second


def test_a_copy_of_a_snapshot_keeps_the_lines(plumb, file, tmp_path):
    copy = tmp_path / "copy.plumb"
    plumb("snap", file, "-o", copy, "--no-values", code=0)

    rows = [plumb("heap", one, "--by", "line", "--json", code=0).json["rows"]
            for one in (file, copy)]  # fmt: skip

    assert rows[0] == rows[1]
    plumb("check", copy, code=0)


def test_a_core_says_the_same_as_the_process(plumb, python, tmp_path):
    cores.need_kernel_cores()
    sysroot = ["--sysroot", python.root] if python.root else []
    path = tmp_path / "live.plumb"
    with python.start(cores.LEAVES_CORE + CODE, options=("-X", "tracemalloc=5")) as target:
        target.ask("fill()")
        target.wait_for_rest()  # what an answer leaves for a moment is in one of the two only
        plumb("snap", target.pid, "-o", path, code=0)
        core = cores.kernel_core(target, signal.SIGABRT, tmp_path / "core")

    live = plumb("heap", path, "--by", "line", "--json", code=0).json
    dead = plumb("heap", core, *sysroot, "--by", "line", "--json", code=0).json

    assert len(live["rows"]) > 100
    assert dead["rows"] == live["rows"]


def test_what_others_record_is_not_of_objects(plumb, python):
    with python.start(CODE, options=("-X", "tracemalloc=3")) as target:
        target.ask("fill()")
        if target.ask("__import__('importlib.util').util.find_spec('_testcapi') is None") == "True":
            pytest.skip("no _testcapi")
        said = json.loads(target.ask("json.dumps(own(late[0]))"))
        # As numpy does of its data; from then on 3.8 keeps all its traces in another way.
        for address in "0x123450", "id(late[0])", "id(late[0]) - 16":
            ask = f"__import__('_testcapi').tracemalloc_track(77, {address}, 100)"
            assert target.ask(ask) == "None"
        assert json.loads(target.ask("json.dumps(own(late[0]))")) == said
        address = target.ask("hex(id(late[0]))")
        shown = plumb("show", target.pid, address, "--json", code=0).json["allocated_at"]

    assert [[one["file"], one["line"]] for one in shown["frames"]] == said["frames"]


def test_a_file_may_be_called_anything(plumb, python):
    name = "caf\u00e9 \u4e16.py"
    odd = f"exec(compile('def odd(): return bytes(2000)', {name!r}, 'exec'))\n"
    code = CODE.replace("def few", odd + "def few")
    with python.start(code, options=("-X", "tracemalloc=2")) as target:
        target.ask("late or exec('late = odd()', globals())")
        address = target.ask("hex(id(late))")
        said = json.loads(target.ask("json.dumps(own(late))"))
        shown = plumb("show", target.pid, address, "--json", code=0).json["allocated_at"]

    assert said["frames"][-1] == [name, 1]
    assert [[one["file"], one["line"]] for one in shown["frames"]] == said["frames"]


def test_diff_tells_the_lines_that_grew(plumb, python, tmp_path):
    before = tmp_path / "before.plumb"
    with python.start(CODE, options=("-X", "tracemalloc=3")) as target:
        target.ask("fill()")
        plumb("snap", target.pid, "-o", before, code=0)
        assert target.ask("[late.extend(many(500)), late.append(few())] and len(late)") == "801"
        line = json.loads(target.ask("json.dumps(own(late[0])['frames'][-1])"))
        few = json.loads(target.ask("json.dumps(own(late[-1][0])['frames'][-1])"))
        document = plumb("diff", before, target.pid, "--by", "line", "--json", code=0).json
        text = plumb("diff", before, target.pid, "--by", "line", code=0).stdout

    rows = {(row["file"], row["line"]): row for row in document["lines"]}
    row = rows[tuple(line)]
    assert row["objects_delta"] == row["objects"][1] - row["objects"][0]
    assert 500 <= row["objects_delta"] <= 503
    assert 7 <= rows[tuple(few)]["objects_delta"] <= 10
    assert rows[tuple(few)]["objects"][0] == 0
    assert "allocated at" in text
    words = next(one.split() for one in text.splitlines() if f":{line[1]} " in one)
    assert words[-3].startswith("+5")


def test_who_does_not_trace_is_told_how_to(plumb, python):
    with python.start(CODE) as target:
        answer = plumb("heap", target.pid, "--by", "line", code=3)
        assert "PYTHONTRACEMALLOC=10" in answer.stderr
        target.ask("fill()")
        shown = plumb("show", target.pid, target.ask("hex(id(late))"), code=0).stdout
        assert "allocated at" not in shown


def test_after_stop_nothing_is_traced(plumb, python):
    with python.start(CODE, options=("-X", "tracemalloc")) as target:
        target.ask("fill()")
        plumb("heap", target.pid, "--by", "line", code=0)
        target.ask("tracemalloc.stop()")
        answer = plumb("heap", target.pid, "--by", "line", code=3)
        assert f"process {target.pid} does not record where it allocates" in answer.stderr
        # And on again: what was made meanwhile has no trace.
        target.ask("start(2)")
        target.ask("late.append(few()) or 1")
        plumb("heap", target.pid, "--by", "line", code=0)
        old = target.ask("hex(id(late[0]))")
        new = target.ask("hex(id(late[-1][0]))")
        assert plumb("show", target.pid, old, "--json", code=0).json["allocated_at"] is None
        frames = plumb("show", target.pid, new, "--json", code=0).json["allocated_at"]["frames"]
        assert 1 <= len(frames) <= 2


@pytest.mark.parametrize("allocator", ["malloc", "debug"])
def test_it_does_not_matter_which_allocator_is_in_use(plumb, python, allocator, tmp_path):
    path = tmp_path / "app.plumb"
    env = {"PYTHONMALLOC": allocator, "PYTHONTRACEMALLOC": "4"}
    with python.start(CODE, env=env) as target:
        target.ask("fill()")
        plumb("snap", target.pid, "-o", path, code=0)
        said = json.loads(target.ask("owns()"))
    snapshot = plumb_reader.read(path.read_bytes())
    nodes = {address: node for node, address in enumerate(snapshot.nodes["NADR"])}

    for address, own in said.items():
        frames, _ = frames_in(snapshot, nodes[int(address, 16)])
        assert frames == (own["frames"] if own else []), address
