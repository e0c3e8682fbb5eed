# SPDX-License-Identifier: Apache-2.0
"""`python app.py & plumb $!`: a program that is just starting is waited for, not refused.

plumb meets it before the exec, with no library mapped yet, with a runtime that is not filled in,
or while it imports; each time there is an answer.
"""

import os
import signal
import subprocess
import time

import pytest

PROGRAM = "import json, decimal, asyncio, time; time.sleep(60)"
STARTS = 20


@pytest.fixture
def begin():
    """begin(command): a Popen whose program may not have begun yet, ended with the test."""
    started = []

    def begin_command(*command):
        started.append(subprocess.Popen(command, start_new_session=True))
        return started[-1]

    yield begin_command
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_python_that_is_just_starting_is_waited_for(python, plumb, begin):
    for i in range(STARTS):
        process = begin(*python.command("-c", PROGRAM))
        time.sleep(i * 0.003)
        result = plumb("heap", process.pid, "--json")
        assert (result.code, result.stderr) == (0, ""), result
        assert result.json["objects"] > 0
        process.kill()


@pytest.mark.pythons("3.8", "3.12", "3.15", newest=True)
def test_from_a_shell_in_the_same_instant(python, plumb):
    words = " ".join(python.command("-c", "'import time; time.sleep(60)'"))
    for what in ("heap --json $!", "why --json $! dict"):
        script = f"{words} & {plumb.path} {what}; code=$?; kill $!; exit $code"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert done.stdout.startswith('{"schema"')


def has_begun(pid):
    """Has it called exec()? """
    return "/python" in os.readlink(f"/proc/{pid}/exe")


@pytest.mark.pythons("3.8", "3.13", newest=True)
def test_an_old_process_that_becomes_python_is_waited_for(python, plumb, begin):
    """A server that starts itself anew keeps its number, and with it its age."""
    for delay in (0, 0.001, 0.003, 0.006, 0.012):
        words = " ".join(python.command("-c", f"'{PROGRAM}'"))
        process = begin("/bin/sh", "-c", f"sleep 2.5; exec {words}")
        time.sleep(2.2)
        deadline = time.monotonic() + 20
        while not has_begun(process.pid) and time.monotonic() < deadline:
            pass
        time.sleep(delay)
        assert plumb("heap", process.pid, "--json", code=0).json["objects"] > 0


def test_what_never_becomes_python_is_refused(plumb, begin):
    process = begin("sleep", "60")
    for _ in range(2):  # while it is young, and when it is not
        assert "sleep, which is not Python" in plumb("heap", process.pid, code=3).stderr


def test_what_ends_while_it_is_waited_for_is_said(plumb, begin):
    process = begin("sleep", "0.4")
    said = plumb("heap", process.pid, code=3).stderr
    assert said.count("\n") == 1 and "has ended" in said
