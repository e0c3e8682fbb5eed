# SPDX-License-Identifier: Apache-2.0
"""Drives build/tests/tools/picture_tool and looks at what it leaves behind.

A guardian (src/target/guardian.c) outlives the program that started it for as
long as it has to clean up.  `adopt_orphans` makes it a child of the test then,
so that its end can be waited for.
"""

import ctypes
import os
import subprocess
import time
from pathlib import Path

from support.program import Plumb

PR_SET_CHILD_SUBREAPER = 36
# Also one that has not named itself yet: it is called as what it was forked from.
GUARDIANS = ("plumb", "picture_tool")


def tool(name):
    return Plumb().path.parent / "tests" / "tools" / name


def start_picture(pid, *arguments, **options):
    """picture_tool in a process group of its own, as a shell starts it."""
    return subprocess.Popen(
        [tool("picture_tool"), str(pid), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def take_pictures(pid, *arguments, timeout=60):
    """Runs it to its end: (exit code, its lines as dictionaries, stderr)."""
    process = start_picture(pid, *arguments)
    try:
        output, errors = process.communicate(timeout=timeout)
    finally:
        process.kill()
        process.wait()
    pictures = [dict(word.split("=", 1) for word in line.split()) for line in output.splitlines()]
    return process.returncode, pictures, errors


def take(pid, *arguments):
    """What it says of each picture, and nothing else."""
    code, taken, errors = take_pictures(pid, *arguments)
    assert code == 0, errors
    assert errors == ""
    return taken


def refuse(pid, *arguments):
    """The one line with which a picture is refused."""
    code, taken, errors = take_pictures(pid, *arguments)
    assert (code, taken) == (3, []), errors
    assert errors.count("\n") == 1
    return errors.strip()


def hold(pid, milliseconds):
    """A held fork picture: the tool, and the pid of the child."""
    process = start_picture(pid, "--hold", milliseconds)
    assert process.stdout.readline().startswith("mode=fork")
    (child,) = children(pid)
    return process, child


def end(process):
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


def read_status(path):
    """A status file of /proc as a dictionary; {} when the process is gone."""
    try:
        text = Path(path).read_text()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key: value.strip() for key, value in pairs}


def children(pid):
    """{pid: name} of the direct children, zombies too, of whatever exit signal."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/status"):
        status = read_status(path)
        if status.get("PPid") == str(pid):
            found[int(path.parent.name)] = status["Name"] + " " + status["State"]
    return found


def traces(pid):
    """What of an intervention is left on a process; [] when there is none."""
    found = [f"child {child}: {name}" for child, name in children(pid).items()]
    for path in Path(f"/proc/{pid}/task").glob("*/status"):
        status = read_status(path)
        if status.get("TracerPid", "0") != "0":
            found.append(f"thread {path.parent.name} is traced by {status['TracerPid']}")
        if status.get("State", "R")[0] in "tT":
            found.append(f"thread {path.parent.name} is stopped: {status['State']}")
    return found


def adopt_orphans():
    """What our children leave behind becomes our child, not that of init."""
    assert ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def wait_for_guardians(timeout=10):
    """Waits for the end of all adopted guardians; False when one goes on."""
    deadline = time.monotonic() + timeout
    while True:
        mine = [pid for pid, name in children(os.getpid()).items() if name.startswith(GUARDIANS)]
        left = [pid for pid in mine if os.waitpid(pid, os.WNOHANG) == (0, 0)]
        if not left or time.monotonic() > deadline:
            return not left
        time.sleep(0.002)
