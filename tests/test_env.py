# SPDX-License-Identifier: Apache-2.0
"""`plumb diff --env`: what two programs run, held against what they were given."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support import cores
from support.processes import ANSWER_LOOP

PROGRAM = "import tea_leaf, json\n__version__ = '%s'\n" + ANSWER_LOOP


def install(folder, version, name="Green.Tea"):
    """A distribution with one module, as pip leaves it, and one that nobody imports."""
    folder.mkdir()
    (folder / "tea_leaf.py").write_text(f"__version__ = '{version}'\n")
    for project, module in ((name, "tea_leaf"), ("idle", "idle")):
        info = folder / f"{project}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {project}\nVersion: {version}\n\nVersion: 0\n")
        (info / "RECORD").write_text(f"{module}.py,,\n{info.name}/METADATA,,\n")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sites")
    return {version: install(folder / version, version) for version in ("1.0", "2.1")}


def differences(document, section):
    return {
        row["name"]: (row["then"], row["now"])
        for row in document["differences"]
        if row["section"] == section
    }


def settings(side, section):
    return {row["name"]: row["value"] for row in side["settings"] if row["section"] == section}


def test_an_upgraded_distribution_is_told(plumb, python, sites):
    environment = {"MALLOC_ARENA_MAX": "2", "APP_SECRET": "swordfish"}
    with (
        python.start(PROGRAM % "7", beside=sites["1.0"], env=environment) as old,
        python.start(PROGRAM % "7", beside=sites["2.1"]) as new,
    ):
        document = plumb("diff", "--env", old.pid, new.pid, "--json", code=0).json
        text = plumb("diff", "--env", old.pid, new.pid, code=0).stdout
        build = old.ask("_sys.version.replace(chr(10), ' ')")
        executable = old.ask("_sys.executable")

    assert document["schema"] == "plumb.env/1"
    assert document["same"] is False
    assert document["by_modules"] is False
    assert differences(document, "distribution") == {"green-tea": ("1.0", "2.1")}
    assert differences(document, "environment") == {"MALLOC_ARENA_MAX": ("2", None)}
    for section in ("python", "malloc", "library", "module"):
        assert differences(document, section) == {}

    before = document["targets"][0]
    assert before["target"]["pid"] == old.pid
    assert settings(before, "python")["build"] == build.split(" ", 1)[1]
    assert settings(before, "program")["executable"] == executable
    assert settings(before, "module") == {"__main__": "7"}
    assert settings(before, "module_of_distribution")["tea_leaf"] == "1.0"
    assert "idle" not in settings(before, "distribution")
    assert "swordfish" not in str(document)

    answer, *rest = text.splitlines()
    assert answer == "1 distribution, 1 variable and the command line differ"
    assert "  green-tea  1.0 -> 2.1" in rest
    assert "- MALLOC_ARENA_MAX  2" in rest
    assert max(map(len, text.splitlines())) <= 80


def test_a_snapshot_says_the_same_as_its_process(plumb, python, sites, tmp_path):
    path = tmp_path / "app.plumb"
    with python.start(PROGRAM % "7", beside=sites["1.0"]) as target:
        plumb("snap", target.pid, "-o", path, code=0)
        document = plumb("diff", "--env", path, target.pid, "--json", code=0).json
        text = plumb("diff", "--env", path, target.pid, code=0).stdout
        itself = plumb("diff", "--env", target.pid, target.pid, "--json", code=0).json
    plumb("check", path, code=0)
    copy = tmp_path / "copy.plumb"
    plumb("snap", path, "-o", copy, code=0)
    again = plumb("diff", "--env", path, copy, "--json", code=0).json

    assert document["same"] is itself["same"] is again["same"] is True
    assert document["differences"] == []
    kept, live = document["targets"]
    assert kept["settings"] == live["settings"]
    assert settings(kept, "distribution")["green-tea"] == "1.0"
    assert text.startswith("no difference: the same Python, malloc, ")


def test_libraries_have_the_build_ids_of_their_files(plumb, python):
    shown = shutil.which("readelf")
    if not shown:
        pytest.skip("readelf is not installed")
    with python.start(ANSWER_LOOP) as target:
        document = plumb("diff", "--env", target.pid, target.pid, "--json", code=0).json
        libraries = settings(document["targets"][0], "library")
        libc = next(name for name in libraries if name.startswith("libc"))
        with open(f"/proc/{target.pid}/maps", encoding="utf-8") as maps:
            path = next(line.split()[-1] for line in maps if line.rstrip().endswith("/" + libc))
        notes = subprocess.run([shown, "-n", path], capture_output=True, text=True, check=True)
    said = [line.split()[-1] for line in notes.stdout.splitlines() if "Build ID" in line]
    assert said == [libraries[libc]]


def test_the_c_library_and_the_allocator_of_python_are_told(plumb, python):
    with (
        python.start(ANSWER_LOOP) as plain,
        python.start(ANSWER_LOOP, env={"PYTHONMALLOC": "malloc_debug"}) as odd,
    ):
        document = plumb("diff", "--env", plain.pid, odd.pid, "--json", code=0).json
        version = plain.ask("__import__('os').confstr('CS_GNU_LIBC_VERSION')")
    assert settings(document["targets"][0], "malloc")["C library"].startswith(version + " (")
    assert differences(document, "malloc") == {
        "objects": ("pymalloc", "malloc, with debug hooks")
    }
    assert differences(document, "environment") == {"PYTHONMALLOC": (None, "malloc_debug")}


MALLOC = """
#include <stddef.h>
void *__libc_malloc(size_t size);
void *malloc(size_t size) { return __libc_malloc(size); }
"""


def test_a_malloc_that_is_put_in_front_is_named(plumb, python, tmp_path):
    if python.is_entered:
        pytest.skip("the library is built for this machine's libc")
    cores.need("cc")
    library = tmp_path / "libmimalloc-test.so.2"
    (tmp_path / "malloc.c").write_text(MALLOC)
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", library, tmp_path / "malloc.c"], check=True
    )
    with (
        python.start(ANSWER_LOOP) as plain,
        python.start(ANSWER_LOOP, env={"LD_PRELOAD": str(library)}) as other,
    ):
        document = plumb("diff", "--env", plain.pid, other.pid, "--json", code=0).json
    assert differences(document, "malloc") == {
        "malloc": ("the C library's", "mimalloc (libmimalloc-test.so.2)")
    }
    assert list(differences(document, "library")) == ["libmimalloc-test.so.2"]
    assert differences(document, "environment") == {"LD_PRELOAD": (None, str(library))}


def test_a_core_is_compared_by_modules(plumb, python, sites, tmp_path):
    path = tmp_path / "app.core"
    where = ["--sysroot", python.root] if python.root else []
    with (
        python.start(PROGRAM % "7", beside=sites["1.0"], env={"PYTHONHASHSEED": "7"}) as old,
        python.start(PROGRAM % "8", beside=sites["2.1"], env={"PYTHONHASHSEED": "7"}) as new,
    ):
        cores.gdb_core(old, path)
        same = plumb("diff", "--env", path, old.pid, "--json", *where, code=0).json
        document = plumb("diff", "--env", path, new.pid, "--json", *where, code=0).json
        text = plumb("diff", "--env", path, new.pid, *where, code=0).stdout
    assert same["differences"] == []
    assert same["by_modules"] is True
    assert differences(document, "module") == {"__main__": ("7", "8"), "tea_leaf": ("1.0", "2.1")}
    assert differences(document, "distribution") == {}
    assert settings(document["targets"][0], "environment")["PYTHONHASHSEED"] == "7"
    assert "modules are compared\nby their __version__ instead" in text


def test_the_first_target_is_told_from_another_python(plumb, pythons):
    minors = {python.minor: python for python in pythons if not python.is_entered}
    if len(minors) < 2:
        pytest.skip("there is only one version of Python here")
    first, last = minors[min(minors)], minors[max(minors)]
    with first.start(ANSWER_LOOP) as old, last.start(ANSWER_LOOP) as new:
        document = plumb("diff", "--env", old.pid, new.pid, "--json", code=0).json
        text = plumb("diff", "--env", old.pid, new.pid, code=0).stdout
    versions = tuple(".".join(map(str, python.version)) for python in (first, last))
    assert differences(document, "python")["version"] == versions
    assert text.startswith("Python, ")


def test_metadata_that_lies_does_no_harm(plumb, python, tmp_path):
    """Links out of the root, a pipe, no end, another shape than a list."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("a", "b", "c", "d"):
        (folder / f"{name}-1.dist-info").mkdir()
    (folder / "a-1.dist-info/METADATA").symlink_to("../../../../../../../../etc/passwd")
    (folder / "b-1.dist-info/METADATA").symlink_to("METADATA")
    (folder / "c-1.dist-info/METADATA").write_bytes(b"Name: " + b"c" * (1 << 20))
    (folder / "d-1.dist-info/METADATA").write_bytes(b"Name: d\nVersion: \x1b[31m1\xff\n")
    (folder / "d-1.dist-info/top_level.txt").write_text("sys\n")
    (folder / "e-1.egg-info").symlink_to(".")
    program = f"import sys\nsys.path += [{str(folder)!r}, 7, None, 'relative', '/' * 4000]\n"
    with python.start(program + ANSWER_LOOP) as target:
        root = f"/proc/{target.pid}/root"
        if python.is_entered:
            shutil.copytree(folder, root + str(folder), symlinks=True)
        try:
            document = plumb("diff", "--env", target.pid, target.pid, "--json", code=0).json
        finally:
            if python.is_entered:
                shutil.rmtree(root + str(folder))
    found = settings(document["targets"][0], "distribution")
    assert found["d"] == "\x1b[31m1\ufffd"
    assert not {"a", "b", "c", "e"} & set(found)


def test_a_file_without_settings_is_refused(plumb):
    golden = Path(__file__).parent / "golden" / "small.plumb"
    done = plumb("diff", "--env", golden, golden)
    assert done.code == 3
    assert "was written by an earlier plumb" in done.stderr


@pytest.mark.parametrize("words", [[], ["1"], ["1", "2", "3"]])
def test_env_takes_two_targets(plumb, words):
    done = plumb("diff", "--env", *words)
    assert done.code == 2
    assert "two targets" in done.stderr
