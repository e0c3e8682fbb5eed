# SPDX-License-Identifier: Apache-2.0
"""Makes copies of ELF files that say less than the original.

`strip -s` leaves what the dynamic loader needs, and with it most of what a
reader from outside could use. These go on from there: the file still runs, but
a name is gone from the dynamic symbols, or all section headers are.
"""

import subprocess
from pathlib import Path


def strip(source, copy):
    """Without .symtab and debug information."""
    subprocess.run(["strip", "-s", "-o", copy, source], check=True)
    Path(copy).chmod(0o755)
    return Path(copy)


def rename_symbols(path, *names):
    """The dynamic symbols keep their place but are called something else."""
    data = Path(path).read_bytes()
    for name in names:
        old = b"\0" + name.encode() + b"\0"
        assert data.count(old) >= 1, f"{path} has no name {name}"
        data = data.replace(old, b"\0" + b"X" * len(name) + b"\0")
    Path(path).write_bytes(data)
    Path(path).chmod(0o755)


def remove_sections(path):
    """No section headers: e_shoff, e_shnum and e_shstrndx of the ELF header are 0."""
    data = bytearray(Path(path).read_bytes())
    data[0x28:0x30] = bytes(8)
    data[0x3C:0x40] = bytes(4)
    Path(path).write_bytes(data)
    Path(path).chmod(0o755)
