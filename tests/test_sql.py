# SPDX-License-Identifier: Apache-2.0
"""`plumb sql`: the queries of doc/sql.md, and tables that agree with the other commands."""

import contextlib
import os
import pty
import re

import pytest

from support.processes import ANSWER_LOOP
from support.program import REPOSITORY

QUERIES = re.findall(r"```sql\n(.*?)```", (REPOSITORY / "doc" / "sql.md").read_text(), re.S)

CODE = (
    """
import asyncio, sys, threading, weakref

class Order:
    pass

def make_class():
    class Made:
        pass
    return Made

def wait_deep(depth, event):
    return wait_deep(depth - 1, event) if depth else event.wait()

async def finish_some():
    tasks = [asyncio.ensure_future(asyncio.sleep(0, number)) for number in range(5)]
    await asyncio.gather(*tasks)
    return tasks

loop = asyncio.new_event_loop()
tasks = loop.run_until_complete(finish_some())
orders = [Order() for _ in range(40)]
copies = ["".join(["copy", " number ", "one" * 50]) for _ in range(25)]
kept = Order()
watchers = [weakref.ref(Order()) for _ in range(7)] + [weakref.ref(kept)]
sparse = {number: None for number in range(1000)}
for number in range(990):
    del sparse[number]
made = [make_class()() for _ in range(6)]
event = threading.Event()
thread = threading.Thread(target=wait_deep, args=(30, event), daemon=True)
thread.start()
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module")
def target(python):
    with python.start(CODE) as target:
        yield target


@pytest.fixture(scope="module")
def answers(target):
    """Rows (as dicts) of the documented query that contains some words."""
    from support.program import Plumb

    document = Plumb()("sql", target.pid, "\n".join(QUERIES), "--json", code=0).json
    assert document["schema"] == "plumb.sql/1"
    assert len(document["results"]) == len(QUERIES) == 10
    results = [
        [dict(zip(result["columns"], row)) for row in result["rows"]]
        for result in document["results"]
    ]

    def find(words):
        (chosen,) = [rows for query, rows in zip(QUERIES, results) if words in query]
        return chosen

    return find


def test_types_are_those_of_heap(plumb, target, answers):
    table = plumb("heap", target.pid, "--json", "--sort", "bytes", code=0).json

    for row in answers("sum(size) AS bytes\nFROM objects GROUP BY")[:5]:
        # Two types of one name are two rows there.
        same = [other for other in table["rows"] if other["type"] == row["type"]]
        assert sum(other["bytes"] for other in same) == row["bytes"]
        assert sum(other["objects"] for other in same) == row["objects"]


def test_duplicate_strings_are_told_by_waste(target, answers):
    (row,) = [row for row in answers("AS waste") if "copy number" in row["value"]]

    assert row["copies"] == 25
    assert row["waste"] == 24 * int(target.ask("sys.getsizeof(copies[0])"))


def test_containers_and_sparse_dicts_have_their_paths(answers):
    sparse = [row for row in answers("250 *") if row["held_by"] == "sys.modules['__main__'].sparse"]
    assert [row["length"] for row in sparse] == [10]
    assert any(row["length"] > 100 for row in answers("ORDER BY length DESC"))


def test_dead_weak_references_in_lists_are_found(target, answers):
    (row,) = [row for row in answers("AS dead") if "watchers" in (row["held_by"] or "")]

    assert row["dead"] == 7
    assert row["address"] == hex(int(target.ask("id(watchers)")))


def test_classes_of_one_name_are_counted(answers):
    (row,) = [row for row in answers("AS types FROM types") if row["name"].endswith("Made")]

    assert row["types"] == 6


def test_finished_tasks_are_found(answers):
    rows = [row for row in answers("AS task") if "tasks[" in (row["held_by"] or "")]

    assert len(rows) == 5


def test_referrers_are_named(answers):
    rows = {(row["source_type"], row["kind"]): row["refs"] for row in answers("'__main__.Order'")}

    assert rows["list", "index"] == 40


def test_threads_are_as_deep_as_they_are(answers):
    deep = [row for row in answers("FROM frames") if row["depth"] > 30]

    assert len(deep) == 1
    assert deep[0]["innermost"].startswith("wait")


def test_text_is_a_table_and_a_script_may_come_in_by_a_pipe(plumb, target):
    text = plumb("sql", target.pid, "SELECT 7 AS lucky, 'a\nb' AS word", code=0).stdout

    assert text.splitlines() == ["lucky  word", "    7  a?b"]
    process = plumb.popen("sql", str(target.pid), stdin=-1, stdout=-1, text=True)
    output, _ = process.communicate("SELECT count(*) AS n FROM modules; SELECT 2 AS two;")
    assert process.returncode == 0
    assert output.splitlines()[0] == "n".rjust(len(output.splitlines()[1]))
    assert output.splitlines()[2:] == ["two", "  2"]


def everything_from(terminal):
    """What a program writes until it has closed its side."""
    written = b""
    with contextlib.suppress(OSError):  # EIO: it has
        while part := os.read(terminal, 4096):
            written += part
    return written.decode()


def test_at_a_terminal_queries_are_asked_for(plumb, target):
    ours, theirs = pty.openpty()
    process = plumb.popen("sql", str(target.pid), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b".schema\nSELECT 40 + 2\nAS answer;\nSELEC;\nSELECT 1 AS still;\n.quit\n")
    text = everything_from(ours)
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert "CREATE TABLE objects(" in text and "plumb> " in text
    assert "    42" in text and "syntax error" in text
    assert text.index("syntax error") < text.rindex("still")  # a mistake does not end it


def test_mistakes_are_one_line_and_2(plumb, target):
    for query in "SELEC", "SELECT * FROM nowhere", "ATTACH DATABASE 'x' AS y":
        result = plumb("sql", target.pid, query, code=2)
        assert result.stdout == "" and len(result.stderr.splitlines()) == 1


def test_a_snapshot_gives_the_same_answers(plumb, target, tmp_path):
    file = tmp_path / "app.plumb"
    plumb("snap", target.pid, "-o", file, code=0)
    query = (
        "SELECT type, count(*), sum(size) FROM objects GROUP BY type ORDER BY 1;"
        "SELECT value, length, hash FROM strings WHERE type = 'str' ORDER BY 1, 2, 3 LIMIT 3000;"
        "SELECT kind, name, source_type FROM refs WHERE target_type = '__main__.Order' ORDER BY 1, 2, 3;"
    )
    live = plumb("sql", target.pid, query, "--json", code=0).json

    assert plumb("sql", file, query, "--json", code=0).json == live
