# SPDX-License-Identifier: Apache-2.0
"""Packages from the package index, and the Pythons that they are there for.

tests/packages.txt says which; tools/fetch-packages puts them below the user's
cache. A Python in a root of its own gets links to them inside that root.

    @pytest.mark.packages("numpy")         # one Python of each minor that has it
    def test_something(python, plumb):
        with python.start(CODE, env=packages.environment(python)) as target:
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support import extensions, interpreters

TABLE = Path(__file__).parents[1] / "packages.txt"
STAMP = ".plumb-packages"
IN_ROOT = "opt/plumb-packages"


def folders():
    """Where tools/fetch-packages puts them."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("PLUMB_PACKAGES") or Path(cache) / "plumb" / "packages")


def wanted():
    """{(3, 11): ["numpy==2.4.6", ...]}, as the table says."""
    found = {}
    for line in TABLE.read_text().splitlines():
        minor, *packages = line.partition("#")[0].split() or [""]
        if packages:
            found.setdefault(interpreters.read_minors(minor)[0], []).extend(packages)
    return found


def is_there(minor, folder):
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text().split() == wanted()[minor]


def name_of(minor):
    return ".".join(map(str, minor))


def missing():
    """The minors whose packages are not all there."""
    return [
        name_of(minor) for minor in wanted() if not is_there(minor, folders() / name_of(minor))
    ]


def pythons_with(pythons, names):
    """Of each minor that has all these packages one Python, outside of the private roots where
    there is one."""
    table = wanted()
    chosen = {}
    for python in sorted(pythons, key=lambda python: not python.is_entered):
        packages = [package.partition("==")[0] for package in table.get(python.minor, [])]
        if set(names) <= set(packages):
            chosen[python.minor] = python
    return [python for python in pythons if python in chosen.values()]


def link(source, folder):
    """The same files under another folder, complete or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent))
    new.chmod(0o755)
    copy = os.link if source.stat().st_dev == new.stat().st_dev else shutil.copy2
    shutil.copytree(source, new / "it", copy_function=copy)
    shutil.rmtree(folder, ignore_errors=True)
    (new / "it").rename(folder)
    new.rmdir()


def folder_of(python):
    """The folder with its packages, as the Python sees it. Without them the test fails where
    all Pythons are required, and is skipped elsewhere."""
    name = name_of(python.minor)
    source = folders() / name
    if not is_there(python.minor, source):
        complain = pytest.fail if interpreters.required_minors() else pytest.skip
        complain(f"no packages for {name} (tools/fetch-packages)")
    if not python.is_entered:
        return source
    inside = Path(python.root) / IN_ROOT / name
    with open(folders() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_there(python.minor, inside):
            link(source, inside)
    return Path("/") / IN_ROOT / name


def environment(python):
    """What is added to a target's environment. It may keep what it compiles of the packages."""
    return {"PYTHONPATH": str(folder_of(python)), "PYTHONDONTWRITEBYTECODE": ""}


def build_cython(python, name, folder):
    """The path of NAME.so, made of the .pyx of that name by Cython."""
    source = folder / f"{name}.c"
    subprocess.run(
        python.command(
            *("-m", "cython", "--module-name", name),
            *(extensions.SOURCES / f"{name}.pyx", "-o", source),
        ),
        env={**os.environ, **environment(python)},
        check=True,
    )
    return extensions.build(python, name, folder, source)
