# SPDX-License-Identifier: Apache-2.0
"""`plumb rss`: its rows are the RSS, and each has what the program knows it did.

The program does one thing at a time; what the account shows before and after is
compared, so that it makes no difference what else a Python holds.
"""

import re
from pathlib import Path

import pytest

from support import service
from support.processes import ANSWER_LOOP

MIB = 1 << 20
PAGE = 4096
POOL_MAX = 16 << 10
FLOAT = 32  # its block: 24 bytes, rounded up

# Within this it is right: what the question itself allocates, and where blocks end.
SLACK = 192 << 10

CODE = (
    """
import array, ctypes, mmap, os, sys, tempfile, threading

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.strdup.restype = ctypes.c_void_p
libc.strdup.argtypes = [ctypes.c_char_p]
BLOCK = 64 << 10
held = {}

def malloc(size):
    block = libc.malloc(size)
    ctypes.memset(block, 1, size)
    return block

def hold_buffer():
    held["buffer"] = array.array("B", b"x") * (50 << 20)

def hold_object():
    held["object"] = b"x" * (40 << 20)

def hold_small():
    held["small"] = [float(number) for number in range(200000)]

def free_half_of_small():
    del held["small"][::2]

def hold_native():
    held["native"] = [block_of_c() for _ in range(480)]

def block_of_c():
    # No address of it passes through memory of Python but as a number; and numbers are kept,
    # since freed ones would leave theirs in what is made of their memory.
    block = libc.strdup(b"x" * (BLOCK - 1))
    held.setdefault("numbers", []).append(block)
    return block

def hold_native_by_object():
    held["blocks"] = (ctypes.c_void_p * 160)(*[block_of_c() for _ in range(160)])

def hold_native_by_module():
    # A table of C, to which a variable of a library points.
    table = malloc(8 * 320)
    for number in range(320):
        ctypes.c_void_p.from_address(table + 8 * number).value = block_of_c()
    ctypes.c_void_p.in_dll(libc, "optarg").value = table

def hold_untouched_by_object():
    held["untouched"] = (ctypes.c_void_p * 1)(libc.malloc(30 << 20))

class Pin:
    __slots__ = ("one", "two", "three", "four")

def pin_pools():
    held["pins"] = [Pin() for number in range(600000)][::500]

def leave_lonely_blocks():
    held["in holes that there are"] = [malloc(200) for _ in range(4000)]
    held["in large ones"] = [malloc(9160) for _ in range(600)]
    blocks = [None] * 4000  # the list lies before them
    for number in range(4000):
        blocks[number] = malloc(9160 if number % 2 else 200)
    held["lonely"] = blocks[::2]
    for block in blocks[1::2]:
        libc.free(block)

def leave_large_holes():
    # A freed mapping moves malloc's thresholds: from now on such blocks lie in the heap.
    libc.free(libc.malloc(8 << 20))
    *blocks, held["behind"] = [malloc(1 << 20) for _ in range(25)]
    for block in blocks:
        libc.free(block)

def free_in_threads():
    # Each has an arena of its own, whose top nothing trims (MALLOC_TRIM_THRESHOLD_).
    def work():
        blocks = [None] * 128  # the list lies before them
        for number in range(128):
            blocks[number] = malloc(BLOCK)
        for block in blocks:
            libc.free(block)
        done.release()
        waiting.wait()
    waiting, done = threading.Event(), threading.Semaphore(0)
    for _ in range(4):
        threading.Thread(target=work, daemon=True).start()
    for _ in range(4):
        done.acquire()

def pin_free_native():
    blocks = [malloc(BLOCK) for _ in range(320)]
    held["pin"] = malloc(BLOCK)
    for block in blocks:
        libc.free(block)

def free_every_other_native():
    blocks = [malloc(size) for _ in range(300) for size in (5000, 9000, 20000)]
    held["every other"] = blocks[1::2]
    for block in blocks[::2]:
        libc.free(block)

def map_file():
    file = tempfile.TemporaryFile()
    file.write(b"x" * (12 << 20))
    file.flush()
    held["file"] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sum(held["file"][::4096])

def map_shared():
    held["shared"] = mmap.mmap(-1, 8 << 20)
    for page in range(0, 8 << 20, 4096):
        held["shared"][page] = 1

def start_threads():
    threading.stack_size(4 << 20)
    waiting, ready = threading.Event(), threading.Semaphore(0)
    def nest(depth):
        if depth:
            return sorted([depth], key=lambda one: nest(depth - 1) or 0)
        ready.release()
        waiting.wait()
    for _ in range(4):
        threading.Thread(target=nest, args=(200,), daemon=True).start()
    for _ in range(4):
        ready.acquire()

def read_untouched():
    # The kernel has one page of zeros for all of it, which is in no RSS.
    block = libc.malloc(30 << 20)
    held["zeros"] = ctypes.string_at(block, 30 << 20).count(b"x"), block

def map_huge():
    held["huge"] = mmap.mmap(-1, 16 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    held["huge"].madvise(14)  # MADV_HUGEPAGE, a name from Python 3.10 on
    for place in range(0, 16 << 20, 1 << 20):
        held["huge"][place] = 1

def unmapped():
    held["reserved"] = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
"""
    + ANSWER_LOOP
)


def resident_now(pid):
    text = Path(f"/proc/{pid}/smaps").read_text(errors="replace")
    return sum(map(int, re.findall(r"^Rss: +(\d+) kB$", text, re.MULTILINE))) * 1024


def account_of(plumb, pid, *options):
    document = plumb("rss", pid, "--json", *options, code=0).json
    assert document["schema"] == "plumb.rss/1"
    assert all(row["bytes"] >= 0 for row in document["rows"])
    assert sum(row["bytes"] for row in document["rows"]) == document["rss"]
    assert document["target"]["rss"] == document["rss"]
    return document


def sums(document):
    """By kind, and for each row by its label."""
    found = {}
    for row in document["rows"]:
        found[row["label"]] = row["bytes"]
        if row["kind"] != row["label"]:
            found[row["kind"]] = found.get(row["kind"], 0) + row["bytes"]
        if row["kind"].startswith("native-"):
            found["native"] = found.get("native", 0) + row["bytes"]
    return found


def owners_of(document, kind):
    """What owns most of a kind, by name."""
    found = {}
    for row in document["rows"]:
        assert sum(owner["bytes"] for owner in row["owners"]) <= row["bytes"]
        for owner in row["owners"] if row["kind"] == kind else ():
            found[owner["name"]] = found.get(owner["name"], 0) + owner["bytes"]
    return found


def about(expected, slack=SLACK):
    return pytest.approx(expected, abs=slack)


ALWAYS = [
    *("stacks", "shared", "free-glibc"),
    *("native", "native-owned", "native-module", "native-lost"),
]


class Accounts:
    def __init__(self, plumb, target):
        self.plumb, self.target = plumb, target

    def take(self):
        self.target.wait_for_rest()
        return sums(account_of(self.plumb, self.target.pid))

    def change(self, what):
        """What the account says that calling this function changed; kinds without change are 0."""
        before = self.take()
        self.target.ask(f"{what}()")
        after = self.take()
        found = dict.fromkeys([*before, *after, *ALWAYS], 0)
        for key in found:
            found[key] = after.get(key, 0) - before.get(key, 0)
        return found


@pytest.fixture
def target(python, start):
    return start(python, CODE, env={"MALLOC_MMAP_THRESHOLD_": str(1 << 20)})


@pytest.fixture
def accounts(plumb, target):
    return Accounts(plumb, target)


@pytest.mark.parametrize("pause", ["fork", "copy", "none"])
def test_the_rows_are_what_the_kernel_counts(plumb, target, pause):
    target.ask("hold_small()")
    for _ in range(5):
        target.wait_for_rest()
        before = resident_now(target.pid)
        document = account_of(plumb, target.pid, "--pause", pause)
        if resident_now(target.pid) == before:
            break
    assert document["rss"] == before
    assert document["page_tables"] > 0
    assert sums(document)["unexplained"] < document["rss"] * 0.02


def test_buffers_and_objects(accounts):
    change = accounts.change("hold_buffer")
    assert change["python-buffers"] == about(50 * MIB)
    assert change["python-objects"] == about(0)
    change = accounts.change("hold_object")
    assert change["python-objects"] == about(40 * MIB)
    assert change["python-buffers"] == about(0)
    assert abs(change["unexplained"]) < SLACK


def test_small_objects_and_the_room_that_they_leave(accounts):
    change = accounts.change("hold_small")
    assert change["python-objects"] == about(200000 * FLOAT)
    assert change["python-buffers"] == about(200000 * 8, MIB // 2)
    change = accounts.change("free_half_of_small")
    assert change["python-objects"] == about(-100000 * FLOAT)
    assert change["pymalloc, free in used pools"] == about(100000 * FLOAT)
    assert abs(change["unexplained"]) < SLACK


def test_blocks_of_c_and_what_it_freed(accounts):
    free = accounts.take()["free-glibc"]
    change = accounts.change("hold_native")
    assert change["native"] == about(30 * MIB)
    # Some of them may be cut from what was free before.
    assert -free <= change["free-glibc"] < MIB
    change = accounts.change("pin_free_native")
    assert change["free-glibc"] == about(20 * MIB, MIB)
    assert change["native"] == about(64 << 10)
    assert abs(change["unexplained"]) < SLACK


def test_files_shared_memory_and_stacks(accounts):
    change = accounts.change("map_file")
    assert change["mapped-files"] == about(12 * MIB, MIB)
    change = accounts.change("map_shared")
    assert change["shared"] == 8 * MIB
    change = accounts.change("start_threads")
    # Each has its descriptor, its thread-local data and some frames.
    assert 4 * 2 * PAGE <= change["stacks"] < 4 * 4 * MIB
    assert abs(change["unexplained"]) < SLACK


def test_what_is_not_resident_is_in_no_row(accounts):
    change = accounts.change("unmapped")
    assert sum(abs(change[kind]) for kind in ("native", "shared", "unexplained")) < SLACK
    before = resident_now(accounts.target.pid)
    change = accounts.change("read_untouched")
    grown = resident_now(accounts.target.pid) - before
    assert grown < 2 * MIB
    assert change["native"] < 2 * MIB and abs(change["unexplained"]) < SLACK


def test_blocks_of_c_belong_to_who_holds_them(accounts):
    """Of all of them, but for a few: what is left in memory that is used again, by C or as the
    unused end of a table, may be their addresses."""
    for what, kind, size in (
        ("hold_native_by_object", "native-owned", 10 * MIB),
        ("hold_native_by_module", "native-module", 20 * MIB),
        ("hold_native", "native-lost", 30 * MIB),
    ):
        change = accounts.change(what)
        assert change["native"] == about(size)
        assert 0.8 * size < change[kind] < size + MIB
    document = account_of(accounts.plumb, accounts.target.pid)
    by_object, by_module = (owners_of(document, f"native-{way}") for way in ("owned", "module"))
    assert by_object["__main__.c_void_p_Array_160"] > 8 * MIB
    name, size = max(by_module.items(), key=lambda owner: owner[1])
    assert " data" in name and size > 16 * MIB
    assert owners_of(document, "native-lost")["blocks of up to 131,072 bytes"] > 24 * MIB


def test_of_a_block_that_was_never_touched_nothing_is_resident(accounts):
    change = accounts.change("hold_untouched_by_object")
    assert change["native-owned"] < 64 << 10
    found = accounts.take()
    assert found["native-owned"] < MIB


def test_the_largest_owners_are_named(plumb, target):
    for what in "hold_buffer", "hold_object", "hold_small", "map_file", "map_shared":
        target.ask(f"{what}()")
    document = account_of(plumb, target.pid)
    assert owners_of(document, "python-buffers")["array.array"] == about(50 * MIB)
    assert owners_of(document, "python-buffers")["list"] == about(200000 * 8, MIB // 2)
    assert owners_of(document, "python-objects")["bytes"] == about(40 * MIB, MIB)
    assert owners_of(document, "python-objects")["float"] == about(200000 * FLOAT)
    assert max(owners_of(document, "shared").values()) == 8 * MIB
    files = owners_of(document, "mapped-files")
    assert any(name.startswith(("libc.so", "libc-2.")) for name in files)
    assert about(12 * MIB, MIB) in files.values()
    lines = plumb("rss", target.pid, "--top", 2, code=0).stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    place = next(i for i, line in enumerate(lines) if line.startswith("buffers of Python objects"))
    assert re.match(r"  array\.array +50\.\d MiB", lines[place + 1])
    assert lines[place + 2].startswith("  ") and not lines[place + 3].startswith(" ")
    few = account_of(plumb, target.pid, "--top", 1)
    assert max(len(row["owners"]) for row in few["rows"]) == 1


def test_who_pins_the_arenas_of_pymalloc_is_told(plumb, python, start):
    target = start(python, CODE)
    target.ask("pin_pools()")
    document = account_of(plumb, target.pid)
    assert document["kept"]["dominates"]
    pymalloc = document["pymalloc"]
    pins = {pin["type"]: pin for pin in pymalloc["pinned_by"]}
    # All but those in the first and the last arena, which others use too.
    assert 1000 <= pins["__main__.Pin"]["objects"] <= 1200
    assert pins["__main__.Pin"]["bytes"] == 64 * pins["__main__.Pin"]["objects"]
    assert pymalloc["pinned_by"][0]["type"] == "__main__.Pin"
    assert pymalloc["sparse_resident"] == about(600000 * 64, 4 * MIB)
    assert pymalloc["sparse_used"] < MIB // 2
    (own,) = [row for row in pymalloc["classes"] if row["size"] == 64]
    assert own["lonely"] >= 1000 and own["free"] * 64 <= pymalloc["arena_bytes"]
    kept = sums(document)["free-pymalloc"]
    advice = {advice["what"]: advice["bytes"] for advice in document["advice"]}
    assert advice["PYTHONMALLOC=malloc"] == kept == about(600000 * 64, 4 * MIB)
    said = plumb("rss", target.pid, code=0).stdout
    assert re.match(r"[\d.]+ MiB resident: \d\d\.\d % free, but kept \(\d\d\.\d % by pymalloc, ", said)
    assert re.search(r"^ +__main__\.Pin +1,[012]\d\d ", said, re.MULTILINE)
    assert "PYTHONMALLOC=malloc" in said
    assert max(map(len, said.splitlines())) <= 80


def test_pages_that_one_block_keeps_are_counted(accounts, plumb):
    before = account_of(plumb, accounts.target.pid)["glibc"]["arenas"][0]
    accounts.target.ask("leave_lonely_blocks()")
    after = account_of(plumb, accounts.target.pid)["glibc"]
    grown = after["arenas"][0]["lonely_pages"] - before["lonely_pages"]
    # Each lies in a page, some in two, and a few in holes that were there.
    assert 1600 <= grown <= 2250
    assert 0.8 <= (after["arenas"][0]["holes"] - before["holes"]) / (2000 * 9160) <= 1.1
    (holes,) = [row for row in after["holes"] if row["at_least"] == 8192]
    assert 0.8 <= holes["bytes"] / (2000 * 9160) <= 1.1 and 1600 <= holes["count"] <= 2200
    assert "\nlonely: " in plumb("rss", accounts.target.pid, code=0).stdout


def test_what_arenas_of_threads_keep_is_told_with_what_may_help(plumb, python, start):
    kept = 4 * 128 * (64 << 10)
    target = start(python, CODE, env={"MALLOC_TRIM_THRESHOLD_": str(1 << 30)})
    target.ask("free_in_threads()")
    document = account_of(plumb, target.pid)
    assert sums(document)["free in glibc, thread arenas: tops"] == about(kept, MIB)
    tops = owners_of(document, "free-glibc")
    assert sorted(tops.values())[-4:] == [about(kept // 4, MIB)] * 4
    arenas = document["glibc"]["arenas"]
    assert sum(arena["top"] for arena in arenas[1:]) == about(kept, MIB)
    advice = {advice["what"]: advice["bytes"] for advice in document["advice"]}
    assert advice["MALLOC_ARENA_MAX=1"] == about(kept, MIB)
    assert advice["MALLOC_TRIM_THRESHOLD_=131072"] == about(kept, 2 * MIB)
    assert "MALLOC_MMAP_THRESHOLD_=131072" not in advice
    assert document["glibc"]["trim_threshold"] == 1 << 30
    assert "MALLOC_ARENA_MAX=1" in plumb("rss", target.pid, code=0).stdout
    # And it does help.
    for env in {"MALLOC_ARENA_MAX": "1"}, {"MALLOC_TRIM_THRESHOLD_": "131072"}:
        helped = start(python, CODE, env=env)
        helped.ask("free_in_threads()")
        tops = sums(account_of(plumb, helped.pid))
        assert tops.get("free in glibc, thread arenas: tops", 0) < 2 * MIB


def test_large_holes_speak_for_a_fixed_threshold(plumb, python, start):
    target = start(python, CODE)
    target.ask("leave_large_holes()")
    document = account_of(plumb, target.pid)
    assert document["glibc"]["mmap_threshold"] > 8 * MIB
    assert document["glibc"]["trim_threshold"] == 2 * document["glibc"]["mmap_threshold"]
    advice = {advice["what"]: advice["bytes"] for advice in document["advice"]}
    assert advice["MALLOC_MMAP_THRESHOLD_=131072"] == about(24 * MIB, MIB)
    helped = start(python, CODE, env={"MALLOC_MMAP_THRESHOLD_": "131072"})
    helped.ask("leave_large_holes()")
    after = account_of(plumb, helped.pid)
    assert document["kept"]["bytes"] - after["kept"]["bytes"] == about(24 * MIB, MIB)


def test_what_huge_pages_may_waste_is_told(plumb, target):
    target.ask("map_huge()")
    document = account_of(plumb, target.pid)
    text = Path(f"/proc/{target.pid}/smaps").read_text(errors="replace")
    huge = sum(map(int, re.findall(r"^AnonHugePages: +(\d+) kB$", text, re.MULTILINE))) * 1024
    assert document["huge_pages"]["bytes"] == huge
    if not huge:
        pytest.skip("this kernel gives no huge pages")
    # Two small pages of each were written to.
    assert document["huge_pages"]["zeros"] == huge - huge // (2 * MIB) * 2 * PAGE
    assert " are in huge pages, " in plumb("rss", target.pid, code=0).stdout


def stats_of(target):
    """sys._debugmallocstats() as a dict: its words, with the bytes behind them."""
    target.ask("sys._debugmallocstats()")
    text = target.stderr().rpartition("Small block threshold")[2]
    return {
        words.strip(): int(figure.replace(",", ""))
        for words, figure in re.findall(r"^(?:# )?([^\d\n].*?) *= +([\d,]+)$", text, re.MULTILINE)
    }


def test_pymalloc_is_as_it_says_itself(accounts):
    accounts.target.ask("hold_small()")
    accounts.target.ask("free_half_of_small()")
    stats = stats_of(accounts.target)
    found = accounts.take()
    own = stats["bytes lost to pool headers"] + stats["bytes lost to quantization"]
    # What lies before the first pool of an arena was never touched, and is hardly resident.
    around = stats["bytes lost to arena alignment"]
    assert own - (16 << 10) <= found["pymalloc's headers and rounding"] <= own + around + (16 << 10)
    # Each size has one pool whose end was never used, and is not resident.
    available = stats["bytes in available blocks"]
    assert available - 32 * POOL_MAX <= found["pymalloc, free in used pools"]
    assert found["pymalloc, free in used pools"] <= available + (64 << 10)
    in_use = stats["bytes in allocated blocks"]
    heap = accounts.plumb("heap", accounts.target.pid, "--json", code=0).json["allocator"]
    assert heap["pymalloc_in_use"] == about(in_use, 128 << 10)
    assert found["pymalloc-other"] == about(heap["pymalloc_not_objects"], 128 << 10)


@pytest.mark.parametrize("allocator", ["malloc", "debug"])
def test_another_allocator_of_python(plumb, python, start, allocator):
    target = start(python, CODE, env={"PYTHONMALLOC": allocator})
    accounts = Accounts(plumb, target)
    change = accounts.change("hold_small")
    least = {"malloc": 200000 * 32, "debug": 200000 * 48}[allocator]
    # A few come from a list of free ones, which were nobody's.
    assert 0.99 * least <= change["python-objects"] < 2 * least
    change = accounts.change("hold_buffer")
    assert change["python-buffers"] == about(50 * MIB)
    found = accounts.take()
    assert found["unexplained"] < sum(found.values()) * 0.02
    assert ("free-pymalloc" in found) == (allocator == "debug")


BUSY = (
    """
import threading

def churn():
    kept = []
    while True:
        kept.append([bytes(number) for number in range(0, 3000, 7)])
        if len(kept) > 50:
            del kept[:37]

for _ in range(3):
    threading.Thread(target=churn, daemon=True).start()
"""
    + ANSWER_LOOP
)


def test_a_busy_process_adds_up_as_well(plumb, python, start):
    target = start(python, BUSY)
    for pause in "fork", "copy", "fork", "none", "fork":
        document = account_of(plumb, target.pid, "--pause", pause)
        # What is read while it goes on contradicts itself; and nobody can be looked at for whom
        # no moment was good.
        if pause != "none" and document["not_exact"]["settled"]:
            assert document["malloc_torn"] == 0
            assert sums(document)["unexplained"] < document["rss"] * 0.02


OWN_TOP = """
import ctypes, time

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]

def size_of(block):
    return ctypes.c_size_t.from_address(block - 8)

# Too large for a free chunk, too small for a mapping of its own: its like are cut from top.
while True:
    block = libc.malloc(120000)
    ctypes.memset(block, 1, 120000)
    size = size_of(block + (size_of(block).value & ~7))
    if block - 16 + (size_of(block).value & ~7) + (size.value & ~7) == libc.sbrk(0):
        break
whole = size.value
print("ready", flush=True)
"""

# As one that has moved top, inside malloc, and lost the processor there.
RESTLESS = (
    OWN_TOP
    + """
while True:
    size.value = 0
    time.sleep(0.02)
    size.value = whole
    time.sleep(0.02)
"""
)


def test_who_has_moved_top_is_waited_for(plumb, python, start):
    target = start(python, RESTLESS)
    for _ in range(5):
        document = account_of(plumb, target.pid)
        assert document["not_exact"]["settled"]
        assert sums(document)["unexplained"] < document["rss"] * 0.02


@pytest.mark.pythons("3.8", "3.13")
def test_a_malloc_that_is_not_found_is_said(plumb, python, start):
    target = start(python, OWN_TOP + "size.value = 0\nprint('moved', flush=True)\ntime.sleep(600)")
    assert target.read_line() == "moved"
    document = account_of(plumb, target.pid)
    assert document["malloc_missing"]
    said = plumb("rss", target.pid, code=0).stdout
    assert "\nglibc's malloc was not found: " in said
    assert max(map(len, said.splitlines())) <= 80


def test_what_malloc_trim_gives_back_is_foretold(plumb, target):
    """Holes between blocks in use, large ones and pages, and free memory at the top."""
    target.ask("pin_free_native()")
    target.ask("free_every_other_native()")
    foretold = account_of(plumb, target.pid)["trimmable"]
    said = plumb("rss", target.pid, code=0).stdout
    assert re.search(r"^  malloc_trim\(0\) +1\d\.\d MiB ", said, re.MULTILINE)
    before = resident_now(target.pid)
    target.ask("libc.malloc_trim(0)")
    given_back = before - resident_now(target.pid)
    assert given_back > 10 * MIB
    assert foretold == pytest.approx(given_back, rel=0.1)


OTHER_MALLOCS = {
    "jemalloc": "libjemalloc.so.2",
    "tcmalloc": "libtcmalloc_minimal.so.4",
    "mimalloc": "libmimalloc.so.2",
}


@pytest.mark.parametrize("name", OTHER_MALLOCS)
def test_another_malloc_is_named_and_has_what_is_left(plumb, python, start, name):
    library = OTHER_MALLOCS[name]
    if python.root or not list(Path("/usr/lib").glob(f"*/{library}")):
        pytest.skip(f"{library} is not there for it")
    target = start(python, CODE, env={"LD_PRELOAD": library})
    accounts = Accounts(plumb, target)
    change = accounts.change("hold_native")
    # jemalloc takes a page more for each, to begin at another line of the cache (cache_oblivious).
    assert 480 * (64 << 10) - 2 * MIB < change["other-malloc"] < 480 * (68 << 10) + MIB
    change = accounts.change("hold_buffer")
    assert change["python-buffers"] == about(50 * MIB)
    document = account_of(plumb, target.pid)
    assert document["other_malloc"].startswith(f"{name} ({library}")
    assert sums(document)["unexplained"] < document["rss"] * 0.02
    assert f"\nmalloc is {document['other_malloc']}: " in plumb("rss", target.pid, code=0).stdout


@pytest.mark.parametrize("switches", ["none", "exception,linked-list"])
def test_the_sample_service_is_explained(plumb, python, switches):
    with service.start(python, switches, "--threads", 20) as shop:
        with shop.load("--connections", 8):
            for _ in range(3):
                document = account_of(plumb, shop.pid)
                assert sums(document)["unexplained"] < document["rss"] * 0.02


def test_the_first_line_is_the_answer(plumb, target):
    target.ask("hold_buffer()")
    lines = plumb("rss", target.pid, code=0).stdout.splitlines()
    assert re.match(r"\d+(\.\d+)? MiB resident: [6-9]\d\.\d % live Python objects, ", lines[0])
    assert [line for line in lines if len(line) > 80] == []
    assert any(line.startswith("unexplained ") for line in lines)
    assert re.search(r"^all: the RSS .* 100\.0 %$", "\n".join(lines), re.MULTILINE)


def test_of_a_core_it_says_whose_the_bytes_are(plumb, target, tmp_path):
    for what in "hold_small", "hold_native_by_object", "hold_native", "pin_free_native":
        target.ask(f"{what}()")
    target.ask("start_threads()")
    target.wait_for_rest()
    alive = account_of(plumb, target.pid)
    for options in (), ("--compress", "zstd"):
        core = tmp_path / f"a{len(options)}.core"
        plumb("core", target.pid, "-o", core, *options, code=0)
        dead = plumb("rss", core, "--json", code=0).json
        assert dead["of_core"] and not alive["of_core"]
        assert sum(row["bytes"] for row in dead["rows"]) == dead["rss"]
        found, expected = sums(dead), sums(alive)
        for kind in ("python-objects", "python-buffers", "free-pymalloc", "free-glibc"):
            # Pages of zeros are holes of the core.
            assert expected[kind] * 0.9 - SLACK <= found[kind] <= expected[kind] + SLACK
        for kind in "native-owned", "native-lost":
            assert found[kind] == about(expected[kind])
        # The core holds stacks below their pointers, too, as far as they were ever used.
        assert expected["stacks"] * 0.5 <= found["stacks"] <= expected["stacks"] * 1.1
        assert found["unexplained"] < dead["rss"] * 0.02
    lines = plumb("rss", core, code=0).stdout.splitlines()
    assert re.match(r"[\d.]+ [KMG]iB in the core: ", lines[0])
    place = next(i for i, line in enumerate(lines) if line.startswith("a core does not tell "))
    assert place < 6 and max(map(len, lines[place:])) <= 80


def test_a_snapshot_has_no_account(plumb, target, tmp_path):
    snapshot = tmp_path / "a.plumb"
    plumb("snap", target.pid, "-o", snapshot, code=0)
    complaint = plumb("rss", snapshot, code=3).stderr
    assert "a snapshot does not keep what was resident" in complaint
    assert "one process id or core file" in plumb("rss", code=2).stderr
    assert "no such file" in plumb("rss", tmp_path / "nothing", code=2).stderr
