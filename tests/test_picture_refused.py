# SPDX-License-Identifier: Apache-2.0
"""Where a picture may not be taken as usual: it is taken otherwise, or the reason is named.

Another tracer, seccomp, limits, memory that may not be promised, namespaces, other users, processes
of another kind. Whatever is in the way, the process runs on.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from support import pictures
from support.processes import ANSWER_LOOP, children_of
from support.program import Plumb

MODES = ["fork", "copy"]
NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
@pytest.mark.parametrize("mode", MODES)
def test_another_tracer_is_named(start, newest, run, mode):
    target = start(newest, ANSWER_LOOP)
    tracer = run("strace", "-f", "-p", target.pid, stderr=subprocess.PIPE)
    assert "attached" in tracer.stderr.readline()
    said = pictures.refuse(target.pid, "--mode", mode)
    assert f"is being traced by strace (process {tracer.pid})" in said
    assert "--pause=none" in said
    assert pictures.take(target.pid, "--mode", "none")
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
    assert "under a seccomp filter" in pictures.refuse(target.pid, "--mode", "fork")
    assert pictures.take(target.pid, "--mode", "fork", "--fall-back")[0]["mode"] == "copy"
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
    assert "a limit on processes" in pictures.refuse(target.pid, "--mode", "fork")
    assert pictures.take(target.pid, "--mode", "fork", "--fall-back")[0]["mode"] == "copy"
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
    pictures.take(pid, "--mode", mode, "--repeat", 5)
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
    assert [one["mode"] for one in pictures.take(pid, "--mode", mode, "--repeat", 5)] == [mode] * 5
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


@contextlib.contextmanager
def group(controller):
    """limit(pid, **files): moves a process to a control group of its own, which they describe."""
    folder = Path(f"/sys/fs/cgroup/{controller}/plumb-test-{os.getpid()}")
    moved = []

    def limit(pid, **files):
        try:
            folder.mkdir()
            (folder / "cgroup.procs").write_text(str(pid))
            moved.append(pid)
            for name, value in files.items():
                (folder / f"{controller}.{name}").write_text(value)
        except OSError:
            pytest.skip(f"no {controller} cgroup to be had here")

    yield limit
    for pid in moved:
        with contextlib.suppress(OSError):  # it has ended
            (folder.parent / "cgroup.procs").write_text(str(pid))
    deadline = time.monotonic() + 30
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:  # what has ended is still on its way out
            assert time.monotonic() < deadline
            time.sleep(0.05)


@as_root
def test_a_full_group_of_processes_is_a_reason_to_copy(start, newest):
    target = start(newest, ANSWER_LOOP)
    with group("pids") as limit:
        limit(target.pid, max=str(len(os.listdir(f"/proc/{target.pid}/task"))))
        assert "a limit on processes" in pictures.refuse(target.pid, "--mode", "fork")
        assert pictures.take(target.pid, "--mode", "fork", "--fall-back")[0]["mode"] == "copy"
        assert target.ask("1 + 1") == "2"
    assert pictures.traces(target.pid) == []


@as_root
def test_a_process_that_hardly_gets_a_processor_is_waited_for(start, newest):
    target = start(newest, "print('ready', flush=True)\nwhile True: pass\n")
    with group("cpu") as limit:
        # A millisecond of each second.
        limit(target.pid, cfs_period_us="1000000", cfs_quota_us="1000")
        for _ in range(2):
            assert Plumb()("heap", target.pid, "--json", code=0).json["objects"] > 0


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
    assert pictures.refuse(other) == f"{other} is a thread of process {target.pid}; try that number"
    os.kill(target.pid, signal.SIGKILL)
    os.waitid(os.P_PID, target.pid, os.WEXITED | os.WNOWAIT)
    assert "has ended; its parent has not collected it yet" in pictures.refuse(target.pid)
    target.process.wait()
    assert pictures.refuse(target.pid) == f"there is no process {target.pid}"


@as_root
def test_a_thread_of_the_kernel():
    kernel = pictures.read_status("/proc/2/status")
    if kernel.get("PPid") != "0" or "VmSize" in kernel:
        pytest.skip("process 2 is not the kernel's here")
    assert pictures.refuse(2) == "2 is a thread of the kernel"


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
    assert "is a 32-bit x86 (i386) program" in pictures.refuse(process.pid)


def refuse_as_nobody(pid, *arguments):
    """The same, asked by a user without rights, who may not look into pytest's folders."""
    with tempfile.TemporaryDirectory(prefix="plumb-") as folder:
        os.chmod(folder, 0o755)
        tool = shutil.copy(pictures.tool("picture_tool"), folder)
        os.chmod(tool, 0o755)
        done = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", tool,
             str(pid), *arguments],
            capture_output=True, text=True, check=False,
        )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


@as_root
@pytest.mark.parametrize("mode", [*MODES, "none"])
def test_the_process_of_another_user(start, newest, mode):
    target = start(newest, ANSWER_LOOP)
    said = refuse_as_nobody(target.pid, "--mode", mode)
    assert said == (
        f"no permission to read process {target.pid}: it belongs to uid 0 and plumb runs as uid "
        f"{NOBODY} without CAP_SYS_PTRACE; try: sudo plumb {target.pid}"
    )


@as_root
def test_a_process_that_may_not_be_dumped(start, newest):
    target = start(newest, f"import os\nos.setgid({NOBODY})\nos.setuid({NOBODY})\n" + ANSWER_LOOP)
    said = refuse_as_nobody(target.pid)
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
