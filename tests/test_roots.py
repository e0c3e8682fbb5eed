# SPDX-License-Identifier: Apache-2.0
"""What plumb says the roots of a process are, against what the process says itself.

The program under test holds one thread in each situation that a stack can be
in; `truth()` describes them by sys._current_frames(), threading and id().
"""

import json
import subprocess
from collections import Counter
from types import SimpleNamespace

import pytest

from support.processes import ANSWER_LOOP
from support.program import Plumb

PROGRAM = r'''
import asyncio, atexit, gc, json, os, sys, threading, time
import collections, decimal, functools, email, http.client, logging, sqlite3

sys.setrecursionlimit(30000)
noted = {}
started = threading.Semaphore(0)


def note(name, value):
    noted[name] = id(value)
    return value


def wait():
    started.release()
    threading.Event().wait()


def plain(first, *rest, **options):
    local = note("local", ["plain"])
    number = 4711
    wait()
    return local


def closes_over(argument):
    captured = ["captured"]
    def inner():
        return captured, argument
    wait()
    return inner()


class Endless:
    def __iter__(self):
        return self
    def __next__(self):
        return 1


def on_the_value_stack():
    for one in note("iterator", Endless()):
        wait()


def pair(first, second):
    return first, second


def as_argument():
    return pair(note("argument", ["waits for its call"]), wait())


def handles_inside():
    try:
        raise note("inner", KeyError("inner"))
    except KeyError:
        wait()
    yield


def handles():
    try:
        raise note("handled", ValueError("handled"))
    except ValueError:
        next(handles_inside())


def generates():
    in_generator = note("in_generator", ["generator"])
    wait()
    yield in_generator


def runs_generator():
    for one in generates():
        pass


def waits_for(item):
    wait()
    return item


def comprehends():
    items = note("items", [note("item", ["item"])])
    return [waits_for(x) for x in items]


def deep(n):
    if n:
        deep(n - 1)
    else:
        wait()


class Body:
    def method(self):
        own = self
        wait()
        return own


def executes_class():
    class Inner:
        attribute = note("class_attribute", ["attribute"])
        wait()


async def leaf():
    kept = note("kept_by_coroutine", ["kept"])
    await asyncio.sleep(100000)
    return kept


async def branch():
    await leaf()


async def trunk():
    tasks = [note("task", asyncio.ensure_future(branch())) for _ in range(1)]
    noted["coroutine"] = id(tasks[0]._coro if hasattr(tasks[0], "_coro") else tasks[0].get_coro())
    holders.append(tasks[0])
    while True:
        if started_asyncio:
            started_asyncio.pop().release()
        await asyncio.sleep(100000)


holders = []
started_asyncio = [started]
body = note("body", Body())
threading.stack_size(256 << 20)
targets = {
    "deep": (deep, (5000,)),
    "asyncio": (lambda: asyncio.run(trunk()), ()),
}
for name, (function, arguments) in targets.items():
    threading.Thread(target=function, args=arguments, name=name, daemon=True).start()
    started.acquire()
threading.stack_size(0)
for function, arguments in [
    (plain, (1, 2, 3)), (closes_over, (["argument"],)), (on_the_value_stack, ()),
    (as_argument, ()), (handles, ()), (runs_generator, ()), (comprehends, ()),
    (body.method, ()), (executes_class, ()),
]:
    threading.Thread(target=function, args=arguments, name=function.__name__, daemon=True).start()
    started.acquire()
for number in range(int(sys.argv[1])):
    threading.Thread(target=wait, name="many \"%d\"" % number, daemon=True).start()
    started.acquire()


def suspended(size):
    big = note("big", ["big"] * size)
    def inner():
        return big
    for one in range(3):
        yield inner


generator = note("generator", suspended(7))
next(generator)
finished = (one for one in [1])
list(finished)


def recorded():
    try:
        raise note("recorded", RuntimeError("recorded"))
    except RuntimeError as error:
        return error


error = recorded()
on_exit = note("on_exit", lambda *arguments, **keywords: None)
exit_argument = note("exit_argument", ["argument of atexit"])
atexit.register(on_exit, exit_argument, key=1)
gc.callbacks.append(note("callback", lambda phase, info: None))
frames_kept = []


def cells_of(values):
    cells = {}
    for value in values:
        code = getattr(value, "__code__", None)
        if code and value.__closure__:
            cells.update(zip(code.co_freevars, map(id, value.__closure__)))
    return cells


def frame_truth(frame):
    code = frame.f_code
    captured = set(code.co_cellvars) | set(code.co_freevars)
    values = dict(frame.f_locals) if frame.f_locals is not frame.f_globals else {}
    frames_kept.append(frame)
    return {
        "name": code.co_name,
        "file": os.path.basename(code.co_filename),
        "line": frame.f_lineno,
        "frame": id(frame),
        "code": id(code),
        "locals": {k: id(v) for k, v in values.items() if k not in captured},
        "cells": cells_of(values.values()),
    }


def stack_truth(frame):
    stack = []
    while frame:
        stack.append(frame_truth(frame))
        frame = frame.f_back
    return stack


def truth():
    frames = sys._current_frames()
    mine = threading.get_ident()
    return json.dumps({
        "threads": [
            {"name": one.name, "ident": one.ident, "native": one.native_id,
             "stack": stack_truth(frames[one.ident]) if one.ident != mine else None}
            for one in threading.enumerate()
        ],
        "modules": {str(name): id(module) for name, module in sys.modules.items()},
        "noted": noted,
    })


def static_types():
    seen, todo = {}, [object]
    while todo:
        one = todo.pop()
        if id(one) not in seen:
            seen[id(one)] = one
            todo += type.__subclasses__(one)
    return json.dumps({
        one.__name__: id(one) for one in seen.values() if not one.__flags__ & 1 << 9
    })


def interned_names():
    return json.dumps([id(sys.intern("a name that nobody else has %d" % n)) for n in range(3)])
''' + ANSWER_LOOP

MANY = 60
TOOL = Plumb().path.parent / "tests" / "tools" / "dump_roots"


def dump(pid, *addresses, memory=False):
    """The events that dump_roots prints, and the threads they make up."""
    command = [TOOL]
    options = ["--memory"] if memory else []
    done = subprocess.run(
        [*command, *options, str(pid), *map(str, addresses)],
        capture_output=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    events = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return SimpleNamespace(
        events=events, threads=threads_of(events), roots=roots_of(events), end=events[-1],
        objects=objects_of(events),
    )


def threads_of(events):
    threads, current = [], None
    for event in events:
        if event["event"] == "thread":
            current = {**event, "references": [], "frames": []}
            threads.append(current)
        elif event["event"] == "frame":
            current["frames"].append({**event, "references": []})
        elif event["event"] == "reference" and event["of"] == "thread":
            current["references"].append(event)
        elif event["event"] == "reference" and event["of"] == "frame":
            current["frames"][-1]["references"].append(event)
    return threads


def roots_of(events):
    roots = {}
    for event in events:
        if event["event"] == "root":
            roots.setdefault(event["kind"], []).append((event["name"], event["to"]))
    return roots


def objects_of(events):
    objects, current = {}, None
    for event in events:
        if event["event"] == "object":
            current = objects[event["address"]] = {**event, "references": []}
        elif event["event"] == "reference" and event["of"] == "object":
            current["references"].append(event)
    return objects


@pytest.fixture(scope="module")
def looks():
    """One target and one look for each interpreter."""
    cache = {}

    def look(python):
        if python.name not in cache:
            target = python.start(PROGRAM, [MANY], timeout=120)
            said = json.loads(target.ask("truth()"))
            addresses = [said["noted"][name] for name in ("generator", "task", "coroutine", "recorded")]
            cache[python.name] = SimpleNamespace(
                target=target, said=said, found=dump(target.pid, *addresses)
            )
        return cache[python.name]

    yield look
    for one in cache.values():
        one.target.stop()


def thread_named(found, name):
    chosen = [one for one in found.threads if one["name"].endswith(f" ({name})")]
    assert len(chosen) == 1, (name, [one["name"] for one in found.threads])
    return chosen[0]


def frame_named(thread, name):
    return next(one for one in thread["frames"] if one["name"].startswith(name + " ("))


def references(of, *kinds):
    return {
        (one["name"] or one["number"]): one["to"]
        for one in of["references"] if one["kind"] in kinds
    }


def test_every_thread_is_named_as_in_the_process(python, looks):
    look = looks(python)
    wanted = Counter(f"thread {one['native']} ({one['name']})" for one in look.said["threads"])
    assert Counter(one["name"] for one in look.found.threads) == wanted
    assert look.found.end["threads"] == len(look.said["threads"])


def test_stacks_have_the_frames_lines_and_objects_of_the_process(python, looks):
    look = looks(python)
    compared = 0
    for one in look.said["threads"]:
        if one["stack"] is None:
            continue
        frames = thread_named(look.found, one["name"])["frames"]
        wanted = [f"{f['name']} ({f['file']}:{f['line']})" for f in one["stack"]]
        assert [frame["name"] for frame in frames] == wanted
        assert [frame["object"] for frame in frames] == [f["frame"] for f in one["stack"]]
        compared += len(frames)
    assert compared > 5000 + MANY


def test_locals_are_those_of_the_process(python, looks):
    look = looks(python)
    names = 0
    for one in look.said["threads"]:
        stack = one["stack"] or []
        for frame, wanted in zip(thread_named(look.found, one["name"])["frames"], stack):
            told = references(frame, "local")
            assert {**told, **wanted["locals"]} == told or "__module__" in wanted["locals"], wanted
            for name, cell in wanted["cells"].items():
                if name in told:
                    assert told[name] == cell
            names += len(wanted["locals"])
            assert references(frame, "attribute")["f_code"] == wanted["code"]
    assert names > 5000


def test_a_captured_variable_is_told_with_its_cell(python, looks):
    look = looks(python)
    stack = next(one["stack"] for one in look.said["threads"] if one["name"] == "closes_over")
    wanted = next(one for one in stack if one["name"] == "closes_over")["cells"]
    told = references(frame_named(thread_named(look.found, "closes_over"), "closes_over"), "local")
    assert set(wanted) == {"captured", "argument"}
    assert {name: told[name] for name in wanted} == wanted


@pytest.mark.parametrize("thread, function, noted", [
    ("on_the_value_stack", "on_the_value_stack", "iterator"),
    ("as_argument", "as_argument", "argument"),
])
def test_what_only_the_value_stack_holds_is_found(python, looks, thread, function, noted):
    look = looks(python)
    frame = frame_named(thread_named(look.found, thread), function)
    told = [one for one in frame["references"] if one["to"] == look.said["noted"][noted]]
    assert told and told[0]["kind"] in ("stack", "conservative")
    if python.minor >= (3, 11):
        # A caller of Python code has its depth written back.
        assert told[0]["kind"] == "stack"


def test_a_running_generator_has_its_locals_on_the_stack(python, looks):
    look = looks(python)
    frame = frame_named(thread_named(look.found, "runs_generator"), "generates")
    assert references(frame, "local")["in_generator"] == look.said["noted"]["in_generator"]


def test_a_comprehension_has_its_variable(python, looks):
    look = looks(python)
    function = "comprehends" if python.minor >= (3, 12) else "<listcomp>"
    frame = frame_named(thread_named(look.found, "comprehends"), function)
    assert references(frame, "local")["x"] == look.said["noted"]["item"]


def test_a_class_body_has_its_namespace(python, looks):
    look = looks(python)
    frame = frame_named(thread_named(look.found, "executes_class"), "Inner")
    assert "f_locals" in references(frame, "attribute")


def test_exceptions_that_are_handled_are_held_by_the_thread(python, looks):
    look = looks(python)
    held = [
        one["to"]
        for one in thread_named(look.found, "handles")["references"]
        if one["name"] == "exc_info.value"
    ]
    assert [one for one in held if one in look.said["noted"].values()] == [
        look.said["noted"]["inner"], look.said["noted"]["handled"]
    ]


def test_modules_are_those_of_sys_modules(python, looks):
    look = looks(python)
    assert dict(look.found.roots["module"]) == look.said["modules"]
    assert len(look.found.roots["module"]) == len(look.said["modules"])


def test_interpreters_hold_callbacks(python, looks):
    look = looks(python)
    noted = look.said["noted"]
    roots = dict(look.found.roots["interpreter"])
    exits = {name: to for name, to in roots.items() if name.startswith("interpreter.atexit")}
    if python.minor >= (3, 14):
        found = dump(look.target.pid, exits["interpreter.atexit"])
        items = found.objects[exits["interpreter.atexit"]]["references"]
        tuples = dump(look.target.pid, *[one["to"] for one in items if one["kind"] == "index"])
        held = {one["to"] for item in tuples.objects.values() for one in item["references"]}
    else:
        held = set(exits.values())
    assert noted["on_exit"] in held
    callbacks = dump(look.target.pid, roots["gc.callbacks" if "gc.callbacks" in roots
                                            else "interpreter.gc.callbacks"])
    assert noted["callback"] in [
        one["to"] for one in next(iter(callbacks.objects.values()))["references"]
    ]
    assert roots["interpreter.builtins"] and roots["interpreter.sysdict"]


def test_static_types_are_all_there(python, looks):
    look = looks(python)
    wanted = json.loads(look.target.ask("static_types()"))
    told = {to for _, to in look.found.roots["static-type"]}
    assert len(wanted) > 50
    assert not {name for name, address in wanted.items() if address not in told}


def test_interned_strings_are_a_root(python, looks):
    look = looks(python)
    strings = json.loads(look.target.ask("interned_names()"))
    assert strings
    names = [name for name, _ in look.found.roots["interpreter"]]
    assert "interned strings" in names or "interpreter.interned_strings" in names


def test_a_suspended_generator_holds_its_variables(python, looks):
    look = looks(python)
    noted = look.said["noted"]
    generator = look.found.objects[noted["generator"]]
    if python.minor < (3, 11):
        frame = references(generator, "attribute")["gi_frame"]
        generator = dump(look.target.pid, frame).objects[frame]
    told = references(generator, "local")
    assert set(told) == {"size", "big", "inner", "one"}
    cell = dump(look.target.pid, told["big"]).objects[told["big"]]
    assert references(cell, "attribute") == {"cell_contents": noted["big"]}
    assert int(look.target.ask("sys.getsizeof(generator)")) == look.found.objects[
        noted["generator"]]["size"]


def test_a_task_leads_to_what_its_coroutines_hold(python, looks):
    look = looks(python)
    noted = look.said["noted"]
    task = look.found.objects[noted["task"]]
    assert references(task, "attribute")["_coro"] == noted["coroutine"]
    todo, seen = [noted["coroutine"]], set()
    for _ in range(6):
        found = dump(look.target.pid, *todo).objects
        seen.update(todo)
        todo = [
            one["to"] for item in found.values() for one in item["references"]
            if one["to"] not in seen and one["kind"] in ("attribute", "local", "stack")
            and one["name"] in ("", "cr_await", "cr_frame", "kept")
        ]
        if noted["kept_by_coroutine"] in todo:
            return
        if not todo:
            break
    pytest.fail("no way from the task to what its coroutine keeps")


def test_sub_interpreters_have_modules_and_fields_of_their_own(python, start):
    code = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import threading
made = interpreters.create()
def run():
    run = getattr(interpreters, "run_string", None) or interpreters.exec
    run(made, "import json, sys\\nsys.here = [1]")
run()
""" + ANSWER_LOOP
    target = start(python, code)
    found = dump(target.pid)
    modules = dict(found.roots["module"])
    assert any(name.endswith(": json") and name.startswith("interpreter ") for name in modules)
    assert modules["sys"] == int(target.ask("id(sys)"))
    assert any(name.endswith(".sysdict") and name != "interpreter.sysdict"
               for name, _ in found.roots["interpreter"])


def test_words_of_memory_lie_in_the_target(python, looks):
    look = looks(python)
    found = dump(look.target.pid, memory=True)
    assert 100 < len(found.roots["memory"]) < 1000000
    assert found.end["words"] == len(found.roots["memory"])
    assert all("+0x" in name for name, _ in found.roots["memory"])


LOSES_OBJECTS = (
    """
import ctypes

def lose(objects):
    for one in objects:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))
    return list(map(id, objects))

lists = [[] for _ in range(79)]
lists.clear()  # on the list of free ones, which is now full
lost_lists = lose([[None, number] for number in range(40)])

class Shelf: pass
for number in range(300):
    setattr(Shelf, "method%d" % number, lambda self: None)
    getattr(Shelf, "method%d" % number)  # is in the cache of look-ups now
lost_methods = lose([vars(Shelf)["method%d" % number] for number in range(300)])
del Shelf

classes = [type("Lost%d" % number, (), {"name": number}) for number in range(50)]
for one in classes:
    one.name
lost_classes = lose(classes)
del classes, one, number
"""
    + ANSWER_LOOP
)


@pytest.mark.parametrize("kind, count", [("lists", 40), ("methods", 300), ("classes", 50)])
def test_what_only_remembers_an_object_does_not_hold_it(python, kind, count):
    """Slots of free lists beyond their ends (until 3.13), and caches, are not cleared."""
    with python.start(LOSES_OBJECTS) as target:
        lost = set(json.loads(target.ask(f"lost_{kind}")))
        found = dump(target.pid, memory=True)
        assert len(lost) == count
        assert [name for name, to in found.roots["memory"] if to in lost] == []
