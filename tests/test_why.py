# SPDX-License-Identifier: Apache-2.0
"""`plumb why`: the paths are those that Python would take, and can be typed in."""

import ast
import re
import shutil
import subprocess

import pytest

from support.processes import ANSWER_LOOP

CODE = (
    """
import sys, weakref

twins = []
class User: pass
class Session: pass
class Weakly: pass
class Link: pass

class Cache:
    def __init__(self):
        self._sessions = {}

cache = Cache()
for number in range(300):
    session = Session()
    session.user = User()
    cache._sessions["key%d" % number] = session
del session

def in_default(known=[]):
    return known

class InDefault: pass
in_default.__defaults__[0].extend(InDefault() for _ in range(10))

def closure():
    held = InClosure()
    def inner():
        return held
    return inner

class InClosure: pass
function = closure()

held_weakly = weakref.WeakValueDictionary()
weakly = Weakly()
held_weakly["x"] = weakly

class OnClass: pass
Cache.shared = OnClass()

class Chain: pass
head = {"next": None}
last = head
for number in range(20000):
    last["next"] = {"next": None, "payload": None}
    last = last["next"]
last["payload"] = Chain()
del last

import threading
class InThread: pass
def work():
    mine = [InThread() for _ in range(3)]
    never.wait()
never = threading.Event()
worker = threading.Thread(target=work, name="worker", daemon=True)
worker.start()

class InRunning: pass
async def serve():
    mine = [InRunning() for _ in range(3)]
    never.wait()
serving = serve()

class InLone: pass
def lone():
    mine = [InLone() for _ in range(3)]
    never.wait()
    yield

def run_coroutine():
    serving.send(None)
def run_generator():
    next(lone())
for run in run_coroutine, run_generator:
    threading.Thread(target=run, name=run.__name__, daemon=True).start()

import _lsprof
profiler = _lsprof.Profiler()
profiler.enable()
sorted([])
profiler.disable()
profiled = [id(entry.code) for entry in profiler.getstats() if isinstance(entry.code, str)]
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module")
def target(python):
    with python.start(CODE) as target:
        yield target


def first_path(plumb, target, what):
    document = plumb("why", target.pid, what, "--json", code=0).json
    assert document["schema"] == "plumb.why/1"
    assert document["selector"] == what
    return document["paths"][0]


PATHS = {
    "__main__.User": ("__main__.cache._sessions[*].user", 300),
    "Session": ("__main__.cache._sessions[*]", 300),
    "InDefault": ("__main__.in_default.__defaults__[0][*]", 10),
    "InClosure": ("__main__.function.__closure__[0].cell_contents", 1),
    "OnClass": ("__main__.Cache.shared", 1),
    "Weakly": ("__main__.weakly", 1),
}


def test_paths_read_like_python_and_examples_are_python(plumb, target):
    for what, (text, objects) in PATHS.items():
        path = first_path(plumb, target, what)
        assert (path["text"], path["objects"]) == (text, objects)
        assert path["root"] == "__main__"
        assert path["example_is_python"]
        found = int(target.ask(f"id({path['example']})"))
        assert found == int(path["steps"][-1]["address"], 16)


def test_threads_are_called_as_python_and_the_system_call_them(plumb, target):
    path = first_path(plumb, target, "InThread")
    root = "thread %s (worker)" % target.ask("worker.native_id")
    assert path["root"] == root
    assert path["text"].startswith(root + " > work (target.py:")
    assert path["text"].endswith("): mine[*]")


def test_a_running_coroutine_is_held_by_what_holds_it_when_it_waits(plumb, target):
    path = first_path(plumb, target, "InRunning")
    assert path["text"] == "__main__.serving.cr_frame.f_locals['mine'][*]"
    assert path["objects"] == 3
    path = first_path(plumb, target, "InLone")
    assert re.fullmatch(
        r"thread \d+ \(run_generator\) > lone \(target\.py:\d+\): mine\[\*\]", path["text"]
    )


def test_a_long_chain_is_one_path(plumb, target):
    path = first_path(plumb, target, "Chain")
    assert path["text"] == "__main__.head(['next'])*['payload']"
    assert path["objects"] == 1
    assert len(path["steps"]) < 600
    assert "missing" in [step["edge"] for step in path["steps"]]


def test_each_step_of_an_example_leads_where_it_says(plumb, target):
    path = first_path(plumb, target, "User")
    words = "sys.modules['__main__']"
    assert path["steps"][0]["edge"] == "root"
    for step in path["steps"][1:]:
        words += step["label"]
        assert int(target.ask(f"id({words})")) == int(step["address"], 16)
        assert target.ask(f"type({words}).__name__") == step["type"].rpartition(".")[2]


def test_what_c_memory_of_an_unknown_type_holds_is_reached(plumb, target):
    # The names of C functions that a profiler saw are in a tree of its own alone.
    addresses = ast.literal_eval(target.ask("profiled"))
    assert addresses
    for address in addresses:
        (path,) = plumb("why", target.pid, hex(address), "--json", code=0).json["paths"]
        assert path["text"] == "__main__.profiler.<?>"
        assert path["steps"][-1]["edge"] == "conservative"
        assert not path["example_is_python"]


def test_an_address_is_one_object(plumb, target):
    address = hex(int(target.ask("id(cache._sessions['key7'])")))
    path = first_path(plumb, target, address)
    assert path["text"] == "__main__.cache._sessions['key7']"
    assert path["objects"] == 1


def test_what_only_weak_references_hold_is_on_no_path(plumb, target):
    document = plumb("why", target.pid, "Weakly", "--json", code=0).json
    assert [path["text"] for path in document["paths"]] == ["__main__.weakly"]


def test_an_unknown_name_suggests_the_nearest(plumb, target):
    result = plumb("why", target.pid, "Sessi", code=3)
    assert result.stdout == ""
    assert result.stderr == (
        "plumb: no object is of a type named Sessi (did you mean __main__.Session?)\n"
    )


def test_types_of_one_name_are_said_to_be_several(plumb, target):
    target.ask("twins.extend(type('Twin', (), {})() for number in range(3))")
    document = plumb("why", target.pid, "Twin", "--json", code=0).json
    assert (document["types"], document["objects"]) == (3, 3)
    lines = plumb("why", target.pid, "Twin", code=0).stdout.splitlines()
    assert lines[1].startswith("these are objects of 3 types of that name")
    rows = plumb("heap", target.pid, "--json", code=0).json["rows"]
    twins = [row for row in rows if row["type"] == "__main__.Twin"]
    assert [row["objects"] for row in twins] == [1, 1, 1]
    assert len({row["address"] for row in twins}) == 3
    assert plumb("why", target.pid, "User", "--json", code=0).json["types"] == 1


def test_the_text_starts_with_the_answer(plumb, target):
    lines = plumb("why", target.pid, "User", code=0).stdout.splitlines()
    assert lines[0].startswith("300 User (")
    assert lines[0].endswith(", all held by __main__.cache._sessions[*].user")
    assert max(map(len, lines[2:])) <= 80
    assert any("['key0']" in line and "__main__.Session" in line for line in lines)


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_the_picture_is_one_that_graphviz_draws(plumb, target, tmp_path):
    picture = tmp_path / "why.dot"
    plumb("why", target.pid, "User", "--dot", picture, code=0)
    drawn = subprocess.run(
        ["dot", "-Tsvg", picture], capture_output=True, text=True, check=True
    )
    assert drawn.stderr == ""
    for words in "_sessions", "__main__.User", "300 objects":
        assert words in drawn.stdout

    to_stdout = plumb("why", target.pid, "dict", "--dot", "-", code=0).stdout
    subprocess.run(["dot", "-Tsvg"], input=to_stdout, capture_output=True, text=True, check=True)
