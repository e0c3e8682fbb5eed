# SPDX-License-Identifier: Apache-2.0
"""Programs that lose memory in known ways: plumb, valgrind and LeakSanitizer, side by side.

The programs are the families of tests/leak_cases (what makes their counts exact, leak_cases.h
says). A Python target loads them for plumb; a program of C loads the same library for the other
two, which look at the same moment: when all is lost and held as it should be.

plumb has to say what valgrind says. Where they differ, the row says so:

* plumb also looks into data of a module that is closed to writing, and not into files that are
  mapped to be shared, which may be huge;
* valgrind calls the first block of a lost ring definitely lost, even if a lost block behind it
  leads into the ring;
* LeakSanitizer tells no middle of a block from its start, knows no memory that was mapped by the
  program, and calls all of a lost ring indirect.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import pytest

SOURCES = Path(__file__).parent / "leak_cases"
COPIES = 16

TARGET = """
import ctypes, os, sys

folder = os.path.dirname(os.path.abspath(__file__))
library = ctypes.CDLL(os.path.join(folder, sys.argv[1]))
getattr(library, "leak_case_" + sys.argv[2])(library.rest)
"""


@dataclass(frozen=True)
class Row:
    """How many blocks of a size there are, by kind. What valgrind and LeakSanitizer say is
    derived from that, or given where they differ."""

    size: int  # usable
    what: str
    plumb: dict
    valgrind: Optional[dict] = None
    lsan: Optional[dict] = None
    asked: Optional[int] = None  # of malloc, where that is not the usable size
    lsan_asked: Optional[int] = None
    slack: int = 0  # usable bytes that there may be more

    @property
    def told_by_valgrind(self):
        return self.plumb if self.valgrind is None else self.valgrind

    @property
    def told_by_lsan(self):
        """Direct and indirect; what is reached, by whatever pointer, it does not tell."""
        if self.lsan is not None:
            return self.lsan
        names = {"definite": "direct", "indirect": "indirect"}
        return {names[kind]: count for kind, count in self.plumb.items() if kind in names}


def reached(size, what, count=COPIES, **others):
    return Row(size, what, {"reachable": count}, **others)


def definite(size, what, count=COPIES, **others):
    return Row(size, what, {"definite": count}, **others)


def indirect(size, what, count=COPIES, **others):
    return Row(size, what, {"indirect": count}, **others)


def possible(size, what, count=COPIES, **others):
    return Row(size, what, {"possible": count}, **others)


RING = {"definite": COPIES, "indirect": COPIES}

FAMILIES = {
    # R is a root, A and B are blocks; > leads to the start of one, ? into its middle.
    "chains": [
        reached(24, "A of R>A"),
        reached(40, "A of R>A>B"),
        reached(56, "B of R>A>B"),
        definite(72, "B of R B"),
        definite(88, "A of R A>B"),
        indirect(104, "B of R A>B"),
        possible(120, "A of R?A"),
        reached(136, "A of R>A?B"),
        possible(152, "B of R>A?B"),
        possible(168, "A of R?A>B"),
        possible(184, "B of R?A>B"),
        possible(200, "A of R?A?B"),
        possible(216, "B of R?A?B"),
        definite(232, "A of R A?B"),
        indirect(248, "B of R A?B"),
    ],
    "shapes": [
        Row(24, "ring of two", RING, lsan={"indirect": 2 * COPIES}),
        definite(40, "leads into a ring"),
        indirect(56, "ring that a lost block leads into", 3 * COPIES),
        Row(72, "ring of two, by middles", RING, lsan={"indirect": 2 * COPIES}),
        reached(88, "ring that is held", 2 * COPIES),
        possible(104, "ring that is held by a middle", 2 * COPIES),
        definite(120, "leads to itself"),
        definite(136, "leads to its own middle"),
        definite(152, "leads to itself and another"),
        indirect(168, "the other"),
        indirect(184, "shared child"),
        definite(200, "root of a tree"),
        definite(216, "one of two parents", 2 * COPIES),
        indirect(232, "branch", 2 * COPIES),
        indirect(248, "leaf", 4 * COPIES),
        definite(344, "end of a list", 1),
        indirect(360, "link of a list", 200),
        # valgrind goes by addresses: a ring was claimed when it comes to what leads into it.
        indirect(
            376,
            "ring, in front of what leads into it",
            3 * COPIES,
            valgrind={"definite": COPIES, "indirect": 2 * COPIES},
        ),
        definite(392, "leads into that ring"),
    ],
    "globals": [
        reached(24, "variable of all modules"),
        reached(40, "initialised variable"),
        reached(56, "uninitialised variable"),
        reached(72, "variable of a function"),
        possible(88, "variable with a middle"),
        definite(104, "variable that was overwritten"),
        # valgrind looks into what can be written to; data closed after relocation cannot.
        reached(120, "variable closed to writing", valgrind={"definite": COPIES}),
    ],
    "stacks": [
        reached(24, "variables of a waiting thread"),
        definite(40, "left below its stack pointer"),
        reached(56, "variables of the first thread"),
        definite(72, "left below its stack pointer"),
        reached(88, "registers of a waiting thread", 5),
        definite(104, "vector register of a waiting thread", 1, lsan={}),
    ],
    "tls": [
        reached(24, "first thread, static block", 1),
        reached(40, "first thread, block of a later module", 1),
        reached(56, "first thread, key among the first", 1),
        reached(72, "first thread, later key", 1),
        definite(88, "first thread, overwritten", 1),
        reached(104, "waiting thread, static block", 1),
        reached(120, "waiting thread, block of a later module", 1),
        reached(136, "waiting thread, key among the first", 1),
        reached(152, "waiting thread, later key", 1),
        definite(168, "waiting thread, overwritten", 1),
        definite(184, "ended thread, static block", 1),
        definite(200, "ended thread, block of a later module", 1),
        definite(216, "ended thread, key among the first", 1),
        definite(232, "ended thread, later key", 1),
        definite(248, "ended thread, overwritten", 1),
    ],
    "threads": [
        definite(24, "left by a thread that has ended"),
        definite(40, "left on the stack of a thread that has ended"),
        reached(56, "argument of a waiting thread", 4),
        definite(72, "result of a joined thread", 1),
        reached(88, "result of a thread that nobody joined", 1, lsan={"direct": 1}),
    ],
    "contexts": [
        reached(24, "on the stack of a suspended context", 1),
        reached(40, "on such a stack that was mapped", 1, lsan={"direct": 1}),
        indirect(56, "on the stack of a forgotten context", 1),
        reached(72, "on a stack of the program's that a thread runs on", 1),
        reached(88, "on the stack that this thread has left", 1),
        reached(104, "on the alternate stack of a signal handler", 1),
        reached(120, "on the stack that it interrupted", 1),
        Row(968, "contexts", {"definite": 1, "reachable": 3}),
        Row(65544, "stacks", {"indirect": 1, "reachable": 3}),
    ],
    "tags": [
        possible(24, "lowest bit set"),
        possible(40, "lowest three bits set"),
        definite(56, "highest bit set"),
        definite(72, "bit 48 set"),
        definite(88, "all bits turned"),
        definite(104, "halves exchanged"),
        definite(120, "the word in front of the block"),
        definite(136, "the byte behind it"),
        possible(152, "its last byte"),
        definite(168, "the start, at an odd address"),
    ],
    "mappings": [
        reached(24, "private memory", lsan={"direct": COPIES}),
        reached(40, "shared memory", lsan={"direct": COPIES}),
        reached(56, "private mapping of a file", lsan={"direct": COPIES}),
        definite(72, "shared mapping of a file", valgrind={"reachable": COPIES}),
        definite(88, "memory closed to writing"),
        definite(104, "memory closed to all"),
        definite(120, "memory that was unmapped"),
    ],
    "blocks": [
        definite(24, "no byte at all", 2 * COPIES, asked=0, lsan_asked=1),
        definite(40, "calloc"),
        definite(56, "strdup"),
        definite(72, "realloc to less"),
        definite(88, "realloc of nothing"),
        Row(888, "before realloc", {}),
        Row(920, "freed", {}),
        reached(392, "posix_memalign, held", 1, slack=48),
        definite(456, "posix_memalign", 1, slack=48),
        reached(520, "memalign, held", 1, slack=48),
        definite(584, "memalign", 1, slack=48),
        reached(640, "aligned_alloc, held", 1, slack=48),
        definite(704, "aligned_alloc", 1, slack=48),
        definite(3 << 16, "mapping of its own", 1, slack=4096),
        definite(6 << 16, "aligned mapping of its own", 1, slack=65536),
        reached(12 << 16, "mapping of its own, held", 1, slack=4096),
        possible(24 << 16, "mapping of its own, held by its middle", 1, slack=4096),
        reached(48 << 16, "aligned mapping of its own, held", 1, slack=65536),
    ],
    # See src/capture/native_middles.h; LeakSanitizer holds every middle for a start.
    "middles": [
        Row(
            24,
            "two shared_ptr that keep each other, with blocks for their counts",
            {"definite": COPIES, "indirect": 3 * COPIES},
            lsan={"indirect": 4 * COPIES},
        ),
        Row(40, "the same of make_shared", RING, lsan={"indirect": 2 * COPIES}),
        reached(56, "the same, held", 2 * COPIES),
        possible(72, "the same, held by an object behind its counts", 2 * COPIES),
        reached(88, "object with two vtables, held by the second"),
        reached(104, "array behind its length"),
        reached(120, "text of a std::string behind its length"),
        reached(136, "memory behind the length of it"),
        possible(152, "memory behind something else"),
    ],
}


# ------------------------------------------------------------------ what is built


def compile_with(compiler, *arguments):
    command = [compiler, "-g", "-O0", "-fno-omit-frame-pointer", "-fno-stack-protector"]
    subprocess.run([*command, "-Wall", "-Wextra", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """The families of C, and that of C++. Of libc the first asks no versions of symbols, so it is
    at home with each."""
    folder = tmp_path_factory.mktemp("leak_cases")
    sources = [path for path in SOURCES.glob("*.c") if path.name != "alone.c"]
    compile_with(
        "gcc", "-shared", "-fPIC", "-nostdlib", *sources, "-o", folder / "leak_cases.so"
    )
    compile_with(
        "gcc", "-c", "-fPIC", SOURCES / "leak_cases.c", "-o", folder / "leak_cases.o"
    )
    compile_with(
        "g++",
        *("-shared", "-fPIC", "-static-libstdc++", "-static-libgcc"),
        *(SOURCES / "middles.cc", folder / "leak_cases.o", "-o", folder / "middles.so"),
    )
    return folder


def library_of(family):
    return "middles.so" if family == "middles" else "leak_cases.so"


# ------------------------------------------------------------------ the tools


def kinds_by_size(records):
    found = defaultdict(lambda: defaultdict(int))
    for size, kind, count in records:
        found[size][kind] += count
    return found


def told_by_plumb(document, row):
    """Of the blocks that were asked for in this size."""
    found = defaultdict(int)
    for blocks in document["native"]:
        if size_class(row.size) <= blocks["size_class"] <= size_class(row.size + row.slack):
            found[blocks["kind"]] += blocks["blocks"]
    return dict(found)


def size_class(size):
    """As doc/json.md has it."""
    return size if size <= 1024 else 1 << (size - 1).bit_length()


def in_words(rows):
    return {f"{row.size} {row.what}": told for row, told in rows}


def assert_plumb_tells(document, family):
    found = [(row, told_by_plumb(document, row)) for row in FAMILIES[family]]
    # malloc's lists lead to the last word of the block before a free one. What is left of them in
    # memory that is in use again may lead into one block that is alone of its size; not into two.
    by_chance = [(row, told) for row, told in found
                 if row.plumb == {"definite": 1} and told == {"possible": 1}]  # fmt: skip
    if len(by_chance) == 1:
        found[found.index(by_chance[0])] = (by_chance[0][0], {"definite": 1})
    expected = [
        (row, {kind: count for kind, count in row.plumb.items() if kind != "reachable"})
        for row in FAMILIES[family]
    ]
    assert in_words(found) == in_words(expected)


VALGRIND_KINDS = {
    "definitely lost": "definite",
    "indirectly lost": "indirect",
    "possibly lost": "possible",
    "still reachable": "reachable",
}
VALGRIND_RECORD = re.compile(
    r"(?P<whole>[\d,]+) (\((?P<direct>[\d,]+) direct, [\d,]+ indirect\) )?bytes"
    rf" in (?P<count>[\d,]+) blocks are (?P<kind>{'|'.join(VALGRIND_KINDS)}) in loss record"
)


def of_valgrind(record):
    """(size, kind, count) of blocks that a family made, or None."""
    match = VALGRIND_RECORD.search(record)
    if not match or "far_below" not in record:
        return None
    count = int(match["count"].replace(",", ""))
    size = int((match["direct"] or match["whole"]).replace(",", "")) // count
    return size, VALGRIND_KINDS[match["kind"]], count


def run_valgrind(program, library, family):
    done = subprocess.run(
        [
            *("valgrind", "--fair-sched=yes", "--leak-check=no", "--show-leak-kinds=all"),
            *("--leak-resolution=high", "--num-callers=20", program, library, family),
        ],
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    records = re.split(r"^==\d+== *$", done.stderr, flags=re.MULTILINE)
    return kinds_by_size(filter(None, map(of_valgrind, records)))


def run_leak_sanitizer(program, library, family):
    done = subprocess.run(
        [program, library, family],
        env={**os.environ, "LSAN_OPTIONS": "exitcode=0"},
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    records = re.findall(r"(\w+) leak of (\d+) byte\(s\) in (\d+) object", done.stderr)
    assert records, done.stderr
    return kinds_by_size(
        (int(size) // int(count), kind.lower(), int(count)) for kind, size, count in records
    )


# ------------------------------------------------------------------ the tests


@pytest.mark.without_plumb
@pytest.mark.parametrize("family", FAMILIES)
def test_valgrind_tells(libraries, tmp_path, family):
    if not shutil.which("valgrind"):
        pytest.skip("no valgrind here")
    compile_with("gcc", SOURCES / "alone.c", "-o", tmp_path / "alone", "-ldl")
    told = run_valgrind(tmp_path / "alone", libraries / library_of(family), family)
    expected = {}
    for row in FAMILIES[family]:
        expected[row.size if row.asked is None else row.asked] = row.told_by_valgrind
    assert {size: dict(told[size]) for size in expected} == expected


@pytest.mark.without_plumb
@pytest.mark.parametrize("family", FAMILIES)
def test_leak_sanitizer_tells(libraries, tmp_path, family):
    program = tmp_path / "alone"
    compile_with("gcc", "-fsanitize=leak", SOURCES / "alone.c", "-o", program, "-ldl")
    told = run_leak_sanitizer(program, libraries / library_of(family), family)
    expected = {}
    for row in FAMILIES[family]:
        sizes = [size for size in (row.lsan_asked, row.asked, row.size) if size is not None]
        expected[sizes[0]] = row.told_by_lsan
    assert {size: dict(told[size]) for size in expected} == expected


LIBC_VERSION = "import os; print(os.confstr('CS_GNU_LIBC_VERSION').split()[1])"


def version_of_libc(command):
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return tuple(map(int, said.strip().split(".")))


def start_family(python, libraries, family):
    library = library_of(family)
    if family == "middles":
        here = version_of_libc([sys.executable, "-c", LIBC_VERSION])
        if version_of_libc(python.command("-c", LIBC_VERSION)) < here:
            pytest.skip("its libc is older than what C++ is compiled for here")
    return python.start(TARGET, args=[library, family], beside=[libraries / library])


@pytest.mark.parametrize("family", FAMILIES)
def test_plumb_tells(python, plumb, libraries, family):
    with start_family(python, libraries, family) as target:
        target.wait_for_rest()
        assert_plumb_tells(plumb("leaks", target.pid, "--json", code=0).json, family)


@pytest.mark.parametrize("family", ["stacks", "tls", "contexts", "blocks", "middles"])
def test_plumb_tells_the_same_of_a_core(python, plumb, libraries, tmp_path, family):
    with start_family(python, libraries, family) as target:
        target.wait_for_rest()
        plumb("core", target.pid, "-o", tmp_path / "core", code=0)
    document = plumb(
        "leaks", tmp_path / "core", "--sysroot", python.root or "/", "--json", code=0
    ).json
    assert_plumb_tells(document, family)
