# SPDX-License-Identifier: Apache-2.0
"""The tables of layouts are what the debug information of their builds says.

Each table names the build that it was read off. Where that very version is on this machine, with
debug information, the table is made again and has to be the same, to the byte.
"""

import os
import re
import subprocess
import sys

import pytest

from support.program import REPOSITORY

TOOL = REPOSITORY / "tools/layout-tables"
DUMP = "tests/tools/layout_dump"
FACTS = """
import sys, sysconfig
print(".".join(map(str, sys.version_info[:3])))
print(sysconfig.get_config_var("LIBDIR") + "/" + (sysconfig.get_config_var("INSTSONAME") or ""))
print(sysconfig.get_config_var("DESTSHARED"))
"""


def layout_tables(plumb, *arguments):
    environment = {**os.environ, "LAYOUT_DUMP": str(plumb.path.parent / DUMP)}
    return subprocess.run(
        [sys.executable, TOOL, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def table_of(python):
    """NAME=SOURCE=FILES of the interpreter's own build; skips when there is none."""
    if python.root:
        pytest.skip("Debian's Pythons come without debug information")
    version, library, modules = subprocess.run(
        python.command("-c", FACTS), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    name = "_".join(version.split(".")[:2])
    table = (REPOSITORY / f"src/runtime/layouts/layout_{name}.c").read_text()
    source = re.search(r'\.source = "(.*)"', table).group(1)
    if source != f"CPython {version} (upstream build)" or not library.endswith(".so.1.0"):
        pytest.skip(f"the table is that of {source}")
    if not os.path.exists(library):
        pytest.skip("its library is not there")
    files = [library]
    for module in ("_asyncio", "array"):
        files += [
            os.path.join(modules, file)
            for file in os.listdir(modules)
            if file.startswith(module + ".") and file.endswith(".so")
        ]
    return f"{name}={source}={','.join(files)}"


def test_a_table_is_what_its_build_says(python, plumb):
    result = layout_tables(plumb, "--check", table_of(python))
    assert (result.returncode, result.stderr) == (0, "")


def test_a_table_of_another_build_is_named(python, plumb):
    name, source, files = table_of(python).split("=")
    other = "3_15" if name != "3_15" else "3_14"
    result = layout_tables(plumb, "--check", f"{other}={source}={files}")
    assert result.returncode == 1
    assert f"not what these builds say: layout_{other}.c" in result.stderr


def test_a_file_without_debug_information_is_named(plumb):
    result = layout_tables(plumb, "--check", "3_12=x=/usr/bin/env")
    assert result.returncode == 1
    assert "/usr/bin/env does not say" in result.stderr
