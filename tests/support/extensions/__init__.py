# SPDX-License-Identifier: Apache-2.0
"""Small C extensions with a flaw each, built for an interpreter where its headers are.

    python.start(CODE, beside=[extensions.build(python, "holder", tmp_path)])
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
