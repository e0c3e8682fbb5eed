#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the first inputs of fuzz_core_file and fuzz_core_target: small cores.

    tests/fuzz/seed_core_file.py tests/fuzz/corpus/fuzz_core_file
    tests/fuzz/seed_core_file.py tests/fuzz/corpus/fuzz_core_target
"""

import struct
import subprocess
import sys
from pathlib import Path

PRSTATUS, PRPSINFO, AUXV, FILES, SIGINFO = 1, 3, 6, 0x46494C45, 0x53494749
LOAD, NOTE, TOO_MANY = 1, 4, 0xFFFF


def note(kind, body):
    return struct.pack("<III8s", 5, len(body), kind, b"CORE") + body + b"\0" * (-len(body) % 4)


def notes(threads):
    files = [(0x20000, 0x22000, 0, b"/lib/one.so"), (0x30000, 0x31000, 2, b"/x (deleted)")]
    listed = struct.pack("<QQ", len(files), 4096)
    listed += b"".join(struct.pack("<QQQ", *file[:3]) for file in files)
    listed += b"".join(file[3] + b"\0" for file in files)
    status = bytearray(336)
    body = b""
    for number in range(threads):
        struct.pack_into("<H", status, 12, 11 if not number else 0)
        struct.pack_into("<i", status, 32, 4242 + number)
        body += note(PRSTATUS, bytes(status))
    process = struct.pack("<24xi12x16s80s", 4242, b"python3", b"python3 app.py")
    body += note(PRPSINFO, process) + note(SIGINFO, struct.pack("<iiiiQ104x", 11, 0, 1, 0, 64))
    return body + note(AUXV, struct.pack("<QQQQ", 6, 4096, 0, 0)) + note(FILES, listed)


def library():
    """The beginning of one: header, one constant and one written segment, build-id."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 62, 1, 0, 64, 0, 0, 64, 56, 3, 64, 0, 0)
    table = struct.pack("<IIQQQQQQ", LOAD, 5, 0, 0, 0, 4096, 4096, 4096)
    table += struct.pack("<IIQQQQQQ", LOAD, 6, 4096, 4096, 0, 4096, 4096, 4096)
    table += struct.pack("<IIQQQQQQ", NOTE, 4, 232, 232, 0, 36, 36, 4)
    return header + table + struct.pack("<III4s20s", 4, 20, 3, b"GNU", bytes(range(20)))


LIBRARY = library()


def core(threads=1, count_in_section=False):
    segments = [(0x10000, 0x1000, 256, 6), (0x20000, 0x2000, len(LIBRARY), 4), (0x30000, 0x1000, 0, 5)]
    told = notes(threads)
    count = len(segments) + 1
    at = 64 + 56 * count
    table = struct.pack("<IIQQQQQQ", NOTE, 0, at, 0, 0, len(told), 0, 4)
    at += len(told)
    memory = b""
    for address, size, dumped, flags in segments:
        table += struct.pack("<IIQQQQQQ", LOAD, flags, at + len(memory), address, 0, dumped, size, 1)
        memory += bytes(number % 251 for number in range(dumped)) if address != 0x20000 else LIBRARY
    section = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64,
        at + len(memory) if count_in_section else 0, 0, 64, 56,
        TOO_MANY if count_in_section else count, 64, 1 if count_in_section else 0, 0,
    )  # fmt: skip
    return header + table + told + memory + (section if count_in_section else b"")


def packed(data, command):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def main(folder):
    plain = core()
    seeds = {
        "plain": plain,
        "threads": core(threads=20),
        "counted_in_section": core(count_in_section=True),
        "other_machine": plain[:18] + b"\xb7\0" + plain[20:],
        "class_32": plain[:4] + b"\x01" + plain[5:],
        "gzip": packed(plain, ["gzip", "-n"]),
        "two_gzips": packed(plain[:700], ["gzip", "-n"]) + packed(plain[700:], ["gzip", "-n"]),
        "zstd": packed(plain, ["zstd", "-c"]),
        "lz4": packed(plain, ["lz4", "-c"]),
        "gzip_of_text": packed(b"no core", ["gzip", "-n"]),
    }
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
