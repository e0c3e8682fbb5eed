# SPDX-License-Identifier: Apache-2.0
"""The checks that keep the house in order find what they are there for."""

import os
import re
import shutil
import subprocess

import pytest

from support import packages
from support.program import REPOSITORY

pytestmark = pytest.mark.without_plumb

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def run(tool, *arguments, **options):
    return subprocess.run(
        [REPOSITORY / "tools" / tool, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture
def tree(tmp_path):
    """A repository with the real layer table and one good file per layer."""
    shutil.copy(REPOSITORY / "meson.build", tmp_path)
    for layer in ("base", "snapshot", "runtime"):
        (tmp_path / "src" / layer).mkdir(parents=True)
        (tmp_path / "src" / layer / f"{layer}_thing.h").write_text(SPDX + "int x;\n")
    (tmp_path / "tests/unit/snapshot").mkdir(parents=True)
    return tmp_path


def test_layers_of_the_repository_are_in_order():
    result = run("check-layers", REPOSITORY)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize(
    "place, include, complaint",
    [
        ("src/snapshot/a.c", "runtime/runtime_thing.h", "snapshot may not use runtime"),
        ("tests/unit/snapshot/a.c", "runtime/runtime_thing.h", "snapshot may not use runtime"),
        ("src/base/a.c", "snapshot/snapshot_thing.h", "base may not use snapshot"),
        ("src/base/a.c", "nowhere/thing.h", "no layer nowhere"),
        ("src/base/a.c", "base_thing.h", 'write "base_thing.h" from src/'),
        ("src/runtime/a.c", "base/base_thing.h", None),
    ],
)
def test_an_include_against_the_layers_is_named(tree, place, include, complaint):
    (tree / place).write_text(f'{SPDX}#include "{include}"\n')
    result = run("check-layers", tree)
    if complaint is None:
        assert (result.returncode, result.stdout) == (0, "")
    else:
        assert result.returncode == 1
        assert f"{place}:2: {complaint}" in result.stdout


def test_a_table_that_contradicts_itself_is_named(tree):
    table = (tree / "meson.build").read_text()
    broken = table.replace("['target',   ['image', 'base']]", "['target',   ['image', 'cli']]")
    assert broken != table
    (tree / "meson.build").write_text(broken)
    result = run("check-layers", tree)
    assert result.returncode == 1
    assert "target may use cli, which is not above it" in result.stdout
    assert "target uses image, so it needs base too" in result.stdout


@pytest.mark.parametrize(
    "place, text, complaint",
    [
        ("src/base/needs_more.h", "size_t length(void);\n", "does not compile alone"),
        ("src/base/twice.h", "struct twice { int x; };\n", "does not compile alone"),
        ("src/runtime/base_thing.h", "int x;\n", "used more than once"),
        ("src/runtime/frameobject.h", "int x;\n", "CPython has a header of this name"),
        ("src/runtime/pycore_thing.h", "int x;\n", "CPython has a header of this name"),
        ("src/base/fine.h", "#include <stddef.h>\nsize_t length(void);\n", None),
    ],
)
def test_a_header_that_needs_or_is_mistaken_for_another_is_named(tree, place, text, complaint):
    (tree / place).write_text(SPDX + text)
    result = run("check-headers", tree)
    if complaint is None:
        assert (result.returncode, result.stdout) == (0, "")
    else:
        assert result.returncode == 1
        assert complaint in result.stdout


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize(
    "call", ["strcpy(b, a)", "sprintf(b, a)", "atoi(a)", "strtok(b, a)", "alloca(4)"]
)
def test_a_banned_function_does_not_compile(compiler, call):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    command = [compiler, "-D_GNU_SOURCE", "-fsyntax-only", "-x", "c", "-"]
    command += ["-include", str(REPOSITORY / "src/base/banned.h")]
    source = "void f(char *b, char *a);\nvoid f(char *b, char *a) { (void)b; (void)a; %s; }\n"
    good = subprocess.run(
        command, input=source % "strcmp(a, b)", text=True, capture_output=True, check=False
    )
    bad = subprocess.run(
        command, input=source % call, text=True, capture_output=True, check=False
    )
    assert good.returncode == 0, good.stderr
    assert bad.returncode == 1 and "poisoned" in bad.stderr


def test_another_distribution_is_told_what_to_install(tmp_path):
    """Without Debian's tools, and without a compiler, nothing is installed."""
    for name in ("bash", "env", "dirname", "tail"):
        (tmp_path / name).symlink_to(shutil.which(name))
    result = run("setup", env={"PATH": str(tmp_path)})
    assert result.returncode == 1
    assert "missing: cc meson ninja" in result.stderr
    assert "libelf-dev libdw-dev" in result.stderr


def test_fetching_leaves_a_finished_root_alone(tmp_path):
    root = tmp_path / "sid"
    root.mkdir()
    (root / ".plumb-root").write_text("libstdc++6 16-1\npython3.15 3.15.2-1\n")
    environment = {**os.environ, "PLUMB_ROOTS": str(tmp_path)}
    environment.pop("PLUMB_SID_ROOT", None)
    result = run("fetch-sid-python", env=environment)
    assert result.returncode == 0 and "is there" in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sid"]


def test_a_suite_that_does_not_exist_leaves_nothing_behind(tmp_path):
    environment = {**os.environ, "PLUMB_ROOTS": str(tmp_path)}
    environment["PLUMB_DEBIAN_MIRROR"] = f"file:{tmp_path}/no-mirror"
    result = run("fetch-sid-python", "no-such-suite", env=environment)
    assert result.returncode != 0
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


APT_THAT_COMPLAINS = """#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in *update*) ;; *) exit 1 ;; esac
case "$*" in *Check-Date=false*) exit 0 ;; esac
echo "$COMPLAINT" >&2
exit 100
"""


@pytest.mark.parametrize(
    "complaint, is_borne",
    [
        ("E: Release file for x is expired (invalid since 14d 4h). Updates ...", True),
        ("E: Release file for x is not valid yet (invalid for another 2h). Updates ...", True),
        ("E: The repository 'x' is not signed.", False),
    ],
)
def test_lists_of_another_day_are_used_but_no_unsigned_ones(tmp_path, complaint, is_borne):
    (tmp_path / "apt-get").write_text(APT_THAT_COMPLAINS)
    (tmp_path / "apt-get").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PLUMB_ROOTS": str(tmp_path / "roots"),
        "PLUMB_DEBIAN_MIRROR": f"file:{tmp_path}/no-mirror",
        "CALLS": str(tmp_path / "calls"),
        "COMPLAINT": complaint,
    }
    result = run("fetch-sid-python", "some-suite", env=environment)
    updates = [
        line for line in (tmp_path / "calls").read_text().splitlines() if "update" in line.split()
    ]
    assert result.returncode == 1
    assert ("used all the same" in result.stdout) == is_borne
    assert ["Check-Date=false" in line for line in updates] == [False] + [True] * is_borne
    assert is_borne or complaint in result.stderr
    # Only the date is passed over: nothing that has to do with signatures.
    assert not any("Allow" in line or "Trusted" in line for line in updates)


PIP = """#!/bin/sh
case "$*" in *--version*) exit 0 ;; esac
echo "$@" >>"$CALLS"
case "$*" in *"$REFUSED"*) exit 1 ;; esac
while [ "$1" != --target ]; do shift; done
mkdir "$2"
"""


def fetch_packages(folder, refused):
    """Runs it with a pip that installs nothing, and fails for one version. Returns how it ended
    and the versions that pip was called for."""
    (folder / "python3").write_text(PIP)
    (folder / "python3").chmod(0o755)
    calls = folder / "calls"
    calls.write_text("")
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PLUMB_PACKAGES": str(folder / "packages"),
        "CALLS": str(calls),
        "REFUSED": f"--python-version {refused} ",
    }
    result = run("fetch-packages", env=environment)
    return result.returncode, re.findall(r"--python-version (\S+)", calls.read_text())


def test_packages_are_fetched_once_and_complete_or_not_at_all(tmp_path):
    minors = [packages.name_of(minor) for minor in packages.wanted()]
    code, fetched = fetch_packages(tmp_path, refused=minors[2])
    assert code == 1 and fetched == minors[:3]
    there = [path.name for path in (tmp_path / "packages").iterdir() if path.is_dir()]
    assert sorted(there) == sorted(minors[:2])
    assert fetch_packages(tmp_path, refused="none") == (0, minors[2:])
    assert fetch_packages(tmp_path, refused="none") == (0, [])
    (tmp_path / "packages" / minors[0] / packages.STAMP).write_text("other==1.0\n")
    assert fetch_packages(tmp_path, refused="none") == (0, minors[:1])


@pytest.mark.parametrize("document", sorted(path.name for path in REPOSITORY.glob("*.md")))
def test_the_files_that_a_document_names_exist(document):
    text = (REPOSITORY / document).read_text()
    folders = "src|tests|tools|examples|bench|doc|build"
    named = set(re.findall(rf"(?<![\w./-])((?:{folders})/[\w./*-]*\w)", text))
    missing = [
        name
        for name in sorted(named)
        if not name.startswith("build/") and not list(REPOSITORY.glob(name))
    ]
    assert missing == []


def test_the_map_of_the_largest_folder_names_files_that_exist():
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    section = text.split("## The largest folder")[1].split("\n## ")[0]
    table = re.findall(r"^\|.*", section, re.MULTILINE)
    names = set(re.findall(r"`(\w+)`", "\n".join(table)))
    present = {path.stem for path in (REPOSITORY / "src/runtime").glob("*.[ch]")}
    assert len(names) > 20 and names <= present, sorted(names - present)
