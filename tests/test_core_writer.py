# SPDX-License-Identifier: Apache-2.0
"""`plumb core`: a whole core of a process that goes on, that gdb, eu-readelf and plumb read.

What gdb writes of the same process, stopped, is what it is held against.
"""

import contextlib
import mmap
import os
import re
import signal
import struct
import subprocess
import time

import pytest

from support import cores, pictures, processes, service
from support.processes import ANSWER_LOOP
from test_core import BESIDE, ORACLE, SELECTORS, answers, differences

PAGE = mmap.PAGESIZE

# Threads that wait in several kinds of calls; nobody runs while the main thread waits for a line.
THREADS = (
    """
import select, threading, time

def wait_deeply(depth, call):
    if depth:
        return wait_deeply(depth - 1, call)
    return call()

calls = [threading.Event().wait, lambda: time.sleep(10000), lambda: select.select([], [], []),
         threading.Lock().acquire, lambda: wait_deeply(30, threading.Event().wait)]
lock = calls[3].__self__
lock.acquire()
for call in calls:
    threading.Thread(target=call, daemon=True).start()
"""
    + ANSWER_LOOP
)

GDB = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set auto-load no"]


ASKED = ["bt", "info registers rip rsp rbp rax rdi eflags orig_rax", "p $xmm0"]


def gdb_run(python, *arguments):
    cores.need("gdb")
    command = [*GDB, "-iex", "set auto-load libthread-db on"]
    if python.root:
        command += ["-iex", f"set sysroot {python.root}"]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert "[begin]" in done.stdout, done.stdout + done.stderr
    return done.stdout.partition("[begin]\n")[2], done.stderr


def gdb_script(*commands):
    return [word for line in ("echo [begin]\\n", *commands) for word in ("-ex", line)]


# gdb 13 takes the registers of an AMD processor with AVX-512 to lie where Intel's do, writes them
# so itself, and says this of the notes that the kernel makes, in a core of the kernel's as in ours.
INTEL_ALONE = re.compile(r"warning: Section `\.reg-xstate/\d+' in core file too small\.\n")


def gdb_says(core, target, python, *commands):
    """What gdb prints of the core, without what it says on opening it."""
    program = os.readlink(f"/proc/{target.pid}/exe")
    return INTEL_ALONE.sub("", gdb_run(python, program, core, *gdb_script(*commands))[0])


def ask_all(says):
    """{what was asked: {thread: what was said}}"""
    return {asked: by_thread(says(f"thread apply all {asked}")) for asked in ASKED}


def gdb_core_and_words(target, python, path):
    """A core by gdb, whether it has all memory, and what gdb says of the process itself.

    gdb gives up a mapping when one page of it cannot be read: the stacks of threads with glibc
    2.42, which have guard pages inside (MADV_GUARD_INSTALL).
    """
    commands = [f"generate-core-file {path}"]
    for asked in ASKED:
        commands += [f"thread apply all {asked}", "echo [end]\\n"]
    said, errors = gdb_run(python, "-p", str(target.pid), *gdb_script(*commands))
    assert cores.is_core(path), said + errors
    lost = re.findall(r"Memory read failed for corefile section, \d+ bytes at 0x7", errors)
    return not lost, dict(zip(ASKED, map(by_thread, said.split("[end]\n"))))


def by_thread(text):
    """{thread's id: what was said of it}, of `thread apply all`."""
    parts = re.split(r"\nThread \d+ \((?:Thread 0x[0-9a-f]+ \()?LWP (\d+)\b.*:\n", "\n" + text)
    return {int(number): said.strip() for number, said in zip(parts[1::2], parts[2::2])}


def wait_until_stopped(target):
    """A thread that is let go is awake for a moment before it stops again."""
    deadline = time.monotonic() + 10
    while set(processes.thread_states(target.pid).values()) != {"T"}:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def stopped(target):
    os.kill(target.pid, signal.SIGSTOP)
    try:
        wait_until_stopped(target)
        yield
    finally:
        os.kill(target.pid, signal.SIGCONT)


def numbers_in(said):
    """Of registers: whether gdb finds the symbol at an address depends on where it looks for files."""
    return {thread: re.sub(r" <[^>]*>", "", words) for thread, words in said.items()}


def test_gdb_sees_what_it_sees_in_its_own(start, python, plumb, tmp_path):
    target = start(python, THREADS)
    time.sleep(0.2)
    with stopped(target):
        is_whole, of_process = gdb_core_and_words(target, python, tmp_path / "by-gdb")
        document = plumb("core", target.pid, "-o", tmp_path / "by-plumb", "--json", code=0).json
        wait_until_stopped(target)
    assert document["target"]["threads"] == 6
    ours = ask_all(lambda line: gdb_says(tmp_path / "by-plumb", target, python, line))
    assert all(set(said) == set(processes.thread_states(target.pid)) for said in ours.values())
    for asked in ASKED[1:]:
        assert numbers_in(ours[asked]) == numbers_in(of_process[asked])
    if is_whole:
        assert ours == ask_all(lambda line: gdb_says(tmp_path / "by-gdb", target, python, line))
    else:
        assert python.root  # a glibc that is newer than the machine's
    if not python.root:  # gdb does not find the libraries of a living process in another root
        assert ours["bt"] == of_process["bt"]
    assert all(said.count("\n#") > 5 for said in ours["bt"].values())
    listed = gdb_says(tmp_path / "by-plumb", target, python, "info threads")
    assert re.search(rf"^\* 1 .*LWP {target.pid}\b", listed, re.M), listed
    assert target.ask("1 + 1") == "2"


def test_eu_readelf_finds_what_the_kernel_would_write(start, newest, plumb, tmp_path):
    cores.need("eu-readelf")
    core = tmp_path / "core"
    target = start(newest, THREADS)
    plumb("core", target.pid, "-o", core, code=0)
    done = subprocess.run(["eu-readelf", "-n", "-l", "-h", core], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for kind in ("PRSTATUS", "FPREGSET", "X86_XSTATE"):
        assert len(re.findall(rf"^  \w+ +\d+  {kind}$", done.stdout, re.M)) == 6, kind
    threads = re.findall(r"pid: (\d+), ppid: (\d+), pgrp: (\d+), sid: (\d+)", done.stdout)
    assert {int(one) for one, *_ in threads} == set(processes.thread_states(target.pid)), threads
    session = str(os.getsid(target.pid))
    assert {tuple(rest) for _, *rest in threads} == {
        (str(os.getpid()), str(os.getpgid(target.pid)), session)
    }
    comm = open(f"/proc/{target.pid}/comm").read().strip()
    assert f"fname: {comm}\n" in done.stdout
    files = [line for line in done.stdout.splitlines() if line.endswith("/libc.so.6")]
    maps = open(f"/proc/{target.pid}/maps").read()
    assert len(files) >= maps.count("/libc.so.6\n") > 0
    assert "AUXV" in done.stdout and "SYSINFO_EHDR" in done.stdout


@pytest.mark.parametrize("options", [[], ["--compress", "zstd"], ["--pause", "copy"]], ids=" ".join)
def test_it_answers_as_the_process(start, newest, plumb, tmp_path, options):
    same_answers(start, newest, plumb, tmp_path / "core", options)


@pytest.mark.slow
def test_it_answers_as_the_process_of_every_python(start, python, plumb, tmp_path):
    same_answers(start, python, plumb, tmp_path / "core", [])


def same_answers(start, python, plumb, core, options):
    """No binary is looked for: all that is needed is in the core."""
    program = "import oracle_program\noracle_program.main()\n"
    target = start(python, program, beside=BESIDE, timeout=180)
    live = answers(plumb, target.pid)
    plumb("core", target.pid, "-o", core, *options, code=0)
    target.stop()
    kept = answers(plumb, core, "--sysroot", "/nowhere")
    assert not list(differences(live, kept))
    assert live["heap"]["objects"] > 10000 and set(live) == {"heap", *SELECTORS}


# The memory itself.


def is_same_memory(one, other, is_writable):
    """Of a process that stands still. But whenever a thread goes on to be stopped again, the kernel
    writes the number of the processor into it (rseq(2))."""
    if one == other:
        return True
    differing = [at for at in range(len(one)) if one[at] != other[at]]
    return is_writable and len(one) == len(other) and differing[-1] - differing[0] < 32


class Core:
    """The segments of a core, read without anybody's help."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            head = file.read(64)
            [offset] = struct.unpack_from("<Q", head, 32)
            [count] = struct.unpack_from("<H", head, 56)
            file.seek(offset)
            table = file.read(56 * count)
        self.segments = [
            fields
            for fields in struct.iter_unpack("<IIQQQQQQ", table)
            if fields[0] == 1  # PT_LOAD: type, flags, offset, address, _, in the file, in memory, _
        ]

    def segment(self, address):
        return next(one for one in self.segments if one[3] <= address < one[3] + one[6])

    def read(self, address, size):
        _, _, offset, start, _, in_file, _, _ = self.segment(address)
        assert address - start + size <= in_file, "not in the file"
        with open(self.path, "rb") as file:
            file.seek(offset + address - start)
            return file.read(size)


SPARSE = (
    """
import ctypes, mmap, os, tempfile
GIB = 1 << 30
NORESERVE = 0x4000
def address(mapping):
    return ctypes.addressof(ctypes.c_char.from_buffer(mapping))
private = mmap.mmap(-1, 64 * GIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE)
shared = mmap.mmap(-1, 8 * GIB, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | NORESERVE)
small = mmap.mmap(-1, GIB // 4, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
secret = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
secret[:6] = b"secret"
ctypes.CDLL(None).madvise(ctypes.c_void_p(address(secret)), 1 << 20, 16)
file = tempfile.TemporaryFile(dir=os.environ["FOLDER"])
file.truncate(4 * GIB)
file.seek(3 * GIB)
file.write(b"in the file")
file.flush()
mapped = mmap.mmap(file.fileno(), 4 * GIB, flags=mmap.MAP_PRIVATE)
short = tempfile.TemporaryFile(dir=os.environ["FOLDER"])
short.write(b"short" + bytes(4096))
short.flush()
cut = mmap.mmap(short.fileno(), 4101)
os.truncate(short.fileno(), 5)
for mapping in private, shared, small, mapped:
    mapping[5 * 4096:5 * 4096 + 5] = b"first"
for mapping in private, shared:
    mapping[7 * GIB + 3:7 * GIB + 7] = b"last"
"""
    + ANSWER_LOOP
)


@pytest.mark.parametrize("mode", ["fork", "copy"])
def test_what_was_never_touched_takes_no_room(start, newest, plumb, tmp_path, mode):
    path, gib = tmp_path / "core", 1 << 30
    target = start(newest, SPARSE, env={"FOLDER": str(tmp_path)})
    where = {
        name: int(target.ask(f"address({name})"))
        for name in ("private", "shared", "small", "mapped", "cut", "secret")
    }
    before = service.Service.resident_kib(target)
    document = plumb("core", target.pid, "-o", path, "--pause", mode, "--json", code=0).json
    # Nobody's memory grew by what was read.
    assert service.Service.resident_kib(target) - before < 4096
    assert document["pause"] == mode and document["unreadable"] == 0
    assert path.stat().st_blocks * 512 == document["room"] < 64 << 20
    assert path.stat().st_size == document["size"] < 32 * gib
    core = Core(path)
    for name in ("private", "shared", "small", "mapped"):
        assert core.read(where[name] + 5 * PAGE - 1, 7) == b"\0first\0"
    for name in ("private", "shared"):
        assert core.read(where[name] + 7 * gib, 8) == b"\0\0\0last\0"
    assert core.read(where["small"] + 100 * PAGE, 3 * PAGE) == bytes(3 * PAGE)
    assert core.read(where["mapped"] + 3 * gib, 11) == b"in the file"
    assert core.read(where["cut"], 6) == b"short\0"
    # The file ends there: what is behind it is no memory.
    assert core.segment(where["cut"])[5:7] == (PAGE, 2 * PAGE)
    # The program said that it should not be in a core.
    assert core.segment(where["secret"])[5] == 0
    assert target.ask("secret[:6]") == "b'secret'"
    # All of it has a segment, though not all is in the file.
    reserved = range(where["private"], where["private"] + 64 * gib)
    covered = sum(one[6] for one in core.segments if one[3] in reserved)
    assert covered >= 64 * gib


def test_memory_is_that_of_the_process(start, newest, plumb, tmp_path):
    """Every page of private memory and of code; what the kernel keeps for itself is not there."""
    target = start(newest, ANSWER_LOOP)
    with stopped(target):
        plumb("core", target.pid, "-o", tmp_path / "core", code=0)
        core = Core(tmp_path / "core")
        looked_at = 0
        with open(f"/proc/{target.pid}/mem", "rb", buffering=0) as memory:
            for line in open(f"/proc/{target.pid}/maps"):
                span, flags, _, _, _, name = (line.split() + [""])[:6]
                start_at, end_at = (int(word, 16) for word in span.split("-"))
                if start_at >> 63:
                    continue
                segment = core.segment(start_at)
                assert segment[1] & 7 == sum(
                    bit for bit, letter in zip((4, 2, 1), "rwx") if letter in flags
                )
                if name.startswith("[vvar") or "r" not in flags:
                    assert segment[5] == 0
                    continue
                memory.seek(start_at)
                size = min(segment[5], 8 << 20)
                kept, there = core.read(start_at, size), memory.read(size)
                looked_at += size
                assert is_same_memory(kept, there, "w" in flags), line
        assert looked_at > 8 << 20


def test_compressed_it_is_the_same_and_smaller(start, newest, plumb, tmp_path):
    cores.need("zstd")
    target = start(newest, SPARSE, env={"FOLDER": str(tmp_path)})
    with stopped(target):
        plain = plumb("core", target.pid, "-o", tmp_path / "plain", "--json", code=0).json
        packed = plumb(
            "core", target.pid, "-o", tmp_path / "packed", "--compress", "zstd", "--json", code=0
        ).json
    assert packed["compression"] == "zstd" and plain["compression"] is None
    assert packed["size"] == plain["size"] and packed["room"] < plain["room"] / 2
    unpack = ["zstd", "-q", "-d", "--sparse", tmp_path / "packed", "-o", tmp_path / "unpacked"]
    subprocess.run(unpack, check=True)
    unpacked, core = Core(tmp_path / "unpacked"), Core(tmp_path / "plain")
    assert [one[2:] for one in unpacked.segments] == [one[2:] for one in core.segments]
    for _, flags, _, address, _, in_file, _, _ in core.segments:
        size = min(in_file, 4 << 20)  # the sparse ones are long
        kept = [one.read(address, size) for one in (core, unpacked)]
        assert is_same_memory(*kept, flags & 2)


# The process goes on.


@pytest.mark.parametrize("options", [[], ["--compress", "zstd"]], ids=" ".join)
def test_a_service_loses_no_request(newest, plumb, tmp_path, options):
    with service.start(newest, "none", "--threads", 20) as shop:
        with shop.load("--connections", 8) as load:
            for _ in range(8):
                document = plumb(
                    "core", shop.pid, "-o", tmp_path / "core", "--json", *options, code=0
                ).json
                assert (document["pause"], document["partial_threads"]) == ("fork", 0)
                assert document["target"]["threads"] == 21
        assert load.summary["failed"] == 0 and load.summary["answered"] > 100
        assert pictures.traces(shop.pid) == []


def test_without_a_stop_it_says_what_is_not_known(start, newest, plumb, tmp_path):
    target = start(newest, THREADS)
    result = plumb("core", target.pid, "-o", tmp_path / "core", "--pause", "none", code=0)
    assert "never stopped" in result.stdout.splitlines()[0]
    assert "6 threads not stopped" in result.stdout
    # Where a thread waits is known all the same.
    said = by_thread(gdb_says(tmp_path / "core", target, newest, "thread apply all bt 1"))
    assert len(said) == 6 and any("read" in frame for frame in said.values()), said


def test_its_numbers_are_those_it_knows_itself(newest, plumb, tmp_path):
    """In a pid namespace of its own, as in a container."""
    cores.need("eu-readelf")
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    code = "import os, threading\nthreading.Thread(target=input, daemon=True).start()\n"
    code += "print(os.getpid(), flush=True)\nthreading.Event().wait()"
    process = subprocess.Popen(
        [*command, *newest.command("-c", code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        if not line:
            pytest.skip("no pid namespaces here: " + process.stderr.read())
        assert line == "1\n"
        [pid] = processes.children_of(process.pid)
        plumb("core", pid, "-o", tmp_path / "core", code=0)
        command = ["eu-readelf", "-n", tmp_path / "core"]
        notes = subprocess.run(command, capture_output=True, text=True)
        numbers = re.findall(r"^    pid: (\d+), ppid: (\d+)", notes.stdout, re.M)
        assert numbers == [("1", "0"), ("2", "0")]
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


# The file.


@pytest.fixture
def one(newest, start):
    return start(newest, "held = [bytes([i % 251]) * 100000 for i in range(1000)]\n" + ANSWER_LOOP)


def test_only_its_owner_may_read_it_and_it_replaces_at_once(plumb, one, tmp_path):
    path = tmp_path / "app.core"
    path.write_text("old")
    before = os.umask(0)
    try:
        with path.open() as old:
            plumb("core", one.pid, "-o", path, code=0)
            assert old.read() == "old"  # another file has its name now
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert cores.is_core(path) and os.listdir(tmp_path) == ["app.core"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_who_ends_it_finds_nothing_half_and_the_process_runs(plumb, one, tmp_path, number):
    path = tmp_path / "app.core"
    started = time.monotonic()
    size = plumb("core", one.pid, "-o", path, "--json", code=0).json["size"]
    takes = time.monotonic() - started
    path.unlink()
    pictures.adopt_orphans()

    def look():
        left = os.listdir(tmp_path)
        assert left in ([], ["app.core"])
        if left:
            assert path.stat().st_size == size
            path.unlink()

    plumb.end_at_some_moment(["core", one.pid, "-o", path], number, takes, look)
    assert pictures.wait_for_guardians()
    assert pictures.traces(one.pid) == []
    assert one.ask("len(held)") == "1000"


@pytest.mark.parametrize("options", [[], ["--compress", "zstd"]], ids=" ".join)
def test_a_full_disk_is_told_and_leaves_nothing(plumb, one, tmp_path, options):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small disk: " + mounted.stderr.decode().strip())
    try:
        result = plumb("core", one.pid, "-o", folder / "app.core", *options, code=3)
        assert "No space left on device" in result.stderr and result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert os.listdir(folder) == []
    finally:
        subprocess.run(["umount", folder], check=True)
    assert one.ask("len(held)") == "1000"


@pytest.mark.parametrize(
    "arguments, words, code",
    [
        (["core", "1"], "-o FILE", 2),
        (["core", "-o", "x"], "one process id", 2),
        (["core", "some.core", "-o", "x"], "not a process id", 2),
        (["core", "1", "-o", "x", "--compress", "lzma"], "zstd only", 2),
        (["heap", "1", "--compress", "zstd"], "no option --compress", 2),
        (["core", "{pid}", "-o", "/nowhere/x.core"], "/nowhere/x.core", 3),
        (["core", "{pid}", "-o", "/dev/null"], "no regular file", 3),
    ],
)
def test_what_cannot_be_is_one_line(plumb, one, arguments, words, code):
    result = plumb(*[word.format(pid=one.pid) for word in arguments], code=code)
    assert words in result.stderr and len(result.stderr.splitlines()) == 1
