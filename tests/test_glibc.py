# SPDX-License-Identifier: Apache-2.0
"""What plumb tells of glibc's blocks, held against a program that knows what it holds.

The program (HOLDER) calls malloc and free itself, in several threads, says which
blocks it is going to hold and which to give back, then gives them back, has glibc
sum up its arenas, and waits in a raw read(): not one allocation lies between the
last sums and the moment that tests/tools/dump_blocks looks.
"""

import json
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from support.pictures import tool
from support.processes import ANSWER_LOOP, files_of_threads

HOLDER = Path(__file__).parent / "support" / "block_holder.py"
MALLINFO = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks")
MALLINFO += ("uordblks", "fordblks", "keepcost")
IN_USE = {"used", "mapped"}

SETTINGS = {
    "plain": {},
    "one-arena": {"MALLOC_ARENA_MAX": "1"},
    "scattered": {"BLOCK_BRK": "1"},
    "huge-pages": {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=2"},
    "no-cache": {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"},
}


def memory_of(pid, address, size):
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(address)
        return memory.read(size)


def wait_for_read(pid):
    """Until the main thread is in read(0, ...)."""
    deadline = time.monotonic() + 30
    while not Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 "):
        assert time.monotonic() < deadline
        time.sleep(0.002)


def wait_for_threads(pid, count):
    """Until as many are left, and each is in read(): join() returns before a thread has ended, and
    what it then gives back it gives back at any time."""
    deadline = time.monotonic() + 30
    while True:
        calls = files_of_threads(pid, "syscall").values()
        if len(calls) == count and all(call.startswith("0 ") for call in calls):
            return
        assert time.monotonic() < deadline
        time.sleep(0.002)


def dump(target):
    done = subprocess.run(
        [tool("dump_blocks"), str(target)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Holder:
    """A program at rest: what it said, and what glibc in it said last."""

    def __init__(self, target):
        self.pid = target.pid
        self.said = json.loads(target.read_line())
        wait_for_threads(self.pid, 1 + self.said["threads"])
        target.tell("go")
        assert target.read_line() == "done"
        wait_for_read(self.pid)
        self.minor = int(self.said["glibc"].split(".")[1])
        self.dump = dump(self.pid)
        self.blocks = {block: (usable, state) for block, usable, state, _ in self.dump["blocks"]}

    def read(self, address, size):
        return memory_of(self.pid, address, size)

    @property
    def later(self):
        """Blocks that it allocated at the very end: addresses and sizes."""
        count = self.said["later_count"]
        words = struct.unpack(f"={2 * count}Q", self.read(self.said["later"], 16 * count))
        return list(zip(words[::2], words[1::2]))

    @property
    def mallinfo(self):
        if self.said["has_mallinfo2"]:
            values = struct.unpack("=10Q", self.read(self.said["mallinfo"], 80))
        else:
            values = struct.unpack("=10I", self.read(self.said["mallinfo"], 40))
        return dict(zip(MALLINFO, values))

    @property
    def malloc_info(self):
        text = self.read(self.said["malloc_info"], 1 << 18).split(b"\0")[0].decode()
        assert text.rstrip().endswith("</malloc>"), text[-200:]
        return text


@pytest.fixture(scope="module", params=SETTINGS)
def holder(python, request):
    """One program for all that is asked of it."""
    with python.start(HOLDER, env=SETTINGS[request.param]) as target:
        found = Holder(target)
        found.setting = request.param
        yield found


def test_every_block_that_is_held_is_told_with_its_size(holder):
    wrong = {}
    for block, size in holder.said["held"]:
        told = holder.blocks.get(block)
        if not told or told[0] != size or told[1] not in IN_USE:
            wrong[block] = (size, told)
    assert not wrong
    for block, size in holder.later:
        assert holder.blocks[block][0] >= size and holder.blocks[block][1] in IN_USE


def given_back(holder):
    for kind in ("cached", "fast", "binned", "unmapped"):
        yield from holder.said[kind]
    yield from (holder.said["foreign"], holder.said["at_top"])
    if holder.setting == "one-arena":
        return  # what threads gave back, others may use by now
    *alive, _ = holder.said["in_threads"]  # and Python that of the ended one, to end it
    for kinds in alive:
        for blocks in kinds:
            yield from blocks


def test_no_block_that_was_given_back_is_told_as_used(holder):
    again = {block for block, _ in holder.later}
    wrong = {
        block: holder.blocks[block]
        for block in given_back(holder)
        if block in holder.blocks and block not in again and holder.blocks[block][1] in IN_USE
    }
    assert not wrong


def test_where_a_free_block_is_kept_is_told(holder):
    states = [holder.blocks[block][1] for block in holder.said["cached"]]
    has_cache = holder.setting != "no-cache"
    if has_cache:
        assert set(states) == {"cached"}
        assert holder.dump["caches"] == 4
    else:
        assert holder.dump["caches"] == 0
        assert "cached" not in {state for _, state in holder.blocks.values()}
    if holder.setting in ("plain", "scattered"):
        # Of the threads that are alive; the cache of the one that ended is no more.
        for kinds, ended in zip(holder.said["in_threads"], (False, False, False, True)):
            states = {holder.blocks.get(block, (0, "merged"))[1] for block in kinds[0]}
            assert ("cached" in states) is not ended
    told = {state for _, state in holder.blocks.values()}
    assert ("fast" in told) is (holder.minor < 43)
    assert "free" in told


def test_the_sums_are_those_of_mallinfo(holder):
    sums = dict.fromkeys(MALLINFO, 0)
    for arena in holder.dump["arenas"]:
        for name, value in arena["mallinfo"].items():
            sums[name] += value
    assert sums == holder.mallinfo
    assert len(holder.dump["arenas"]) == (1 if holder.setting == "one-arena" else 5)


def test_the_arenas_are_those_of_malloc_info(holder):
    heaps = re.findall(r"<heap nr.*?</heap>", holder.malloc_info, re.DOTALL)
    assert len(heaps) == len(holder.dump["arenas"])
    for heap, arena in zip(heaps, holder.dump["arenas"]):
        system = int(re.search(r'<system type="current" size="(\d+)"', heap)[1])
        most = int(re.search(r'<system type="max" size="(\d+)"', heap)[1])
        count, size = map(
            int, re.search(r'<total type="rest" count="(\d+)" size="(\d+)"', heap).groups()
        )
        assert (system, most) == (arena["mallinfo"]["arena"], arena["system_bytes_max"])
        assert count == arena["mallinfo"]["ordblks"]
        # glibc sums up the sizes of chunks in bins with their flags: PREV_INUSE is one.
        flags = count - 1
        assert size == arena["mallinfo"]["fordblks"] - arena["mallinfo"]["fsmblks"] + flags


def test_every_byte_of_the_arenas_belongs_to_a_chunk(holder):
    assert holder.dump["torn"] == holder.dump["torn_bytes"] == 0
    assert holder.dump["settings"] is True and holder.dump["is_locked"] is False
    main, *others = holder.dump["arenas"]
    mapped = main["bytes"].pop("mapped")
    # The first chunk is aligned, where brk began need not be; every gap has a fence.
    lost = main["mallinfo"]["arena"] - sum(main["bytes"].values())
    assert lost - lost % 16 == 32 * (main["stretches"] - 1)
    assert main["stretches"] > 1 or holder.setting != "scattered"
    for arena in others:
        # The arena itself, and of each heap its head and the fence at its end.
        lost = arena["mallinfo"]["arena"] - sum(arena["bytes"].values())
        heads = (0x30 if holder.minor >= 35 else 0x20) * arena["stretches"]
        assert 0x840 <= lost - heads - 32 * (arena["stretches"] - 1) <= 0x8A0
    # Since 2.43 glibc counts the header of a block again each time it changes its size.
    drift = 16 * holder.said["mremaps"] if holder.minor >= 43 else 0
    assert mapped == main["mallinfo"]["hblkhd"] - drift
    assert main["count"]["mapped"] == main["mallinfo"]["hblks"]
    assert mapped == holder.dump["mapped_bytes"]


def test_a_core_gives_the_same(holder, plumb, tmp_path):
    path = tmp_path / "core"
    plumb("core", holder.pid, "-o", path, code=0)
    assert dump(path) == dump(holder.pid)


BUSY = """
import ctypes, random, threading

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]
held = [libc.malloc(100 + i) for i in range(500)]

def work(seed):
    mine, chance = [], random.Random(seed)
    while True:
        mine.append(libc.malloc(chance.choice((24, 40, 100, 700, 1500, 30000, 200000))))
        if len(mine) > 300:
            libc.free(mine.pop(chance.randrange(len(mine))))

for seed in range(2):
    threading.Thread(target=work, args=(seed,), daemon=True).start()
"""


@pytest.mark.pythons("3.9", "3.14")
def test_a_busy_process_is_read(python, plumb, tmp_path):
    """Of a moment all is sound, unless somebody was inside malloc; without one, nothing breaks."""
    path = tmp_path / "core"
    sound = 0
    with python.start(BUSY + ANSWER_LOOP) as target:
        held = json.loads(target.ask("held"))
        for _ in range(3):
            torn = dump(target.pid)
            assert len(torn["blocks"]) > 1000
            plumb("core", target.pid, "-o", path, code=0)
            moment = dump(path)
            states = {block: state for block, _, state, _ in moment["blocks"]}
            if not moment["is_locked"]:
                # A thread may stand between a list of its cache and the count of it.
                assert moment["torn_bytes"] == 0 and moment["torn"] <= 3
                assert {states.get(block) for block in held} == {"used"}
                sound += 1
    assert sound


THREADS = """
import threading
pools = [(number, str(number), float(number)) for number in range(200000)]
for _ in range(100):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
kept = [bytearray(1 << 20) for _ in range(3)]
"""


def page_tables(pid):
    return int(re.search(r"VmPTE:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


@pytest.mark.pythons("3.9", "3.14")
def test_stacks_of_threads_are_not_touched(python):
    """They take no memory until they are used; the search for mapped blocks is not to change that."""
    with python.start(THREADS + ANSWER_LOOP) as target:
        before = page_tables(target.pid)
        told = dump(target.pid)
        after = page_tables(target.pid)
    mapped = [usable for _, usable, state, _ in told["blocks"] if state == "mapped"]
    assert len(mapped) == told["arenas"][0]["mallinfo"]["hblks"] >= 3
    # All of the stacks together would take more than a megabyte.
    assert after - before < 100
