# SPDX-License-Identifier: Apache-2.0
"""A picture shows one moment, and whoever is in it does not notice.

What the program under test blocks in, is doing or has had done to it is varied here; that it is
released however plumb ends is in test_release.py; where not everything is allowed, in
test_picture_refused.py.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import pictures
from support.processes import ANSWER_LOOP

MODES = ["fork", "copy"]


def blocked_call(run, kind, milliseconds):
    process = run(pictures.tool("blocked_call"), kind, milliseconds, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    return process


def outcome(line):
    return {key: int(value) for key, value in re.findall(r"(\w+)=(-?\d+)", line)}


# What each call returns when nothing disturbs it: value, errno, signals handled.
CALLS = {
    "nanosleep": (0, 0, 0),
    "poll": (0, 0, 0),
    "ppoll": (-1, 4, 1),
    "select": (0, 0, 0),
    "futex": (-1, 110, 0),
    "read": (1, 0, 0),
    "recv": (1, 0, 0),
    "sigsuspend": (-1, 4, 1),
    "wait": (0, 0, 0),
    "flock": (0, 0, 0),
    "compute": (0, 0, 0),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", CALLS)
def test_a_blocked_call_goes_on_as_if_nothing_was(run, kind, mode):
    process = blocked_call(run, kind, 600)
    time.sleep(0.05)
    code, taken, errors = pictures.take_pictures(process.pid, "--mode", mode, "--repeat", 12)
    assert taken and (code == 0 or "ended" in errors or "no process" in errors), errors
    seen = outcome(process.stdout.readline())
    assert (seen["value"], seen["errno"], seen["handled"]) == CALLS[kind]
    assert seen["mask"] == 1
    assert seen["ms"] >= 595


@pytest.mark.parametrize("mode", MODES)
def test_no_signal_is_lost_or_invented(run, mode):
    process = blocked_call(run, "signals", 700)
    pictures.take(process.pid, "--mode", mode, "--repeat", 8)
    sent, handled = process.stdout.read().splitlines()
    assert outcome(sent)["sent"] == outcome(handled)["handled"] > 1000


BUFFER = (
    """
import ctypes
buffer = ctypes.create_string_buffer(b"before", 16)
def change():
    buffer.value = b"after!"
    return "changed"
"""
    + ANSWER_LOOP
)


@pytest.mark.parametrize("mode, shown", [("fork", b"before"), ("copy", b"before"), ("none", b"after!")])
def test_it_shows_the_moment_it_was_taken(start, python, mode, shown):
    target = start(python, BUFFER)
    address = target.ask("ctypes.addressof(buffer)")
    process = pictures.start_picture(target.pid, "--mode", mode, "--hold", 400, "--read", f"{address}:6")
    assert process.stdout.readline().startswith(f"mode={mode}"), process.communicate()
    assert target.ask("change()") == "changed"
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert output == f"read={shown.hex()}\n"
    assert pictures.traces(target.pid) == []


LARGE = (
    """
import ctypes, os
large = ctypes.create_string_buffer(os.urandom(1 << 20) * 48)
"""
    + ANSWER_LOOP
)


@pytest.mark.parametrize("mode", MODES)
def test_a_large_memory_is_shown_whole(start, newest, mode):
    target = start(newest, LARGE)
    address = int(target.ask("ctypes.addressof(large)"))
    for offset in (0, (1 << 20) - 4099, (16 << 20) + 77, (47 << 20) - 1):
        process = pictures.start_picture(
            target.pid, "--mode", mode, "--read", f"{address + offset}:{1 << 20}"
        )
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
        assert output.splitlines()[1] == "read=" + target.ask(
            f"large[{offset}:{offset + (1 << 20)}].hex()"
        )


SPARSE = """
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
SIZE = 4 << 40
sparse = libc.mmap(None, SIZE, 3, 0x4022, -1, 0)  # private, anonymous, no reserve
closed = libc.mmap(None, SIZE, 0, 0x4022, -1, 0)
for place in (0, SIZE // 2 + 4096, SIZE - 4096):
    ctypes.memmove(sparse + place, b"touched", 7)
""" + ANSWER_LOOP


def scans_mappings_at_once():
    return tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 7)


@pytest.mark.skipif(not scans_mappings_at_once(), reason="PAGEMAP_SCAN is of Linux 6.7")
def test_of_terabytes_only_what_was_touched_is_copied(start, newest):
    """As the shadow of AddressSanitizer, or the cage of a JavaScript engine."""
    target = start(newest, SPARSE)
    assert int(target.ask("min(sparse, closed)")) > 0
    sparse = int(target.ask("sparse"))
    for place in (0, (2 << 40) + 4096, (4 << 40) - 4096):
        process = pictures.start_picture(
            target.pid, "--mode", "copy", "--read", f"{sparse + place}:7"
        )
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
        assert output.splitlines()[1] == "read=" + b"touched".hex()
    assert int(pictures.read_status(f"/proc/{target.pid}/status")["VmRSS"].split()[0]) < 100_000


def test_a_bad_moment_is_waited_out(start, newest):
    target = start(newest, ANSWER_LOOP)
    assert pictures.take(target.pid, "--unsettled", 3)[0]["settled"] == "1"
    assert pictures.take(target.pid, "--unsettled", 9)[0]["settled"] == "0"


def test_the_pause_is_reported(start, newest):
    target = start(newest, ANSWER_LOOP)
    assert float(pictures.take(target.pid)[0]["pause_ms"]) > 0
    assert float(pictures.take(target.pid, "--mode", "none")[0]["pause_ms"]) == 0


MANY_THREADS = """
import threading
threading.stack_size(65536)
never = threading.Event()
for _ in range(3000):
    threading.Thread(target=never.wait, daemon=True).start()
""" + ANSWER_LOOP


def test_thousands_of_threads_are_stopped_and_released(start, newest):
    """How long it takes is a row of the benchmark."""
    target = start(newest, MANY_THREADS)
    pictures.take(target.pid, "--repeat", 6)
    assert target.ask("threading.active_count()") == "3001"
    assert pictures.traces(target.pid) == []


def test_the_first_thread_ends_while_pictures_are_taken(run):
    """Its end is not reported as long as there are others."""
    code = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(30,)).start()\n"
        "print('ready', flush=True)\n"
        "time.sleep(0.2)\n"
        "ctypes.CDLL(None).syscall(60, 0)\n"
    )
    for _ in range(4):
        process = run(sys.executable, "-c", code, stdout=subprocess.PIPE)
        assert process.stdout.readline() == "ready\n"
        pictures.take(process.pid, "--repeat", 150)  # waiting for it would be an error after a second
        process.kill()


def private_bytes(pid, address):
    """Bytes of the mapping at address that this process shares with nobody."""
    is_inside, found = False, 0
    for line in open(f"/proc/{pid}/smaps"):
        if line[0] in "0123456789abcdef":
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            is_inside = start <= address < end
        elif is_inside and line.startswith(("Private_Clean:", "Private_Dirty:")):
            found += int(line.split()[1]) << 10
    return found


def test_reading_a_picture_copies_no_page_of_it(start, newest):
    target = start(newest, LARGE)
    address = int(target.ask("ctypes.addressof(large)")) + (16 << 20)
    process = pictures.start_picture(
        target.pid, "--hold", 1000, "--read", f"{address}:{1 << 20}"
    )
    assert process.stdout.readline().startswith("mode=fork")
    assert process.stdout.readline().startswith("read=")
    (child,) = pictures.children(target.pid)
    assert private_bytes(child, address) < 256 << 10
    pictures.end(process)


LISTENER = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
""" + ANSWER_LOOP


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_image_holds_no_file(start, newest):
    target = start(newest, LISTENER)
    port = int(target.ask("listener.getsockname()[1]"))
    process, child = pictures.hold(target.pid, 1000)
    assert os.listdir(f"/proc/{child}/fd") == []
    assert is_listening(port)
    target.ask("listener.close()")
    assert not is_listening(port)
    pictures.end(process)
    assert pictures.traces(target.pid) == []


def test_the_program_ends_while_its_picture_is_held(start, newest):
    pictures.adopt_orphans()
    target = start(newest, LISTENER)
    port = int(target.ask("listener.getsockname()[1]"))
    process, child = pictures.hold(target.pid, 1000)
    target.process.stdin.close()
    assert target.process.wait(timeout=10) == 0
    assert not is_listening(port)
    pictures.end(process)
    # Without its parent the child was ours; it has ended, and is collected as any orphan.
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def test_the_program_calls_exec_while_its_picture_is_held(start, newest):
    target = start(newest, "import os\n" + LISTENER)
    port = int(target.ask("listener.getsockname()[1]"))
    process, _ = pictures.hold(target.pid, 700)
    target.tell("os.execv('/bin/sleep', ['sleep', '60'])")
    time.sleep(0.2)
    assert Path(f"/proc/{target.pid}/comm").read_text() == "sleep\n"
    assert not is_listening(port)
    pictures.end(process)
    assert pictures.traces(target.pid) == []


def test_it_ends_or_execs_while_pictures_are_taken(start, newest):
    for how in ("os._exit(0)", "os.execv('/bin/true', ['true'])"):
        for i in range(15):
            target = start(newest, "import os, time\n" + ANSWER_LOOP)
            target.tell(f"time.sleep(0.0{i % 5}{i}) or {how}")
            code, _, errors = pictures.take_pictures(target.pid, "--repeat", 100000)
            assert code == 3
            assert errors.count("\n") == 1
            # It may be met in the middle of the exec, when its code is another's already.
            told = "has ended|there is no process|started another program"
            assert re.search(told, errors), errors
            target.stop()


STORM = """
import threading, time
def short():
    sum(range(2000))
def make():
    while True:
        threads = [threading.Thread(target=short) for _ in range(10)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        made[0] += 10
made = [0]
for _ in range(3):
    threading.Thread(target=make, daemon=True).start()
""" + ANSWER_LOOP

SPAWNING = """
import subprocess, threading
def spawn():
    while True:
        assert subprocess.run(["/bin/sh", "-c", "exit 7"]).returncode == 7
        made[0] += 1
made = [0]
for _ in range(3):
    threading.Thread(target=spawn, daemon=True).start()
""" + ANSWER_LOOP


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("program", [STORM, SPAWNING], ids=["threads", "processes"])
def test_threads_and_children_come_and_go_meanwhile(start, newest, program, mode):
    target = start(newest, program)
    before = int(target.ask("made[0]"))
    assert len(pictures.take(target.pid, "--mode", mode, "--repeat", 60)) == 60
    assert int(target.ask("made[0]", timeout=10)) > before
    assert target.stderr() == ""


def test_the_first_thread_has_ended(run):
    """Not a zombie: a process whose main thread called pthread_exit()."""
    code = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(30,)).start()\n"
        "print('ready', flush=True)\n"
        "ctypes.CDLL(None).syscall(60, 0)\n"
    )
    process = run(sys.executable, "-c", code, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    assert pictures.read_status(f"/proc/{process.pid}/status")["State"].startswith("Z")
    assert pictures.take(process.pid, "--mode", "fork")[0]["mode"] == "fork"


@pytest.mark.parametrize("mode", MODES)
def test_what_was_stopped_stays_stopped(start, newest, mode):
    target = start(newest, "import threading, time\n"
                   "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
                   + ANSWER_LOOP)
    os.kill(target.pid, signal.SIGSTOP)
    assert os.waitpid(target.pid, os.WUNTRACED)[0] == target.pid
    pictures.take(target.pid, "--mode", mode, "--repeat", 3)
    time.sleep(0.05)
    tasks = Path(f"/proc/{target.pid}/task").glob("*/status")
    assert {pictures.read_status(task)["State"] for task in tasks} == {"T (stopped)"}
    os.kill(target.pid, signal.SIGCONT)
    assert target.ask("1 + 1") == "2"


def test_sigstop_and_sigcont_meanwhile(start, newest):
    target = start(newest, ANSWER_LOOP)
    process = pictures.start_picture(target.pid, "--repeat", 60)
    while process.poll() is None:
        os.kill(target.pid, signal.SIGSTOP)
        time.sleep(0.003)
        os.kill(target.pid, signal.SIGCONT)
        time.sleep(0.003)
    assert process.returncode == 0, process.communicate()
    process.communicate()
    assert target.ask("1 + 1") == "2"
    assert pictures.traces(target.pid) == []


def test_a_stalled_plumb_does_not_keep_it_stopped(start, newest):
    target = start(newest, ANSWER_LOOP)
    process = pictures.start_picture(target.pid, "--stall", 60000)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGSTOP)
    assert target.ask("1 + 1", timeout=10) == "2"
    assert pictures.traces(target.pid) == []
    process.kill()
    process.communicate()


def test_what_was_released_too_early_is_said(start, newest):
    target = start(newest, ANSWER_LOOP)
    assert "was let run again" in pictures.refuse(target.pid, "--stall", 2500)


def test_the_guardian_itself_is_killed(start, newest):
    """No promise, but at almost every moment this does no harm either."""
    pictures.adopt_orphans()
    target = start(newest, ANSWER_LOOP)
    process, child = pictures.hold(target.pid, 1000)
    (guardian,) = pictures.children(process.pid)
    os.kill(guardian, signal.SIGKILL)
    time.sleep(0.2)
    assert pictures.read_status(f"/proc/{child}/status")["State"] == "Z (zombie)"
    assert target.ask("1 + 1") == "2"
    pictures.end(process)
