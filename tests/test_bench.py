# SPDX-License-Identifier: Apache-2.0
"""The benchmark measures what it says: the heap is the heap, the floor reads all of it, and a
measurement that fails is a row and not a crash.  How fast anything is, is not tested here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import processes, service

pytestmark = pytest.mark.without_plumb

BENCH = service.PROJECT / "bench"
CC = os.environ.get("CC", "cc").split()
FLAGS = (
    "-std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla "
    "-Wstrict-prototypes -Wmissing-prototypes -Werror"
).split()

# Follows every reference from the dict of orders, except into types and into the dicts of instances
# (which CPython 3.8 to 3.10 have), and counts what it comes to.
COUNT = """
import gc, json
import heap

def count(orders):
    constants = {"invoice", "points"}
    seen, todo, tracked = {id(orders)}, [orders], 0
    while todo:
        for item in gc.get_referents(todo.pop()):
            if isinstance(item, type) or id(item) in seen or item in (None, *constants):
                continue
            seen.add(id(item))
            todo.append(item)
            tracked += gc.is_tracked(item)
    return len(seen) - 1, tracked

built = heap.build(100)
objects, tracked = count(built)
print(json.dumps({
    "objects": objects,
    "tracked": tracked,
    "kinds": sorted({type(order).__name__ for order in built.values()}),
}))
"""


def load_tables():
    sys.path.insert(0, str(BENCH))
    try:
        import tables
    finally:
        sys.path.pop(0)
    return tables


def run_bench(*arguments, script="run"):
    command = [sys.executable, BENCH / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.pythons("3.11", "3.13", "3.15")
def test_the_heap_has_sixty_objects_an_entry_and_twenty_tracked(python):
    folder, seen_as = service.place(python, BENCH / "heap.py")
    try:
        (folder / "count.py").write_text(COUNT)
        command = python.command(f"{seen_as}/count.py")
        output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    finally:
        shutil.rmtree(folder)
    assert json.loads(output.stdout) == {"objects": 6000, "tracked": 2000, "kinds": ["Order"]}


def test_the_floor_reads_what_is_resident(pythons, start, tmp_path):
    program = tmp_path / "copy_floor"
    subprocess.run([*CC, *FLAGS, "-o", program, BENCH / "copy_floor.c"], check=True)
    target = start(pythons[-1], "data = [b'x' * 5000 + b'%d' % n for n in range(20000)]\n"
                   + processes.ANSWER_LOOP)  # fmt: skip
    output = subprocess.run([program, str(target.pid), "2"], capture_output=True, check=True).stdout
    floor = json.loads(output)
    status = Path(f"/proc/{target.pid}/status").read_text().split()
    resident = 1024 * int(status[status.index("RssAnon:") + 1])
    assert resident > 100_000_000
    assert abs(floor["bytes"] - resident) < 0.02 * resident
    assert len(floor["passed"]) == len(floor["kept"]) == 2
    assert all(seconds > 0 for seconds in floor["passed"] + floor["kept"])

    gone = subprocess.run([program, "999999999"], capture_output=True, text=True)
    assert gone.returncode == 1 and "/proc/999999999/maps" in gone.stderr
    assert subprocess.run([program, str(target.pid), "0"], capture_output=True).returncode == 2


def test_a_measurement_that_fails_is_a_row_and_the_others_are_made(tmp_path):
    table = tmp_path / "table.md"
    result = run_bench(
        "--objects", 60000, "--only", "plumb,floor", "--plumb", "/bin/false",
        "--python", sys.executable, "--markdown", table,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stdout.count("plumb heap failed: exit code 1") == 3
    assert result.stdout.count("plumb why failed: exit code 1") == 3
    assert result.stdout.count("plumb leaks failed: exit code 1") == 1
    assert result.stdout.count("plumb PID failed: exit code 1") == 1
    assert result.stdout.count("plumb snap failed: exit code 1") == 1
    assert result.stdout.count("plumb core failed: exit code 1") == 1
    assert "through one buffer" in result.stdout
    assert "the process forks itself" in result.stdout
    assert "60,000 objects" in table.read_text()
    assert "Traceback" not in result.stderr


def test_lost_blocks_are_measured_when_they_were_found(plumb, tmp_path):
    table = tmp_path / "table.md"
    shared = ("--only", "blocks", "--blocks", 20000, "--repeat", 1, "--python", sys.executable)
    result = run_bench(*shared, "--plumb", plumb.path, "--markdown", table, script="leaks")
    assert result.returncode == 0, result.stderr
    assert "20,000 blocks, 2,000 of them lost" in table.read_text()
    assert "reading the same" in result.stdout
    failed = run_bench(*shared, "--plumb", "/bin/false", script="leaks")
    assert failed.returncode == 1
    assert "failed: exit code 1" in failed.stdout and "reading the same" in failed.stdout


def test_the_wrong_usage_of_the_benchmark_is_told():
    result = run_bench("--only", "nonsense")
    assert result.returncode == 2 and "unknown part 'nonsense'" in result.stderr


def make_rows(tables, **seconds):
    """A row for each key, with its seconds; plumb's with a stop of 20 ms and half the memory."""
    return [
        tables.Row(key.replace("_", "-"), "tool", "what", seconds=value, stop_ms=20.0, added=0.5)
        for key, value in seconds.items()
    ]


def test_goals_are_met_missed_or_not_measured():
    tables = load_tables()
    facts = {"heap": {"resident": 2e9}, "bytes_per_object": 12.5}
    rows = make_rows(
        tables, heap_snapshot=0.2, why_one=4.0, heap_fork=1.0, heap_copy=2.0, guppy_heap=9.5,
        floor=0.125, floor_fork=0.016,
    )  # fmt: skip
    rows[-1].stop_ms = 16.0
    rows.append(tables.Row("pympler-summary", "pympler", "what", error="pympler failed: broken"))
    rows.append(tables.Row("core", "plumb core", "what", stop_ms=2.0, gap_ms=4.0, added=0.1))
    rows.append(tables.Row("gdb-core", "gdb", "what", stop_ms=600.0, gap_ms=600.0, added=0.1))
    verdicts = [line[2:] for line in tables.goal_table(rows, facts)][1:]
    assert verdicts == [
        ("9.50", "MISSED"),
        ("-", "not measured"),
        ("10.0", "met"),
        ("10.0", "met"),
        ("1.25", "met"),
        ("0.16", "met"),
        ("150", "met"),
        ("8.00", "met"),
        ("0.50", "met"),
        ("12.5", "MISSED"),
        ("0.05", "met"),
    ]


@pytest.mark.parametrize("load, busy, is_busy", [(0.4, 0.1, False), (2.0, 0.1, True), (0.4, 0.9, True)])
def test_figures_of_a_busy_machine_say_so(tmp_path, load, busy, is_busy):
    tables = load_tables()
    facts = {"cores": 2, "load": load, "busy": busy, "versions": {}}
    path = tmp_path / "table.md"
    tables.write_markdown(path, 1000, make_rows(tables, why_one=1.0), facts)
    assert f"load {load} and {busy} cores in use before the start" in path.read_text()
    assert ("(busy: these figures are too high)" in path.read_text()) == is_busy


def test_the_command_that_takes_most_memory_counts():
    tables = load_tables()
    rows = make_rows(tables, heap_fork=1.0, heap_copy=1.0, why_one=1.0, verdict=1.0)
    for row, share in zip(rows, (0.4, 1.5, 0.6, 0.8)):
        row.added = share
    assert tables.figures(rows, {"heap": {"resident": 1e9}})["memory_share"] == 0.8


def test_a_failed_row_lends_no_number_to_a_goal():
    tables = load_tables()
    rows = make_rows(tables, guppy_heap=10.0, floor=1.0)
    rows.append(tables.Row("heap-fork", "plumb heap", "what", error="plumb heap failed: broken"))
    assert tables.figures(rows, {"heap": {"resident": 1e9}}) == {}


def test_the_tables_hold_errors_and_bars():
    tables = load_tables()
    rows = make_rows(tables, heap_fork=0.5)
    rows.append(tables.Row("floor", "floor", "what", error="floor failed: a | b"))
    table = list(tables.result_table(rows, {"heap": {"resident": 1e9}}))
    lines = list(tables.markdown(table))
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert "floor failed: a \\| b" in lines[-1]
    assert "floor failed: a | b" in list(tables.aligned(table))[-1]
