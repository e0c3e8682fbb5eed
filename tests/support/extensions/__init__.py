# SPDX-License-Identifier: Apache-2.0
"""Small C extensions with a flaw each, built for an interpreter where its headers are.

    python.start(CODE, beside=[extensions.build(python, "holder", tmp_path)])

And plain libraries, which ctypes loads into any interpreter:

    python.start(CODE, beside=[extensions.build_library("losing.c", tmp_path)])
"""

import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent
WHERE = "import sysconfig; print(sysconfig.get_path('include'))"


def build(python, name, folder, source=None):
    """The path of NAME.so in the folder. Skips the test where there is no Python.h."""
    if python.is_entered:
        pytest.skip("no headers in a root of its own")
    said = subprocess.run(
        python.command("-c", WHERE), capture_output=True, text=True, check=True
    )
    include = Path(said.stdout.strip())
    if not (include / "Python.h").exists():
        pytest.skip(f"no Python.h in {include}")
    built = folder / f"{name}.so"
    source = source or SOURCES / f"{name}.c"
    subprocess.run(
        ["gcc", "-O1", "-Wall", "-shared", "-fPIC", f"-I{include}", source, "-o", built],
        check=True,
    )
    return built


def build_library(source, folder, *options):
    """The path of a library of C or C++ in the folder, named after the source."""
    built = folder / (Path(source).stem + ".so")
    compiler = "g++" if source.endswith(".cc") else "gcc"
    subprocess.run(
        [compiler, "-O1", "-Wall", "-shared", "-fPIC", *options, SOURCES / source, "-o", built],
        check=True,
    )
    return built
