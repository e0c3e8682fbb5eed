# SPDX-License-Identifier: Apache-2.0
"""Core files: a dead process gives the answers that it gave alive.

Every core here is one that a kernel or gdb wrote of a real Python, but for
those that no Python leaves (of other machines, of no program at all).
"""

import ctypes
import gzip
import http.server
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from oracle import session
from support import cores, processes
from support.program import Result

ORACLE = Path(session.__file__).parent
# One of everything, see tests/oracle; it blocks in a read.
ZOO = cores.LEAVES_CORE + "import oracle_program\noracle_program.main()\n"
BESIDE = [ORACLE / "oracle_program.py", *session.BESIDE]

SELECTORS = ["zoo.instances.Plain", "dict", "function", "frame", "_io.TextIOWrapper"]


@pytest.fixture(autouse=True)
def no_servers(monkeypatch):
    """What is found does not depend on servers that this machine may know."""
    monkeypatch.delenv("DEBUGINFOD_URLS", raising=False)


def without_name(document):
    """What plumb says, without what tells one target from another."""
    return {key: said for key, said in document.items() if key not in ("target", "pause", "pause_ms")}


def heap_of(plumb, target, *options):
    return without_name(plumb("heap", target, "--json", *options, code=0).json)


def answers(plumb, target, *options):
    found = {"heap": heap_of(plumb, target, *options)}
    for selector in SELECTORS:
        document = plumb("why", target, selector, "--json", *options, code=0).json
        found[selector] = without_name(document)
    return found


def differences(left, right):
    """The keys of what differs, for a message that can be read."""
    return [
        f"{name}: {key}" for name in left for key in left[name] if left[name][key] != right[name][key]
    ]


@pytest.mark.slow
def test_all_ways_to_a_process_give_the_same_answers(python, plumb, tmp_path):
    """Alive, a core of the kernel, of gdb and of plumb, and a snapshot of each."""
    cores.need_kernel_cores()
    sysroot = ["--sysroot", python.root] if python.root else []
    wholes, tables = {}, {}  # name -> how to open it

    def keep(name, target, *options):
        wholes[name] = [target, *options]
        plumb("snap", target, *options, "-o", tmp_path / f"{name}.plumb", code=0)
        wholes[f"snapshot of {name}"] = [tmp_path / f"{name}.plumb"]

    with processes.start(python, ZOO, beside=BESIDE, timeout=180) as target:
        live = answers(plumb, target.pid)
        keep("alive", target.pid)
        plumb("core", target.pid, "-o", tmp_path / "by-plumb", code=0)
        keep("plumb", tmp_path / "by-plumb", *sysroot)
        core, is_whole = cores.gdb_core(target, tmp_path / "by-gdb")
        if is_whole:
            keep("gdb", core, *sysroot)
        else:
            tables["gdb"] = [core, *sysroot]
        assert not differences(live, answers(plumb, *wholes.pop("alive")))
        core = cores.kernel_core(target, signal.SIGABRT, tmp_path / "by-kernel")
    keep("kernel", core, *sysroot)
    found = {name: differences(live, answers(plumb, *way)) for name, way in wholes.items()}
    found |= {name: differences(live, {**live, "heap": heap_of(plumb, *way)}) for name, way in tables.items()}
    assert len(found) >= 6 and not any(found.values()), found


# ------------------------------------------------------------ one small program

SMALL = cores.LEAVES_CORE + """
class Order: pass
class Shop:
    def __init__(self):
        self.orders = {n: Order() for n in range(500)}
shop = Shop()
""" + processes.ANSWER_LOOP


@pytest.fixture(scope="session")
def small_core(python, tmp_path_factory):
    """The kernel's core of one small program, one for each interpreter."""
    cores.need_kernel_cores()
    folder = tmp_path_factory.mktemp("small")
    with processes.start(python, SMALL) as target:
        return cores.kernel_core(target, signal.SIGABRT, folder / "core")


def sysroot_of(python):
    return ["--sysroot", python.root] if python.root else []


def orders(plumb, core, *options):
    """The paths to the 500 orders, as `why` tells them."""
    document = plumb("why", core, "Order", "--json", *options, code=0).json
    return [(path["objects"], path["example"]) for path in document["paths"]]


ALL_ORDERS = [(500, "sys.modules['__main__'].shop.orders[0]")]


def test_a_core_says_what_it_is(python, plumb, small_core):
    text = plumb("heap", small_core, *sysroot_of(python), code=0).stdout
    assert f"core {small_core} (process " in text
    assert f"CPython {'.'.join(map(str, python.version))}" in text
    assert "died of SIGABRT in thread " in text
    written = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(small_core.stat().st_mtime))
    assert f"\n  core written {written}\n" in text
    assert "missing:" not in text
    assert orders(plumb, small_core, *sysroot_of(python)) == ALL_ORDERS


@pytest.mark.parametrize("packer", cores.PACKERS)
@pytest.mark.pythons("3.9", "3.14", newest=True)
def test_a_packed_core_is_read_whatever_its_name(python, plumb, small_core, packer):
    plain = plumb("heap", small_core, "--json", *sysroot_of(python), code=0).json
    packed = cores.packed(small_core, packer)
    os.utime(packed, (plain["target"]["taken_at"],) * 2)
    found = plumb("heap", packed, "--json", *sysroot_of(python), code=0).json
    assert found["target"].pop("file") == str(packed)
    plain["target"].pop("file")
    assert found == plain


@pytest.mark.pythons("3.11", newest=True)
@pytest.mark.parametrize("packer", cores.PACKERS)
def test_a_packed_core_that_was_cut_says_so(python, plumb, small_core, packer):
    packed = cores.packed(small_core, packer)
    short = cores.cut(packed, packed.stat().st_size - 100)
    result = plumb("heap", short, *sysroot_of(python))
    assert result.code in (0, 3)
    assert "incomplete" in result.stdout + result.stderr


@pytest.mark.pythons("3.11", newest=True)
def test_no_room_to_unpack_is_one_clear_line(python, plumb, small_core, tmp_path):
    packed = cores.packed(small_core, "gzip")
    result = plumb("heap", packed, env={"TMPDIR": str(tmp_path / "nowhere")}, code=3)
    assert len(result.stderr.splitlines()) == 1
    assert "TMPDIR" in result.stderr and str(packed) in result.stderr


class Mounted:
    """Runs plumb where something is mounted, which nobody else sees."""

    def __init__(self, plumb, *mount):
        if os.geteuid():
            pytest.skip("only root may mount")
        self.plumb, self.mount = plumb, shlex.join(["mount", *map(str, mount)])

    def __call__(self, *arguments, env=None):
        command = shlex.join([str(self.plumb.path), *map(str, arguments)])
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", f"{self.mount} && exec {command}"],
            capture_output=True,
            text=True,
            env={**os.environ, **(env or {})},
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.pythons("3.11", newest=True)
@pytest.mark.parametrize("packer", cores.PACKERS)
def test_a_disk_that_is_full_is_one_clear_line(python, plumb, small_core, tmp_path, packer):
    full = tmp_path / "full"
    full.mkdir()
    packed = cores.packed(small_core, packer)
    mounted = Mounted(plumb, "-t", "tmpfs", "-o", "size=1m", "none", full)
    result = mounted("heap", packed, env={"TMPDIR": str(full)})
    assert result.code == 3 and len(result.stderr.splitlines()) == 1, str(result)
    assert str(full) in result.stderr and "No space left" in result.stderr


@pytest.mark.pythons("3.8", "3.11", "3.12", "3.15", newest=True)
def test_a_core_that_was_cut_gives_what_is_left(python, plumb, small_core):
    size = small_core.stat().st_size
    whole = plumb("heap", small_core, "--json", *sysroot_of(python), code=0).json
    answered = 0
    for parts in range(1, 16):
        short = cores.cut(small_core, size * parts // 16)
        result = plumb("heap", short, "--json", *sysroot_of(python))
        short.unlink()
        if result.code:
            assert result.code == 3 and "incomplete" in result.stderr, str(result)
            continue
        answered += 1
        assert any("cut off" in line for line in result.json["not_exact"]["missing"])
        assert result.json["objects"] <= whole["objects"]
    short = cores.cut(small_core, size - 5000)
    result = plumb("heap", short, "--json", *sysroot_of(python), code=0).json
    assert result["objects"] > whole["objects"] * 0.9


def test_the_end_by_a_segmentation_fault_is_told(python, plumb, tmp_path):
    cores.need_kernel_cores()
    with processes.start(python, SMALL) as target:
        target.tell("__import__('ctypes').string_at(16)")
        core = cores.collect_core(target, tmp_path / "core")
    found = plumb("heap", core, "--json", *sysroot_of(python), code=0).json
    assert found["target"]["ending"] == f"died of SIGSEGV in thread {found['target']['pid']}"
    assert orders(plumb, core, *sysroot_of(python)) == ALL_ORDERS


OUT_OF_MEMORY = SMALL.replace(
    "shop = Shop()",
    """shop = Shop()
def fill():
    _resource.setrlimit(_resource.RLIMIT_AS, (400 << 20, _limit))
    kept = []
    try:
        while True:
            kept.append([Order() for _ in range(1000)])
    except MemoryError:
        _os.abort()
""",
)


@pytest.mark.slow
@pytest.mark.pythons("3.8", "3.12", "3.15", newest=True)
def test_a_process_that_ran_out_of_memory_shows_what_filled_it(python, plumb, tmp_path):
    cores.need_kernel_cores()
    with processes.start(python, OUT_OF_MEMORY) as target:
        target.tell("fill()")
        core = cores.collect_core(target, tmp_path / "core")
    document = plumb("heap", core, "--json", *sysroot_of(python), code=0).json
    rows = {row["type"]: row["objects"] for row in document["rows"]}
    assert rows["__main__.Order"] > 100_000
    assert "SIGABRT" in document["target"]["ending"]


COLLECTING = SMALL.replace(
    "shop = Shop()",
    """shop = Shop()
import gc, sys
def on_collect(phase, facts):
    if phase == "start":
        print("collecting", flush=True)
        sys.stdin.readline()
gc.callbacks.append(on_collect)
""",
)


def test_a_core_of_a_running_collector_is_answered_and_flagged(python, plumb, tmp_path):
    cores.need_kernel_cores()
    with processes.start(python, COLLECTING) as target:
        assert target.ask("gc.collect()") == "collecting"
        core = cores.kernel_core(target, signal.SIGABRT, tmp_path / "core")
    document = plumb("heap", core, "--json", *sysroot_of(python), code=0).json
    assert document["not_exact"]["settled"] is False
    rows = {row["type"]: row["objects"] for row in document["rows"]}
    assert rows["__main__.Order"] == 500


def filtered_core(python, what, keep):
    """A core with what /proc/PID/coredump_filter (core(5)) lets into it."""
    cores.need_kernel_cores()
    with processes.start(python, SMALL) as target:
        Path(f"/proc/{target.pid}/coredump_filter").write_text(what)
        return cores.kernel_core(target, signal.SIGABRT, keep)


@pytest.mark.pythons("3.8", "3.13", "3.15", newest=True)
def test_a_core_that_holds_everything_needs_no_binaries(python, plumb, tmp_path):
    core = filtered_core(python, "0x3f", tmp_path / "core")
    assert orders(plumb, core) == ALL_ORDERS
    assert "missing" not in plumb("heap", core, "--json", code=0).json["not_exact"]


@pytest.mark.pythons("3.8", "3.13", "3.15", newest=True)
def test_a_core_without_first_pages_says_what_was_filtered(python, plumb, tmp_path):
    core = filtered_core(python, "0x23", tmp_path / "core")
    result = plumb("heap", core, *sysroot_of(python), code=3)
    assert len(result.stderr.splitlines()) == 1
    assert "coredump_filter" in result.stderr and "--sysroot" not in result.stderr


# ------------------------------------------------- where the binaries are


def build_id(path):
    done = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True)
    return re.search(r"Build ID: ([0-9a-f]+)", done.stdout)[1]


def python_file(python):
    """The file of the private root that holds Python itself, as a host's path."""
    return Path(python.root) / f"usr/bin/python{python.version[0]}.{python.version[1]}"


@pytest.fixture
def container_core(python, request):
    """A core whose files are not at their paths on this machine."""
    if not python.is_entered:
        pytest.skip("it lives in the machine's own file system")
    if Path(str(python_file(python))[len(python.root):]).exists():
        pytest.skip("this machine has a file of that name as well")
    return request.getfixturevalue("small_core")


def test_without_its_binaries_a_core_names_what_to_bring(python, plumb, container_core):
    result = plumb("heap", container_core, code=3)
    assert len(result.stderr.splitlines()) == 1
    assert str(python_file(python))[len(python.root):] in result.stderr
    assert build_id(python_file(python)) in result.stderr
    for option in ("--sysroot", "--search", "DEBUGINFOD_URLS"):
        assert option in result.stderr


def place_by_name(python, folder):
    shutil.copy(python_file(python), folder)


def place_by_path(python, folder):
    path = folder / str(python_file(python))[len(python.root) + 1:]
    path.parent.mkdir(parents=True)
    shutil.copy(python_file(python), path)


def place_by_build_id(python, folder):
    identity = build_id(python_file(python))
    path = folder / ".build-id" / identity[:2] / f"{identity[2:]}.debug"
    path.parent.mkdir(parents=True)
    shutil.copy(python_file(python), path)


@pytest.mark.parametrize("place", [place_by_name, place_by_path, place_by_build_id])
def test_search_finds_binaries_in_each_way(python, plumb, container_core, tmp_path, place):
    place(python, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    found = orders(plumb, container_core, "--search", other, "--search", tmp_path)
    assert found == ALL_ORDERS


def test_binaries_are_found_beside_the_core(python, plumb, container_core, tmp_path):
    core = Path(shutil.copy(container_core, tmp_path / "moved"))
    place_by_name(python, tmp_path)
    assert orders(plumb, core) == ALL_ORDERS


def test_a_binary_of_another_build_is_refused_by_name(python, plumb, container_core, tmp_path):
    wrong = tmp_path / python_file(python).name
    shutil.copy("/bin/ls", wrong)
    result = plumb("heap", container_core, "--search", tmp_path, code=3)
    assert f"{wrong} has build-id {build_id(wrong)}" in result.stderr
    assert build_id(python_file(python)) in result.stderr


def test_a_library_that_was_replaced_is_refused_by_name(python, plumb, small_core):
    library = Path(python.host_executable).resolve().parents[1] / "lib"
    found = list(library.glob(f"libpython{python.version[0]}.{python.version[1]}.so.*"))
    if python.is_entered or not found:
        pytest.skip("its executable holds Python itself")
    (library,) = found
    mounted = Mounted(plumb, "--bind", "/bin/ls", library)
    result = mounted("heap", small_core)
    assert result.code == 3 and len(result.stderr.splitlines()) == 1, str(result)
    assert f"{library} with build-id {build_id(library)} was not found" in result.stderr
    assert f"{library} has build-id {build_id('/bin/ls')}" in result.stderr


def test_debug_information_is_no_binary(python, plumb, container_core, tmp_path):
    cores.need("objcopy")
    only = tmp_path / python_file(python).name
    subprocess.run(["objcopy", "--only-keep-debug", python_file(python), only], check=True)
    result = plumb("heap", container_core, "--search", tmp_path, code=3)
    assert f"{only} holds debug information only" in result.stderr


class Debuginfod(http.server.BaseHTTPRequestHandler):
    """Serves /buildid/ID/executable from a dictionary, and counts what it was asked."""

    files, asked = {}, []

    def do_GET(self):
        self.asked.append(self.path)
        path = self.files.get(self.path)
        self.send_response(200 if path else 404)
        body = path.read_bytes() if path else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_server_has_the_binaries(python, plumb, container_core, tmp_path):
    need_debuginfod()
    place = python_file(python)
    Debuginfod.files = {f"/buildid/{build_id(place)}/executable": place}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Debuginfod)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    environment = {
        "DEBUGINFOD_URLS": f"http://127.0.0.1:{server.server_port}",
        "DEBUGINFOD_CACHE_PATH": str(tmp_path / "cache"),
    }
    try:
        document = plumb("why", container_core, "Order", "--json", env=environment, code=0).json
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert document["paths"][0]["objects"] == 500
    assert f"/buildid/{build_id(place)}/executable" in Debuginfod.asked


def need_debuginfod():
    try:
        ctypes.CDLL("libdebuginfod.so.1")
    except OSError:
        pytest.skip("libdebuginfod is not installed")


# ------------------------------------------------------- what is no core of Python


def test_a_core_of_another_program_is_told_to_be_that(plumb, tmp_path):
    cores.need_kernel_cores()
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    process = subprocess.Popen(
        ["sleep", "600"],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (limit, limit)),
    )
    while os.readlink(f"/proc/{process.pid}/exe") != os.path.realpath(shutil.which("sleep")):
        time.sleep(0.01)
    process.send_signal(signal.SIGABRT)
    process.wait()
    (core,) = [path for path in tmp_path.iterdir() if cores.is_core(path)]
    result = plumb("heap", core, code=3)
    assert len(result.stderr.splitlines()) == 1
    assert "sleep, which is not Python" in result.stderr


HEAD_32 = b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + bytes([4, 0, 3, 0, 1, 0, 0, 0]) + bytes(28)

NO_CORES = {
    "32-bit": (HEAD_32, "is a core of 32-bit x86 (i386)"),
    "library": (None, "it is an ELF program or library"),
    "half-elf": (b"\x7fELF", "it is not ELF"),
    "gzip-of-text": (gzip.compress(b"hello"), "what is compressed in it is not ELF"),
    "gzip-of-nothing": (gzip.compress(b""), "what is compressed in it is not ELF"),
    "broken-zstd": (b"\x28\xb5\x2f\xfd" + b"\xff" * 100, "what is compressed in it is not ELF"),
    "text": (b"hello\n", "neither a core file nor a snapshot"),
    "empty": (b"", "neither a core file nor a snapshot"),
}


@pytest.mark.parametrize("kind", NO_CORES)
def test_what_is_no_core_is_called_by_its_name(plumb, tmp_path, kind):
    content, words = NO_CORES[kind]
    path = tmp_path / kind
    path.write_bytes(Path("/bin/ls").read_bytes() if content is None else content)
    result = plumb("heap", path, code=3)
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr and str(path) in result.stderr


def test_a_file_alone_is_told_how_to_be_asked(plumb, tmp_path):
    path = tmp_path / "app.core"
    path.write_bytes(HEAD_32)
    assert f"plumb heap {path}" in plumb(path, code=2).stderr


def test_a_directory_and_a_file_that_is_not_there_are_no_targets(plumb, tmp_path):
    assert "directory" in plumb("heap", tmp_path, code=3).stderr
    assert "no such file" in plumb("heap", tmp_path / "nothing", code=2).stderr
