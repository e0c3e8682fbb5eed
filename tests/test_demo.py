# SPDX-License-Identifier: Apache-2.0
"""The demonstration stops what it started, on every way out.

Here plumb is replaced by a short program that waits, because this is about processes; what plumb
says about each leak is for the tests of the verdict.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import processes, service

pytestmark = pytest.mark.without_plumb

DEMO = service.EXAMPLES / "demo"


def start_demo(tmp_path, does):
    plumb = tmp_path / "plumb"
    plumb.write_text(f"#!/bin/sh\necho watching \"$@\"\n{does}\n")
    plumb.chmod(0o755)
    return subprocess.Popen(
        [DEMO, "--plumb", plumb],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def read_until(stream, word):
    for line in stream:
        if word in line:
            return line
    raise AssertionError(f"{word!r} was not said")


def is_gone(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"  # dead, and only its new parent's to reap


def assert_all_gone(pids):
    deadline = time.monotonic() + 10
    while not all(is_gone(pid) for pid in pids):
        assert time.monotonic() < deadline, pids
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_nothing_is_left_when_the_demonstration_is_ended(tmp_path, how):
    with start_demo(tmp_path, "exec sleep 60") as demo:
        read_until(demo.stdout, "watching")
        children = processes.children_of(demo.pid)
        assert len(children) == 3  # the service, its load, plumb
        os.kill(demo.pid, getattr(signal, how))
        demo.wait(timeout=30)
        assert demo.returncode not in (0, 1)
        assert_all_gone(children)


@pytest.mark.parametrize("code", [0, 3])
def test_the_demonstration_ends_as_plumb_does_and_leaves_nothing(tmp_path, code):
    with start_demo(tmp_path, f"sleep 1; exit {code}") as demo:
        line = read_until(demo.stdout, "watching")
        assert line.startswith("watching --for 20s ")
        children = processes.children_of(demo.pid)
        assert line.split()[-1] in map(str, children)
        rest, errors = demo.communicate(timeout=30)
        assert demo.returncode == code
        assert " 0 failed" in rest and "are stopped" in rest
        assert errors == ""
        assert_all_gone(children)


def test_a_missing_plumb_is_one_clear_line():
    result = subprocess.run(
        [DEMO, "--plumb", "/nowhere/plumb"], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "demo: /nowhere/plumb is not there yet (make builds it)\n"
