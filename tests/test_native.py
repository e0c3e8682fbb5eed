# SPDX-License-Identifier: Apache-2.0
"""Native memory in the graph, held against a program that knows what it holds.

The program calls malloc itself and keeps each pointer in one place alone; an int
in Python is no such place, as its digits have 30 bits. tests/tools/dump_native
says which blocks the capture has, who holds them and what is reached from roots:
2, by references to the starts of blocks; 1, by pointers into their middle as
well; 0, by nothing.
"""

import ast
import json
import subprocess

import pytest

from support.pictures import tool
from support.processes import ANSWER_LOOP, files_of_threads

LEAKED = 1000
LEAKED_SIZE = 1736
LEFT = 100  # by a thread that has ended
LEFT_SIZE = 2776
COPIES = 9

CODE = (
    """
import array, ctypes, os, threading

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.read.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
libc.pthread_setspecific.argtypes = [ctypes.c_uint, ctypes.c_void_p]
raw_malloc = ctypes.pythonapi.PyMem_RawMalloc
raw_malloc.restype = ctypes.c_void_p
raw_malloc.argtypes = [ctypes.c_size_t]
held = {}
blocks = {}

def malloc(name, size=200):
    blocks[name] = libc.malloc(size)
    ctypes.memset(blocks[name], 0, size)
    return blocks[name]

def store(place, value):
    ctypes.c_void_p.from_address(place).value = value

def hold():
    ctypes.c_void_p.in_dll(libc, "optarg").value = malloc("global")
    held["object"] = ctypes.c_void_p(malloc("object"))
    held["interior"] = ctypes.c_void_p(malloc("interior") + 40)
    held["parent"] = ctypes.c_void_p(malloc("parent"))
    store(blocks["parent"] + 8, malloc("child"))
    store(blocks["parent"] + 16, malloc("inner child") + 24)
    blocks["raw"] = raw_malloc(200)
    held["raw"] = ctypes.c_void_p(blocks["raw"])
    held["large"] = ctypes.c_void_p(malloc("large", 3 << 20))
    keep("key of the first")

def keep(name):
    key = ctypes.c_uint()
    libc.pthread_key_create(ctypes.byref(key), None)
    libc.pthread_setspecific(key, malloc(name))
    return key

# Each several times, far apart.
def lose():
    for copy in map(str, range(%d)):
        store(malloc("lost" + copy) + 8, malloc("lost child" + copy))
        store(malloc("lost cycle" + copy) + 8, malloc("lost partner" + copy))
        store(blocks["lost partner" + copy] + 8, blocks["lost cycle" + copy])
        store(malloc("lost self" + copy), blocks["lost self" + copy])
        libc.pthread_setspecific(keep("lost key" + copy), None)
        libc.malloc(50000)

def wait(reader):
    keep("key")
    libc.read(reader, malloc("stack"), 1)

def leave():
    for number in range(%d):
        libc.malloc(%d)

# Far below where the thread's stack ends later: what was left there is no part of it any more.
def deep(function, depth=8):
    return max([0], key=lambda _: deep(function, depth - 1) or 0) if depth else function()

# In memory that nobody has used before: what pointed there once leads nowhere.
def lose_and_wait(reader):
    deep(lose)
    deep(leak)
    clean()
    done.set()
    libc.read(reader, None, 1)

def leak():
    for number in range(%d):
        libc.malloc(%d)

def own():
    held["bytearray"] = bytearray(70001)
    held["array"] = array.array("d", [0.0]) * 9000
    held["list"] = [None] * 8000
    held["bytes"] = bytes(70003)
    place = id(held["list"]) + object.__basicsize__ + 8
    blocks["list items"] = ctypes.c_void_p.from_address(place).value
    blocks["array items"] = held["array"].buffer_info()[0]
    first = ctypes.c_char.from_buffer(held["bytearray"])
    blocks["bytearray items"] = ctypes.addressof(first)

def clean(depth=60):
    return clean(depth - 1) + 1 if depth else len(sorted(map(str, range(2000))))

hold()
own()
ending = threading.Thread(target=leave)
ending.start()
ending.join()
done = threading.Event()
readers = os.pipe()[0], os.pipe()[0]
threads = [
    threading.Thread(target=work, args=(reader,), daemon=True, name=work.__name__)
    for work, reader in zip((lose_and_wait, wait), readers)
]
threads[0].start()
done.wait()
threads[1].start()
clean()
"""
    % (COPIES, LEFT, LEFT_SIZE, LEAKED, LEAKED_SIZE)
    + ANSWER_LOOP
)

# What the program keeps, and how it is reached from a root.
REACHED = {
    "global": 2,
    "object": 2,
    "interior": 1,
    "parent": 2,
    "child": 2,
    "inner child": 1,
    "raw": 2,
    "large": 2,
    "key": 2,
    "key of the first": 2,
    "stack": 2,
}
LOST = ("lost", "lost child", "lost cycle", "lost partner", "lost self", "lost key")
STORAGE = ("list items", "array items", "bytearray items")


class Dump:
    """What dump_native tells of a process or core."""

    def __init__(self, target, *arguments):
        done = subprocess.run(
            [tool("dump_native"), str(target), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.blocks = {row["block"]: row for row in rows if "block" in row}
        self.roots = [row for row in rows if "root" in row]
        self.objects = [row for row in rows if "object" in row]
        self.sums = rows[-1]

    def holding(self, address):
        """The block that address is in."""
        for block in self.blocks.values():
            if 0 <= address - block["block"] < block["size"]:
                return block
        return None

    def holders(self, address):
        return {(holder[0], holder[2]) for holder in self.holding(address)["holders"]}


def begin(start, python, **options):
    target = start(python, CODE, **options)
    waiter = target.ask("threads[1].native_id")
    # The threads are in read(), too: then all its pointers are where they stay.
    for _ in range(2000):
        calls = files_of_threads(target.pid, "syscall")
        if len(calls) == 3 and all(call.startswith("0 ") for call in calls.values()):
            break
        target.ask("os.sched_yield()")
    return target, ast.literal_eval(target.ask("blocks")), waiter


def check_held(dump, blocks):
    assert dump.sums["has_native"]
    reached = {name: dump.holding(blocks[name])["reached"] for name in REACHED}
    # A stack may still have a pointer that nobody uses any more.
    assert all(reached[name] >= REACHED[name] for name in REACHED), reached
    for name in STORAGE:
        assert dump.holding(blocks[name]) is None, name
    # Something may point into one from before, when another block was there.
    for name in LOST:
        copies = [dump.holding(blocks[name + str(copy)]) for copy in range(COPIES)]
        assert [copy["reached"] for copy in copies].count(0) > COPIES / 2, name
        if name in ("lost", "lost key"):
            assert [copy["holders"] for copy in copies].count([]) > COPIES / 2, name
    for name in ("global", "child", "parent", "large"):
        block = dump.holding(blocks[name])
        assert block["block"] == blocks[name] and block["size"] >= 200 and block["flags"] == 0
        assert block["memory"] > block["size"]
    assert ("ctypes.c_void_p", "conservative") in dump.holders(blocks["object"])
    assert ("ctypes.c_void_p", "interior") in dump.holders(blocks["interior"])
    # Zeros, but for a pointer or two.
    assert ("(native block) data", "conservative") in dump.holders(blocks["child"])
    assert ("(native block) data", "interior") in dump.holders(blocks["inner child"])
    assert ("(native block) data", "conservative") in dump.holders(blocks["lost child0"])
    assert any(name.endswith(" (optarg)") for name, _ in dump.holders(blocks["global"]))


def check_threads(dump, blocks, waiter, pid):
    names = {name for name, _ in dump.holders(blocks["stack"])}
    if waiter != "None":
        assert f"registers of thread {waiter} (wait)" in names, names
    names = {name for name, _ in dump.holders(blocks["key"])}
    assert any(name.startswith("stack of thread") for name in names), names
    assert any(root["root"].startswith(f"stack of thread {pid} ") for root in dump.roots)
    assert {root["tier"] for root in dump.roots} == {3}


def check_leaked(dump):
    leaked = [block for block in dump.blocks.values() if block["size"] == LEAKED_SIZE]
    unreached = [block for block in leaked if not block["reached"]]
    others = [block for block in leaked if block["reached"]]
    # As above.
    assert LEAKED - 30 <= len(unreached) <= LEAKED, others
    assert len(leaked) >= LEAKED and not any(block["holders"] for block in unreached)


    left = [block["reached"] for block in dump.blocks.values() if block["size"] == LEFT_SIZE]
    assert len(left) >= LEFT and left.count(0) >= LEFT - 20, left


def check(dump, blocks, waiter, pid):
    check_held(dump, blocks)
    check_threads(dump, blocks, waiter, pid)
    check_leaked(dump)


@pytest.mark.parametrize("pause", ["fork", "copy"])
def test_each_block_is_held_by_what_holds_it(start, python, pause):
    target, blocks, waiter = begin(start, python)
    check(Dump(target.pid, pause), blocks, waiter, target.pid)


@pytest.mark.parametrize("allocator", ["malloc", "debug", "malloc_debug"])
def test_objects_may_lie_in_malloc_and_blocks_behind_a_header(start, python, allocator):
    target, blocks, waiter = begin(start, python, env={"PYTHONMALLOC": allocator})
    check(Dump(target.pid), blocks, waiter, target.pid)


def test_a_core_tells_the_same(start, python, plumb, tmp_path):
    target, blocks, waiter = begin(start, python)
    plumb("core", target.pid, "-o", tmp_path / "core")
    check(Dump(tmp_path / "core"), blocks, waiter, target.pid)


def test_what_tracemalloc_traces_it_does_not_hold(start, python):
    target, blocks, waiter = begin(start, python, env={"PYTHONTRACEMALLOC": "1"})
    check(Dump(target.pid), blocks, waiter, target.pid)


FRAMES = """
def make(size):
    names = {}
    lines = "".join(f"    local{i} = depth\\n" for i in range(size))
    exec(f"def step(depth):\\n{lines}    return walk(depth - 1)", names)
    return names

makers = [make(size) for size in (1, 40, 60, 80, 5, 70)]

def walk(depth):
    return makers[depth % 6]["step"](depth) if depth else 0

for names in makers:
    names["walk"] = walk
for _ in range(5):
    walk(190)
"""


def test_frames_that_python_keeps_are_held_by_each_other(python, plumb):
    """Until 3.10 on a list through small ones in pymalloc and large ones in malloc."""
    with python.start(FRAMES + ANSWER_LOOP) as target:
        document = plumb("leaks", target.pid, "--json", code=0).json
    assert [row for row in document["native"] if row["kind"] == "definite"] == []
