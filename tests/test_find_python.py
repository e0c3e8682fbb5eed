# SPDX-License-Identifier: Apache-2.0
"""CPython is found in a process, and what is found is what the process says of
itself: its version, its types, its interpreters, lists and arenas. However it
was built, stripped, started, mapped, deleted or walled off."""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import elf_surgery
from support.processes import ANSWER_LOOP, Target, children_of, thread_states
from support.program import Plumb

TOOL = Plumb().path.parent / "tests" / "tools" / "find_python"

# How many objects may come and go between the answer and our look.
SLACK = 40

FACTS = """
import gc, json, os, sys, threading
gc.disable()
gc.collect()
oldest = [[i] for i in range(3000)]
gc.collect(1)
gc.collect(2)
middle = [[i] for i in range(2000)]
gc.collect(0)
youngest = [[i] for i in range(1000)]

def facts():
    return json.dumps({
        "hexversion": sys.hexversion,
        "version": sys.version.split()[0],
        "type": id(type),
        "object": id(object),
        "blocks": sys.getallocatedblocks(),
        "lists": [len(gc.get_objects(generation=i)) for i in range(3)] + [gc.get_freeze_count()],
    })
"""

PROGRAM = FACTS + ANSWER_LOOP


def settle(pid):
    """Waits until the process does nothing any more: it is waiting for our next line."""
    quiet = 0
    while quiet < 5:
        quiet = quiet + 1 if set(thread_states(pid).values()) == {"S"} else 0
        time.sleep(0.004)


def look(pid):
    done = subprocess.run([TOOL, str(pid)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, 3), f"code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def find(pid):
    settle(pid)
    found = look(pid)
    assert "error" not in found, found["error"]
    return found


def explain(pid):
    found = look(pid)
    assert "error" in found, found
    return found["kind"], found["error"]


def assert_agrees(found, said):
    assert found["version"] == said["version"].rstrip("+")
    assert found["hexversion"] == said["hexversion"]
    assert found["type"] == said["type"]
    assert found["object"] == said["object"]
    assert len(found["lists"]) == 4 * len(found["interpreters"]) or said["hexversion"] < 0x3090000
    for ours, theirs in zip(found["lists"], said["lists"]):
        assert abs(ours - theirs) <= SLACK, (found["lists"], said["lists"])
    assert not found["is_collecting"]


def assert_finds(target):
    said = json.loads(target.ask("facts()"))
    found = find(target.pid)
    assert_agrees(found, said)
    return found, said


def arenas_by_stats(target):
    """What pymalloc itself says: arenas in use."""
    target.ask("sys._debugmallocstats()")
    counts = re.findall(r"# arenas allocated current\s*=\s*([\d,]+)", target.stderr())
    return int(counts[-1].replace(",", "")) if counts else 0


def test_a_python_is_found_as_it_says_it_is(python, start):
    target = start(python, PROGRAM)
    found, said = assert_finds(target)
    assert found["interpreters"] == [{"id": 0, "threads": 1}]
    assert found["module_start"] < found["runtime"] < found["module_end"]
    assert sum(found["lists"][:3]) > 6000
    assert 0 < said["blocks"] - found["blocks"] < 0.04 * said["blocks"]


def test_a_build_that_a_table_was_made_from_needs_no_correction(python, start):
    """What the target says of its own layout is what the DWARF of that build says."""
    found = find(start(python, PROGRAM).pid)
    if not found["table"].startswith(f"CPython {found['version']} "):
        pytest.skip(f"the table is that of {found['table']}")
    assert found["corrections"] == 0


def test_frozen_objects_are_on_the_fourth_list(python, start):
    target = start(python, PROGRAM)
    target.ask("gc.freeze()")
    found, said = assert_finds(target)
    assert abs(found["lists"][3] - said["lists"][3]) <= SLACK
    assert found["lists"][3] > 6000


def test_arenas_are_those_that_pymalloc_counts(python, start):
    target = start(python, PROGRAM)
    for grow in ("0", "keep.append([str(i) for i in range(200000)])", "keep.clear()", "0"):
        target.ask("globals().setdefault('keep', [])")
        target.ask(grow)
        before = arenas_by_stats(target)
        found = find(target.pid)
        (table,) = found["arenas"]
        # Telling the statistics may itself take or return the last arena.
        assert table["used"] in (before, arenas_by_stats(target))
        assert found["blocks"] > 0
    large = python.minor >= (3, 10)
    assert found["arena_size"] == (1 << 20 if large else 256 << 10)
    assert found["pool_size"] == (16 << 10 if large else 4 << 10)
    assert not found["is_debug_allocator"]


@pytest.mark.parametrize(
    "environment, options", [({"PYTHONMALLOC": "debug"}, ()), ({}, ("-X", "dev"))]
)
def test_the_debug_allocator_is_noticed(python, start, environment, options):
    target = start(python, PROGRAM, env=environment, options=options)
    found, _ = assert_finds(target)
    assert found["is_debug_allocator"]
    assert found["arenas"][0]["used"] == arenas_by_stats(target)


def test_debug_headers_without_arenas_are_noticed(python, start):
    found, _ = assert_finds(start(python, PROGRAM, env={"PYTHONMALLOC": "malloc_debug"}))
    assert found["is_debug_allocator"]
    assert sum(table["used"] for table in found["arenas"]) == 0


def test_without_pymalloc_there_are_no_arenas(python, start):
    found, _ = assert_finds(start(python, PROGRAM, env={"PYTHONMALLOC": "malloc"}))
    assert sum(table["used"] for table in found["arenas"]) == 0
    assert not found["is_debug_allocator"]


def test_threads_are_counted(python, start):
    target = start(python, PROGRAM)
    target.ask("[threading.Thread(target=threading.Event().wait, daemon=True).start()"
               " for i in range(20)].count(0)")
    found, _ = assert_finds(target)
    assert found["interpreters"] == [{"id": 0, "threads": 21}]


CREATE = """
kept = []
try:
    import _interpreters as subs
except ImportError:
    import _xxsubinterpreters as subs

def create(own):
    if sys.version_info >= (3, 13):
        kept.append(subs.create("isolated" if own else "legacy"))
    elif sys.version_info >= (3, 9):
        kept.append(subs.create(isolated=own))
    else:
        kept.append(subs.create())
    return int(kept[-1])
"""


def test_subinterpreters_are_found(python, start):
    target = start(python, FACTS + CREATE + ANSWER_LOOP)
    ids = [int(target.ask(f"create({own})")) for own in (True, False, True)]
    found, _ = assert_finds(target)
    assert found["interpreters"][0]["id"] == 0
    assert sorted(one["id"] for one in found["interpreters"][1:]) == sorted(ids)
    assert min(found["lists"]) >= 0
    # Since 3.12 those with their own lock have their own pymalloc.
    assert len(found["arenas"]) == (3 if python.minor >= (3, 12) else 1)
    assert found["blocks"] > 0


@pytest.mark.pythons("3.14", "3.15")
def test_interpreters_of_the_standard_library_are_found(python, start):
    program = FACTS + "from concurrent import interpreters\nkeep = []\n" + ANSWER_LOOP
    target = start(python, program)
    target.ask("keep.extend(interpreters.create() for i in range(5))")
    found, _ = assert_finds(target)
    assert len(found["interpreters"]) == 6
    target.ask("[keep.pop().close() for i in range(3)]")
    found, _ = assert_finds(target)
    assert len(found["interpreters"]) == 3


def test_an_interpreter_that_starts_is_no_trouble(python):
    """Whatever state it is in, the answer is right or an error, and comes soon."""
    found = 0
    for step in range(12):
        process = subprocess.Popen(
            python.command("-S", "-c", "import time; time.sleep(60)"), stdin=subprocess.DEVNULL
        )
        try:
            time.sleep(step * 0.003)
            answer = look(process.pid)
            if "error" not in answer:
                assert answer["version"].startswith(f"{python.minor[0]}.{python.minor[1]}")
                found += 1
        finally:
            process.kill()
            process.wait()
    assert found >= 1


CHURN = """
import sys, threading

def churn():
    while True:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

threading.Thread(target=churn, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


def test_threads_that_come_and_go_are_no_trouble(python, start):
    """The newest thread is the first that we look at, and may be gone when we do."""
    target = start(python, CHURN)
    for _ in range(25):
        answer = look(target.pid)
        assert "error" not in answer, answer
        assert answer["version"].startswith(f"{python.minor[0]}.{python.minor[1]}.")


def is_shared(python):
    return any(python_library(python))


def python_library(python):
    """The shared libpython that the interpreter uses, if it does."""
    path = Path(python.host_executable).resolve()
    found = path.parent.parent.glob(f"lib/libpython{python.minor[0]}.{python.minor[1]}*.so.1.0")
    done = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True)
    return [library for library in found if library.name in done.stdout]


@pytest.fixture
def folder(request, python):
    """A folder that both the test and the interpreter can see, with its name in there."""
    parent = Path(python.root or "/") / "tmp"
    path = parent / f"plumb-find-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir()
    yield path
    shutil.rmtree(path)


def with_copy(python, folder, change):
    """The interpreter from a changed copy of the file that CPython is in: (python, environment).
    `change(source, copy)` makes the copy."""
    libraries = python_library(python)
    if libraries:
        change(libraries[0], folder / libraries[0].name)
        return python, {"LD_LIBRARY_PATH": str(folder)}
    copy = folder / Path(python.executable).name
    change(Path(python.host_executable).resolve(), copy)
    inside = "/" + str(copy.relative_to(python.root or "/"))
    return dataclasses.replace(python, executable=inside), {"PYTHONHOME": "/usr"}


def maps_of(target):
    return Path(f"/proc/{target.pid}/maps").read_text()


def without_names(source, copy):
    elf_surgery.strip(source, copy)
    names = ["_PyRuntime"] + ["Py_Version"] * (b"\0Py_Version\0" in copy.read_bytes())
    elf_surgery.rename_symbols(copy, *names)


def without_names_and_sections(source, copy):
    without_names(source, copy)
    elf_surgery.remove_sections(copy)


def test_a_stripped_python_is_found(python, start, folder):
    stripped, environment = with_copy(python, folder, elf_surgery.strip)
    target = start(stripped, PROGRAM, env=environment)
    assert str(folder.name) in maps_of(target)
    found, _ = assert_finds(target)
    assert not found["has_arena_symbols"]
    assert found["arenas"][0]["used"] == arenas_by_stats(target)


@pytest.mark.parametrize("change", [without_names, without_names_and_sections])
def test_a_static_python_without_names_is_found(python, start, folder, change):
    """By the section .PyRuntime, without sections by the cookie or by a scan."""
    if is_shared(python):
        pytest.skip("a shared library without the name cannot be loaded; see the embedding tests")
    nameless, environment = with_copy(python, folder, change)
    target = start(nameless, PROGRAM, env=environment)
    found, _ = assert_finds(target)
    assert found["arenas"][0]["used"] == arenas_by_stats(target)


@pytest.mark.parametrize("fate", ["deleted", "replaced", "overwritten name"])
def test_a_python_whose_file_is_gone_is_found(python, start, folder, fate):
    copied, environment = with_copy(python, folder, shutil.copy2)
    target = start(copied, PROGRAM, env=environment)
    file = next(path for path in folder.iterdir() if "python3" in path.name)
    before, _ = assert_finds(target)
    if fate == "deleted":
        file.unlink()
    elif fate == "replaced":
        other = folder / "other"
        other.write_bytes(b"\x7fELF but not really")
        other.replace(file)
    else:
        file.rename(folder / "moved")
        shutil.copy("/bin/sleep", file)
    found, _ = assert_finds(target)
    same = ("runtime", "module_start", "module_end", "has_arena_symbols", "arenas")
    assert {key: found[key] for key in same} == {key: before[key] for key in same}


MAP_AGAIN = """
import mmap
keep = []

def map_again(path, access):
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=access)
"""


def test_a_second_mapping_of_the_file_does_not_mislead(python, start):
    """libffi maps the executable again to make closures."""
    target = start(python, FACTS + MAP_AGAIN + ANSWER_LOOP)
    path = next(
        line.split()[-1] for line in maps_of(target).splitlines() if "python3" in line and " r" in line
    )
    path = path if not python.root else "/" + str(Path(path).relative_to(python.root))
    target.ask(
        f"[keep.append(map_again('{path}', access))"
        " for access in (mmap.ACCESS_READ, mmap.ACCESS_COPY)]"
    )
    assert len(re.findall(rf" 00000000 .*{re.escape(path)}", maps_of(target))) >= 3
    assert_finds(target)


EMBEDDING = r"""
#include <Python.h>

int main(int argc, char **argv)
{
	(void)argc;
	Py_Initialize();
	return PyRun_SimpleString(argv[1]);
}
"""


def embedding_program(python, folder, flags, static):
    """A C program with a Python in it, linked against the shared or the static library."""
    prefix = Path(python.host_executable).resolve().parent.parent
    minor = f"python{python.minor[0]}.{python.minor[1]}"
    source, program = folder / "embedding.c", folder / "service"
    source.write_text(EMBEDDING)
    library = [f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", f"-l{minor}"]
    if static:
        library = [str(next(prefix.glob(f"lib/{minor}/config-*/lib{minor}.a")))]
    subprocess.run(
        ["gcc", f"-I{prefix}/include/{minor}", *flags, source, "-o", program, *library,
         "-lm", "-ldl", "-lutil", "-lpthread", "-lrt"],
        check=True, capture_output=True,
    )
    return program, {**os.environ, "PYTHONHOME": str(prefix)}


def start_embedding(program, environment, folder):
    target = Target([str(program), PROGRAM], environment, folder / "unused", 60)
    target.wait_ready()
    return target


def needs_library(python, static):
    prefix = Path(python.host_executable).resolve().parent.parent
    pattern = "lib/python*/config-*/libpython*.a" if static else "lib/libpython3.*.so"
    if python.root or not list(prefix.glob(pattern)) or not is_shared(python):
        pytest.skip("this Python came without its library")


@pytest.mark.parametrize("flags", [["-pie", "-fPIE"], ["-no-pie"]], ids=["pie", "exec"])
def test_a_program_that_embeds_python_is_found(python, folder, flags):
    needs_library(python, static=False)
    with start_embedding(*embedding_program(python, folder, flags, static=False), folder) as target:
        found, _ = assert_finds(target)
        assert found["module"].startswith("libpython")


@pytest.mark.parametrize("sections", [True, False], ids=["sections", "bare"])
@pytest.mark.parametrize("flags", [["-pie", "-fPIE"], ["-no-pie"]], ids=["pie", "exec"])
def test_a_program_with_python_inside_and_no_names_is_found(python, folder, flags, sections):
    """Nothing exported, all symbols stripped, the file called something else."""
    needs_library(python, static=True)
    program, environment = embedding_program(python, folder, [*flags, "-s"], static=True)
    if not sections:
        elf_surgery.remove_sections(program)
    with start_embedding(program, environment, folder) as target:
        found, _ = assert_finds(target)
        assert found["module"] == "service"
        assert not found["has_arena_symbols"]
        assert found["arenas"][0]["used"] == arenas_by_stats(target)


def test_a_python_in_namespaces_of_its_own_is_found(python, folder):
    """Its own mount and pid namespace, entered by unshare; chroot for the private roots."""
    if os.geteuid() != 0:
        pytest.skip("making namespaces needs root")
    script = folder / "target.py"
    script.write_text(PROGRAM)
    inside = "/" + str(script.relative_to(python.root or "/"))
    command = ["unshare", "--mount", "--propagation", "unchanged", "--pid", "--fork"]
    command += python.command(inside)
    with Target(command, dict(os.environ), folder / "unused", 60) as target:
        target.wait_ready()
        (pid,) = children_of(target.pid)
        said = json.loads(target.ask("facts()"))
        assert_agrees(find(pid), said)


OLD_PYTHONS = [
    path
    for name in ("2.7", "3.6", "3.7")
    for path in sorted(Path.home().glob(f".pyenv/versions/{name}*/bin/python"))
]


@pytest.mark.parametrize("path", OLD_PYTHONS, ids=[path.parts[-3] for path in OLD_PYTHONS])
def test_an_older_python_is_named(path):
    program = "import sys; print('ready'); sys.stdout.flush(); sys.stdin.read()"
    with Target([str(path), "-c", program], dict(os.environ), Path("/unused"), 60) as target:
        target.wait_ready()
        kind, message = explain(target.pid)
    assert kind == "unsupported"
    assert f"CPython {path.parent.parent.name}," in message
    assert "3.8 to 3.15" in message


@pytest.fixture
def other_program(tmp_path):
    """other_program(NAME): pid of a running program of that name that is no Python."""
    processes = []

    def run(name):
        shutil.copy("/bin/sleep", tmp_path / name)
        processes.append(subprocess.Popen([tmp_path / name, "60"]))
        while name not in os.readlink(f"/proc/{processes[-1].pid}/exe"):
            time.sleep(0.001)
        time.sleep(0.05)
        return processes[-1].pid

    yield run
    for process in processes:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("name", ["sleep", "python3.12", "libpython3.7m.so"])
def test_what_is_no_python_is_named(other_program, name):
    kind, message = explain(other_program(name))
    # What is called Python may become it: whoever asked waits a while.
    assert kind == ("unready" if "python" in name else "not-python")
    assert f"/{name}," in message


def test_pypy_is_named(other_program):
    kind, message = explain(other_program("pypy3.10"))
    assert kind == "unsupported"
    assert "PyPy" in message
