# SPDX-License-Identifier: Apache-2.0
"""`plumb snap`: a file answers as the process does, and is there whole or not at all."""

import datetime
import os
import signal
import subprocess
import time

import pytest

from support.processes import ANSWER_LOOP

CODE = (
    """
import sys, collections, decimal

class User:
    def __init__(self, name):
        self.name = name

class Slotted:
    __slots__ = ("one", "two")

KEYS = ["name", "it's", 'a "b"', "\\u00fc\\u4e16\\U0001f600", "x" * 200, "", 7, -(10 ** 30),
        10 ** 60, 2.5, True, None, b"\\x00\\xff", ("a", 1), frozenset([3]), User, len]
by_key = {key: User("user %d" % number) for number, key in enumerate(KEYS)}
records = [{"id": number, "owner": User(str(number))} for number in range(300)]
slotted = Slotted()
slotted.one = [User("deep")]
chain = None
for number in range(5000):
    chain = {"next": chain, "held": User("link") if number == 0 else None}
big = "q" * 100000
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module")
def target(python):
    """Stopped, and nobody asks it anything: it is the same at every look."""
    with python.start(CODE) as target:
        os.kill(target.pid, signal.SIGSTOP)
        yield target


@pytest.fixture(scope="module")
def snapshot(plumb, target, tmp_path_factory):
    path = tmp_path_factory.mktemp("snap") / "app.plumb"
    plumb("snap", target.pid, "-o", path, code=0)
    return path


def without_name(document):
    """What must be the same, whatever the target is called and whenever it was looked at."""
    document = dict(document)
    target = dict(document.pop("target"))
    for key in "file", "rss", "taken_at":
        target.pop(key, None)
    document.pop("pause_ms")
    return target, document


@pytest.mark.parametrize(
    "command",
    [
        ["heap", "{}"],
        ["heap", "{}", "--by", "module"],
        ["heap", "{}", "--by", "size"],
        ["why", "{}", "User"],
        ["why", "{}", "Slotted"],
        ["why", "{}", "dict"],
        ["why", "{}", "str"],
        ["why", "{}", "type"],
        ["show", "{}", "Slotted"],
    ],
    ids=" ".join,
)
def test_a_snapshot_answers_as_the_process(plumb, target, snapshot, command):
    live, kept = (
        plumb(*[word.format(name) for word in command], "--json", code=0).json
        for name in (target.pid, snapshot)
    )
    assert without_name(live) == without_name(kept)
    assert kept["target"]["file"] == str(snapshot)
    assert "file" not in live["target"]


def test_every_key_is_told(plumb, python, start, tmp_path):
    """The address of each user, as the process says, leads to the path that says its key."""
    target, snapshot = start(python, CODE), tmp_path / "app.plumb"
    plumb("snap", target.pid, "-o", snapshot, code=0)
    for number in range(int(target.ask("len(KEYS)"))):
        address = hex(int(target.ask(f"id(by_key[KEYS[{number}]])")))
        path = plumb("why", snapshot, address, "--json", code=0).json["paths"][0]
        live = plumb("why", target.pid, address, "--json", code=0).json["paths"][0]
        assert path == live
        if number < 4:
            assert hex(int(target.ask(f"id({path['example']})"))) == address


def test_text_for_people_is_the_same_but_for_the_name(plumb, target, snapshot):
    live = plumb("why", target.pid, "User", code=0).stdout.splitlines()
    kept = plumb("why", snapshot, "User", code=0).stdout.splitlines()
    taken = [line for line in kept if line.startswith("  taken ")]
    assert len(taken) == 1 and kept.pop(3) == taken[0]
    different = [(one, other) for one, other in zip(live, kept) if one != other]
    assert len(live) == len(kept)
    assert [other.startswith(f"{snapshot}: process ") for _, other in different] == [True]


def test_a_file_says_when_it_was_taken(plumb, target, tmp_path):
    path = tmp_path / "app.plumb"
    before = int(time.time())
    assert "\n  taken " not in plumb("snap", target.pid, "-o", path, code=0).stdout
    after = int(time.time())
    taken = plumb("heap", path, "--json", code=0).json["target"]["taken_at"]
    assert before <= taken <= after
    for command in ["heap", path], ["why", path, "User"], ["show", path, "Slotted"], ["check", path]:
        document = plumb(*command, "--json", code=0).json
        assert document["target"]["taken_at"] == taken
        for zone, offset in ("UTC", 0), ("XYZ-5:30", 5.5 * 3600):
            text = plumb(*command, code=0, env={"TZ": zone}).stdout
            said = text.split("\n  taken ")[1].splitlines()[0]
            moment = datetime.datetime.strptime(said, "%Y-%m-%d %H:%M:%S %z")
            assert moment.timestamp() == taken
            assert moment.utcoffset().total_seconds() == offset


def test_the_answer_says_what_was_written(plumb, target, tmp_path):
    path = tmp_path / "app.plumb"
    document = plumb("snap", target.pid, "-o", path, "--json", code=0).json
    assert document["schema"] == "plumb.snap/1"
    assert document["file"] == str(path)
    assert document["size"] == path.stat().st_size
    assert document["values"]
    assert document["objects"] == plumb("heap", path, "--json", code=0).json["objects"]
    checked = plumb("check", path, "--json", code=0).json
    assert checked["schema"] == "plumb.check/1" and checked["sound"]
    for key in "size", "objects", "nodes", "references", "types", "values", "target":
        if key != "target":
            assert checked[key] == document[key]
    first = plumb("snap", target.pid, "-o", path, code=0).stdout.splitlines()[0]
    assert first.startswith(f"{path} holds ") and "bytes each" in first
    assert "is sound" in plumb("check", path, code=0).stdout.splitlines()[0]


def test_without_values_there_are_only_names(plumb, target, snapshot, tmp_path):
    bare, again, third = (tmp_path / f"{name}.plumb" for name in ("bare", "again", "third"))
    plumb("snap", target.pid, "-o", bare, "--no-values", code=0)
    # The same from the snapshot: what was kept can be left out later, but not come back.
    plumb("snap", snapshot, "-o", again, "--no-values", code=0)
    plumb("snap", again, "-o", third, code=0)
    assert third.read_bytes() == again.read_bytes()
    for path in bare, again:
        assert not plumb("check", path, "--json", code=0).json["values"]
        texts = [one["text"] for one in plumb("why", path, "User", "--json", code=0).json["paths"]]
        assert "__main__.slotted.one[0]" in texts
        assert any(text.startswith("__main__.by_key[") for text in texts)
        assert not any("it" in text or "name" in text.split(".", 1)[1] for text in texts)
        whole = without_name(plumb("heap", snapshot, "--json", code=0).json)
        assert without_name(plumb("heap", path, "--json", code=0).json) == whole


def test_a_snapshot_of_a_snapshot_is_the_same(plumb, snapshot, tmp_path):
    """Also with another number of threads: the first was written by one."""
    copy = tmp_path / "copy.plumb"
    plumb("snap", snapshot, "-o", copy, code=0)
    assert copy.read_bytes() == snapshot.read_bytes()


# How it is written: one interpreter is enough.


@pytest.fixture
def one(pythons, start):
    return start(pythons[-1], CODE)


def test_only_its_owner_may_read_it(plumb, one, tmp_path):
    path = tmp_path / "app.plumb"
    before = os.umask(0)
    try:
        plumb("snap", one.pid, "-o", path, code=0)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == 0o600


def test_what_was_there_is_replaced_at_once(plumb, one, tmp_path):
    path = tmp_path / "app.plumb"
    path.write_text("old")
    with path.open() as old:
        plumb("snap", one.pid, "-o", path, code=0)
        assert old.read() == "old"  # another file has its name now
    plumb("check", path, code=0)
    assert os.listdir(tmp_path) == ["app.plumb"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_who_ends_it_finds_nothing_half(plumb, one, tmp_path, number):
    path = tmp_path / "app.plumb"
    path.write_text("old")
    started = time.monotonic()
    plumb("snap", one.pid, "-o", tmp_path / "whole.plumb", code=0)
    takes = time.monotonic() - started
    os.unlink(tmp_path / "whole.plumb")

    def look():
        assert os.listdir(tmp_path) == ["app.plumb"]
        if path.read_bytes()[:3] != b"old":
            plumb("check", path, code=0)

    plumb.end_at_some_moment(["snap", one.pid, "-o", path], number, takes, look)
    assert one.ask("1 + 1") == "2"


def test_a_series_is_one_file_each_time(plumb, one, tmp_path):
    words = ["snap", one.pid, "-o", tmp_path / "app.plumb", "--every", "300ms", "--count", "3"]
    started = time.monotonic()
    document = plumb(*words, "--json", code=0).json
    assert time.monotonic() - started >= 0.6
    names = [str(tmp_path / f"app.{number}.plumb") for number in (1, 2, 3)]
    assert [written["file"] for written in document["snapshots"]] == names
    assert document["file"] == names[-1]
    assert sorted(os.listdir(tmp_path)) == [os.path.basename(name) for name in names]
    for name, written in zip(names, document["snapshots"]):
        checked = plumb("check", name, "--json", code=0).json
        assert checked["size"] == written["size"]
        assert checked["objects"] == written["objects"]
    lines = plumb(*words, code=0).stdout.splitlines()
    assert [line.split()[0] for line in lines if " holds " in line] == names
    plumb("diff", *names, code=0)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small disk: " + mounted.stderr.decode().strip())
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_told_and_leaves_nothing(plumb, one, small_disk):
    result = plumb("snap", one.pid, "-o", small_disk / "app.plumb", code=3)
    assert "No space left on device" in result.stderr and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert os.listdir(small_disk) == []


@pytest.mark.parametrize(
    "arguments, words, code",
    [
        (["snap", "1"], "-o FILE", 2),
        (["snap", "-o", "x"], "one target", 2),
        (["snap", "1", "2", "-o", "x"], "one target", 2),
        (["heap", "1", "-o", "x"], "no option -o", 2),
        (["snap", "1", "-o", "x", "--every", "1s"], "--every and --count", 2),
        (["snap", "1", "-o", "x", "--count", "2"], "--every and --count", 2),
        (["snap", "1", "-o", "x", "--every", "1s", "--count", "0"], "1 to 1000", 2),
        (["check"], "one file", 2),
        (["check", "/nowhere/x.plumb"], "No such file", 3),
        (["check", "/dev/null"], "no regular file", 3),
        (["heap", "/nowhere/x.plumb"], "there is no such file", 2),
        (["check", "/bin/true"], "no snapshot", 3),
        (["snap", "{pid}", "-o", "/nowhere/x.plumb"], "/nowhere/x.plumb", 3),
        (["snap", "{pid}", "-o", "/dev/null"], "no regular file", 3),
    ],
)
def test_what_cannot_be_is_one_line(plumb, one, arguments, words, code):
    result = plumb(*[word.format(pid=one.pid) for word in arguments], code=code)
    assert words in result.stderr and len(result.stderr.splitlines()) == 1
