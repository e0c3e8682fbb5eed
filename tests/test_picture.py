# SPDX-License-Identifier: Apache-2.0
"""A picture shows one moment, and whoever is in it does not notice.

What the program under test blocks in, is doing or has had done to it is varied here; that it is
released however plumb ends is in test_release.py.
"""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import pictures
from support.processes import ANSWER_LOOP, children_of
from support.program import Plumb

MODES = ["fork", "copy"]
NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")


@pytest.fixture
def newest(pythons):
    """The newest Python that lives on the machine itself."""
    return [python for python in pythons if not python.is_entered][-1]


@pytest.fixture
def run():
    """run(command): a Popen, ended with the test."""
    started = []

    def start_command(*command, **options):
        started.append(subprocess.Popen(list(map(str, command)), text=True, **options))
        return started[-1]

    yield start_command
    for process in started:
        process.kill()
        process.wait()


def take(pid, *arguments):
    code, taken, errors = pictures.take_pictures(pid, *arguments)
    assert code == 0, errors
    assert errors == ""
    return taken


def refuse(pid, *arguments):
    """The one line with which a picture is refused."""
    code, taken, errors = pictures.take_pictures(pid, *arguments)
    assert (code, taken) == (3, []), errors
    assert errors.count("\n") == 1
    return errors.strip()


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
    take(process.pid, "--mode", mode, "--repeat", 8)
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
    assert take(target.pid, "--unsettled", 3)[0]["settled"] == "1"
    assert take(target.pid, "--unsettled", 9)[0]["settled"] == "0"


def test_the_pause_is_reported(start, newest):
    target = start(newest, ANSWER_LOOP)
    assert float(take(target.pid)[0]["pause_ms"]) > 0
    assert float(take(target.pid, "--mode", "none")[0]["pause_ms"]) == 0


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
    take(target.pid, "--repeat", 6)
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
        take(process.pid, "--repeat", 150)  # waiting for it would be an error after a second
        process.kill()


def held_picture(pid, milliseconds):
    """A held fork picture: the tool, and the pid of the child."""
    process = pictures.start_picture(pid, "--hold", milliseconds)
    assert process.stdout.readline().startswith("mode=fork")
    (child,) = pictures.children(pid)
    return process, child


def end_picture(process):
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


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
    end_picture(process)


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
    process, child = held_picture(target.pid, 1000)
    assert os.listdir(f"/proc/{child}/fd") == []
    assert is_listening(port)
    target.ask("listener.close()")
    assert not is_listening(port)
    end_picture(process)
    assert pictures.traces(target.pid) == []


def test_the_program_ends_while_its_picture_is_held(start, newest):
    pictures.adopt_orphans()
    target = start(newest, LISTENER)
    port = int(target.ask("listener.getsockname()[1]"))
    process, child = held_picture(target.pid, 1000)
    target.process.stdin.close()
    assert target.process.wait(timeout=10) == 0
    assert not is_listening(port)
    end_picture(process)
    # Without its parent the child was ours; it has ended, and is collected as any orphan.
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def test_the_program_calls_exec_while_its_picture_is_held(start, newest):
    target = start(newest, "import os\n" + LISTENER)
    port = int(target.ask("listener.getsockname()[1]"))
    process, _ = held_picture(target.pid, 700)
    target.tell("os.execv('/bin/sleep', ['sleep', '60'])")
    time.sleep(0.2)
    assert Path(f"/proc/{target.pid}/comm").read_text() == "sleep\n"
    assert not is_listening(port)
    end_picture(process)
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
    assert len(take(target.pid, "--mode", mode, "--repeat", 60)) == 60
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
    assert take(process.pid, "--mode", "fork")[0]["mode"] == "fork"


@pytest.mark.parametrize("mode", MODES)
def test_what_was_stopped_stays_stopped(start, newest, mode):
    target = start(newest, "import threading, time\n"
                   "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
                   + ANSWER_LOOP)
    os.kill(target.pid, signal.SIGSTOP)
    assert os.waitpid(target.pid, os.WUNTRACED)[0] == target.pid
    take(target.pid, "--mode", mode, "--repeat", 3)
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


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
@pytest.mark.parametrize("mode", MODES)
def test_another_tracer_is_named(start, newest, run, mode):
    target = start(newest, ANSWER_LOOP)
    tracer = run("strace", "-f", "-p", target.pid, stderr=subprocess.PIPE)
    assert "attached" in tracer.stderr.readline()
    said = refuse(target.pid, "--mode", mode)
    assert f"is being traced by strace (process {tracer.pid})" in said
    assert "--pause=none" in said
    assert take(target.pid, "--mode", "none")
    tracer.terminate()
    tracer.wait()
    assert target.ask("1 + 1") == "2"


SECCOMP = """
import ctypes, struct
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow))
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
assert libc.prctl(38, 1, 0, 0, 0) == 0
buffer = ctypes.create_string_buffer(program)
assert libc.prctl(22, 2, ctypes.addressof(buffer), 0, 0) == 0
""" + ANSWER_LOOP


def test_it_does_not_fork_under_seccomp(start, newest):
    target = start(newest, SECCOMP)
    assert "under a seccomp filter" in refuse(target.pid, "--mode", "fork")
    assert take(target.pid, "--mode", "fork", "--fall-back")[0]["mode"] == "copy"
    assert target.ask("1 + 1") == "2"


LIMITED = f"""
import os, resource, threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
os.setgid({NOBODY})
os.setuid({NOBODY})
""" + ANSWER_LOOP


@as_root
def test_a_clone_that_fails_is_a_reason_to_copy(start, newest):
    target = start(newest, LIMITED)
    assert "a limit on processes" in refuse(target.pid, "--mode", "fork")
    assert take(target.pid, "--mode", "fork", "--fall-back")[0]["mode"] == "copy"
    assert target.ask("1 + 1") == "2"
    assert pictures.traces(target.pid) == []


def inside(unshare):
    """The pid of the one child that unshare runs."""
    deadline = time.monotonic() + 10
    while not children_of(unshare.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return children_of(unshare.pid)[0]


@as_root
@pytest.mark.parametrize("mode", MODES)
def test_another_pid_and_mount_namespace(python, run, mode):
    command = python.command("-c", ANSWER_LOOP)
    unshare = run("unshare", "-pf", "--mount-proc", *command, stdin=subprocess.PIPE,
                  stdout=subprocess.PIPE)
    if unshare.stdout.readline() != "ready\n":
        pytest.skip("unshare is not allowed here")
    pid = inside(unshare)
    take(pid, "--mode", mode, "--repeat", 5)
    assert pictures.traces(pid) == []
    os.kill(pid, signal.SIGKILL)


@as_root
@pytest.mark.parametrize("mode", MODES)
def test_a_container_of_its_own(python, run, mode):
    """User, pid and mount namespaces: what an ordinary user can have."""
    command = python.command("-c", ANSWER_LOOP)
    unshare = run("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount", *command,
                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if unshare.stdout.readline() != "ready\n":
        pytest.skip("unshare is not allowed here")
    pid = inside(unshare)
    assert os.stat(f"/proc/{pid}/ns/user").st_ino != os.stat("/proc/self/ns/user").st_ino
    assert [one["mode"] for one in take(pid, "--mode", mode, "--repeat", 5)] == [mode] * 5
    assert pictures.traces(pid) == []
    assert Plumb()("heap", pid, "--json", code=0).json["objects"] > 0
    os.kill(pid, signal.SIGKILL)


def take_with_own_file(pid, path, text, tmp_path, *arguments):
    """The same where `path` reads as `text`, for the one that looks only."""
    made_up = tmp_path / "made-up"
    made_up.write_text(text)
    script = f"mount --bind {made_up} {path} && exec \"$@\""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", pictures.tool("picture_tool"), str(pid),
         *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mount namespace to be had here")
    return done


@as_root
def test_it_does_not_fork_under_strict_overcommit(start, newest, tmp_path):
    target = start(newest, ANSWER_LOOP)
    strict = ("/proc/sys/vm/overcommit_memory", "2\n", tmp_path)
    done = take_with_own_file(target.pid, *strict, "--mode", "fork")
    assert done.returncode == 3 and "vm.overcommit_memory is 2; use --pause=copy" in done.stderr
    done = take_with_own_file(target.pid, *strict, "--mode", "fork", "--fall-back")
    assert done.returncode == 0 and done.stdout.startswith("mode=copy"), done
    assert target.ask("1 + 1") == "2"


@pytest.fixture
def full_group():
    """full_group(pid): its pids cgroup takes no process more."""
    folder = Path(f"/sys/fs/cgroup/pids/plumb-test-{os.getpid()}")
    moved = []

    def fill(pid):
        try:
            folder.mkdir()
            (folder / "cgroup.procs").write_text(str(pid))
            moved.append(pid)
            (folder / "pids.max").write_text((folder / "pids.current").read_text())
        except OSError:
            pytest.skip("no pids cgroup to be had here")

    yield fill
    for pid in moved:
        try:
            (folder.parent / "cgroup.procs").write_text(str(pid))
        except OSError:
            pass  # it has ended
    if folder.exists():
        folder.rmdir()


@as_root
def test_a_full_group_of_processes_is_a_reason_to_copy(start, newest, full_group):
    target = start(newest, ANSWER_LOOP)
    full_group(target.pid)
    assert "a limit on processes" in refuse(target.pid, "--mode", "fork")
    assert take(target.pid, "--mode", "fork", "--fall-back")[0]["mode"] == "copy"
    assert target.ask("1 + 1") == "2"
    assert pictures.traces(target.pid) == []


@pytest.mark.parametrize("program, pause", [(SECCOMP, "copy"), (ANSWER_LOOP, "fork")],
                         ids=["seccomp", "free"])
def test_the_answer_says_how_it_was_taken(start, newest, program, pause):
    target = start(newest, program)
    assert Plumb()("heap", target.pid, "--json", code=0).json["pause"] == pause
    assert (" (copied)" in Plumb()("heap", target.pid, code=0).stdout) == (pause == "copy")
    assert target.ask("1 + 1") == "2"


@pytest.mark.skipif(not shutil.which("gdb"), reason="no gdb")
def test_a_debugger_is_named(start, newest, run):
    target = start(newest, ANSWER_LOOP)
    debugger = run("gdb", "-q", "-nx", "-batch", "-p", target.pid, "-ex", "echo attached\\n",
                   "-ex", "shell sleep 60", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=subprocess.DEVNULL)
    while (line := debugger.stdout.readline()) and "attached" not in line:
        pass
    said = Plumb()("heap", target.pid, code=3).stderr
    assert f"is being traced by gdb (process {debugger.pid})" in said
    assert "--pause=none" in said and said.count("\n") == 1
    Plumb()("heap", target.pid, "--pause=none", code=0)
    for pid in children_of(debugger.pid):
        os.kill(pid, signal.SIGKILL)
    debugger.wait(timeout=20)
    assert target.ask("1 + 1") == "2"


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
    assert "was let run again" in refuse(target.pid, "--stall", 2500)


def test_the_guardian_itself_is_killed(start, newest):
    """No promise, but at almost every moment this does no harm either."""
    pictures.adopt_orphans()
    target = start(newest, ANSWER_LOOP)
    process, child = held_picture(target.pid, 1000)
    (guardian,) = pictures.children(process.pid)
    os.kill(guardian, signal.SIGKILL)
    time.sleep(0.2)
    assert pictures.read_status(f"/proc/{child}/status")["State"] == "Z (zombie)"
    assert target.ask("1 + 1") == "2"
    end_picture(process)


@pytest.mark.parametrize("files", range(4, 9))
def test_with_hardly_a_file_to_open_it_ends(start, newest, files):
    """Among these limits is one that leaves no room for the guardian's socket alone."""
    target = start(newest, ANSWER_LOOP)
    process = pictures.start_picture(
        target.pid,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
    try:
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (0, 3), errors
    assert target.ask("1 + 1") == "2"


def test_no_such_process(start, newest):
    target = start(newest, "import threading, time\n"
                   "thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)\n"
                   "thread.start()\n" + ANSWER_LOOP)
    threads = [int(tid) for tid in os.listdir(f"/proc/{target.pid}/task")]
    (other,) = [tid for tid in threads if tid != target.pid]
    assert refuse(other) == f"{other} is a thread of process {target.pid}; try that number"
    os.kill(target.pid, signal.SIGKILL)
    os.waitid(os.P_PID, target.pid, os.WEXITED | os.WNOWAIT)
    assert "has ended; its parent has not collected it yet" in refuse(target.pid)
    target.process.wait()
    assert refuse(target.pid) == f"there is no process {target.pid}"


@as_root
def test_a_thread_of_the_kernel():
    kernel = pictures.read_status("/proc/2/status")
    if kernel.get("PPid") != "0" or "VmSize" in kernel:
        pytest.skip("process 2 is not the kernel's here")
    assert refuse(2) == "2 is a thread of the kernel"


def i386_program():
    """The smallest: calls pause() for ever, by int 0x80."""
    code = bytes.fromhex("b81d000000cd80ebf7")
    base = 0x08048000
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += b"".join(
        value.to_bytes(size, "little")
        for value, size in [(2, 2), (3, 2), (1, 4), (base + 84, 4), (52, 4), (0, 4), (0, 4),
                            (52, 2), (32, 2), (1, 2), (40, 2), (0, 2), (0, 2)]
    )
    length = 84 + len(code)
    segment = b"".join(
        value.to_bytes(4, "little")
        for value in (1, 0, base, base, length, length, 5, 0x1000)
    )
    return header + segment + code


def test_a_32_bit_process(tmp_path, run):
    program = tmp_path / "small"
    program.write_bytes(i386_program())
    program.chmod(0o755)
    try:
        process = run(program)
    except OSError:
        pytest.skip("this kernel runs no 32-bit programs")
    time.sleep(0.1)
    assert "is a 32-bit x86 (i386) program" in refuse(process.pid)


def refuse_as_nobody(pid, tmp_path, *arguments):
    """The same, asked by a user without rights."""
    tool = shutil.copy(pictures.tool("picture_tool"), "/tmp/" + tmp_path.name + "-picture_tool")
    try:
        os.chmod(tool, 0o755)
        done = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", tool,
             str(pid), *arguments],
            capture_output=True, text=True, check=False,
        )
    finally:
        os.unlink(tool)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


@as_root
@pytest.mark.parametrize("mode", [*MODES, "none"])
def test_the_process_of_another_user(start, newest, tmp_path, mode):
    target = start(newest, ANSWER_LOOP)
    said = refuse_as_nobody(target.pid, tmp_path, "--mode", mode)
    assert said == (
        f"no permission to read process {target.pid}: it belongs to uid 0 and plumb runs as uid "
        f"{NOBODY} without CAP_SYS_PTRACE; try: sudo plumb {target.pid}"
    )


@as_root
def test_a_process_that_may_not_be_dumped(start, newest, tmp_path):
    target = start(newest, f"import os\nos.setgid({NOBODY})\nos.setuid({NOBODY})\n" + ANSWER_LOOP)
    said = refuse_as_nobody(target.pid, tmp_path)
    assert "it has made itself unreadable" in said
    assert said.endswith(f"try: sudo plumb {target.pid}")


def without_capability(pid):
    return ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace",
            pictures.tool("picture_tool"), str(pid)]


@as_root
def test_root_in_a_container(start, newest):
    target = start(newest, f"import os\nos.setgid({NOBODY})\nos.setuid({NOBODY})\n" + ANSWER_LOOP)
    done = subprocess.run(without_capability(target.pid), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "root without CAP_SYS_PTRACE" in done.stderr
    assert "--cap-add=SYS_PTRACE" in done.stderr
