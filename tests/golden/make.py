#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the golden snapshots of format 1.0, good and bad, from doc/snapshot-format.md alone.

    tests/golden/make.py FOLDER

A golden file is committed once and read by every plumb from then on; it is not made again when
the program changes. A new version of the format gets files of its own, and a script of its own
where this one cannot make them. `real.plumb` is not made here: it is what the first plumb that
could write one wrote of Debian 12's `env -i python3.11 -I -S -c 'kept = {"key": [1, 2.5]}; input()'`.

Nothing but compressed.plumb is compressed, so that one can see in a dump what is in them. Needs
Debian's python3-zstandard, so run it by /usr/bin/python3.
"""

import struct
import sys
import zlib
from pathlib import Path

MAGIC = b"\x89plumb\r\n\x1a\n"
NONE = 0xFFFFFFFF
OPTIONAL, ZSTD = 1, 2


class Chunk:
    def __init__(self, kind, rows, raw, encoding=0, first=0, flags=0, stored=None):
        self.kind, self.rows, self.raw = kind, rows, raw
        self.encoding, self.first, self.flags = encoding, first, flags
        self.stored = raw if stored is None else stored
        self.raw_size = len(raw)
        self.crc = None  # the right one

    def head(self):
        crc = zlib.crc32(self.stored) if self.crc is None else self.crc
        head = struct.pack("<4sHHQQQQI", self.kind.encode(), self.encoding, self.flags, self.first,
                           self.rows, self.raw_size, len(self.stored), crc)  # fmt: skip
        return head + struct.pack("<I", zlib.crc32(head))


class File:
    """A graph of four nodes; what is broken in it is changed before it is written."""

    def __init__(self):
        self.magic, self.major, self.minor, self.flags, self.extra = MAGIC, 1, 0, 1, b""
        strings = [b"dict", b"builtins", b"app", b"thread 7 (MainThread)", b"name", b"int", b"str"]
        texts = [b"'key'", b"1267650600228229401496703205376"]
        self.chunks = [
            Chunk("FACT", 6, self.words(
                [b"runtime", b"3.12.1", b"pid", b"4242", b"later", b"of another day"]), flags=1),
            Chunk("STRS", len(strings), self.words(strings)),
            Chunk("TOTL", 10, struct.pack("<10Q", 3, 70300, 70400, 400, 300, 100, 5, 0, 0, 0)),
            Chunk("TYPE", 4, b"".join([
                struct.pack("<QIII", 0, 3, 1, NONE), struct.pack("<QIII", 0x7F01, 0, 1, NONE),
                struct.pack("<QIII", 0x7F02, 5, 1, NONE), struct.pack("<QIII", 0x7F03, 6, 1, NONE)])),
            Chunk("ROOT", 1, struct.pack("<IIBB", 0, 3, 1, 0)),
            Chunk("NAME", 1, struct.pack("<II", 0, 3)),
            Chunk("HUGE", 1, struct.pack("<IQQ", 1, 70000, 70000)),
            Chunk("MANY", 1, struct.pack("<II", 3, 1000)),
            Chunk("CONT", 1, struct.pack("<II", 1, 1)),
            Chunk("NTYP", 4, struct.pack("<4I", 0, 1, 2, 3)),
            Chunk("NSIZ", 4, struct.pack("<4H", 0, 65535, 36, 264)),
            Chunk("NMEM", 4, struct.pack("<4H", 0, 65535, 48, 352)),
            Chunk("NFLG", 4, struct.pack("<4B", 8, 3, 1, 1)),
            # The addresses 0, 0x1000, 0xff0, 0xff8 as differences.
            Chunk("NADR", 4, struct.pack("<4Q", 0, 0x1000, 2**64 - 16, 8), encoding=1),
            Chunk("NREF", 4, struct.pack("<4B", 0, 1, 1, 255)),
            Chunk("NEDG", 4, struct.pack("<4I", 1, 2, 0, 0)),
            # 0 -> 1 by the local variable "app"; 1 -> 2 as the value of key 3, and 1 -> 3 as key 0.
            Chunk("EDTO", 3, struct.pack("<3I", 1, 1, 2), encoding=2),
            Chunk("ELAB", 3, struct.pack("<3I", 4 << 27 | 2, 2 << 27 | 3, 3 << 27 | 0)),
            Chunk("TEXT", 4, struct.pack("<II", 2, 1) + struct.pack("<2I", 2, 1)
                  + struct.pack("<2I", len(texts[1]), len(texts[0])) + struct.pack("<I", 1)
                  + struct.pack("<QQ", 215, 0x1234) + texts[1] + texts[0], flags=1),
            Chunk("XTRA", 1, b"what a later version has", flags=1),
        ]  # fmt: skip

    @staticmethod
    def words(strings):
        return struct.pack(f"<{len(strings)}I", *map(len, strings)) + b"".join(strings)

    def __getitem__(self, kind):
        return next(chunk for chunk in self.chunks if chunk.kind == kind)

    def pack(self, kind, form, *numbers):
        chunk = self[kind]
        chunk.raw = chunk.stored = struct.pack(form, *numbers)
        chunk.raw_size = len(chunk.raw)

    def bytes(self):
        size = 32 + len(self.extra)
        header = self.magic + struct.pack("<HHHI8x", self.major, self.minor, size, self.flags)
        header += self.extra
        data = header + struct.pack("<I", zlib.crc32(header))
        entries = b""
        for chunk in self.chunks:
            entries += struct.pack("<Q", len(data)) + chunk.head()
            data += chunk.head() + chunk.stored
        directory = Chunk("DIRY", len(self.chunks), entries)
        place = struct.pack("<QQ", len(data), 48 + len(entries))
        data += directory.head() + entries
        return data + place + struct.pack("<I", zlib.crc32(place)) + b"plumbend"


GOOD, BAD = {}, {}


def good(function):
    GOOD[function.__name__.replace("_", "-")] = function
    return function


def bad(words):
    """The message of plumb check contains these words."""

    def note(function):
        BAD[function.__name__.replace("_", "-")] = (words, function)
        return function

    return note


@good
def small(file):
    """All there is, once."""


@good
def compressed(file):
    """One frame a chunk, and behind it a skippable one."""
    import zstandard

    for chunk in file.chunks:
        chunk.stored = zstandard.ZstdCompressor().compress(chunk.raw)
        chunk.stored += struct.pack("<II4x", 0x184D2A50, 4)
        chunk.flags |= ZSTD


@good
def later_minor(file):
    """A longer header, flags that only tell something, more totals."""
    file.minor, file.extra, file.flags = 7, b"more of it", 1 | 1 << 30
    file["TOTL"].rows = 12
    file.pack("TOTL", "<12Q", 3, 70300, 70400, 400, 300, 100, 5, 0, 0, 0, 77, 78)


@good
def in_pieces(file):
    """Each row of a column a chunk of its own."""
    for kind, width in (("NSIZ", 2), ("ELAB", 4), ("NADR", 8)):
        whole = file[kind]
        at = file.chunks.index(whole)
        raw = whole.raw
        if kind == "NADR":
            raw = struct.pack("<4Q", 0, 0x1000, 0xFF0, 0xFF8)  # each the first of its chunk
        file.chunks[at : at + 1] = [
            Chunk(kind, 1, raw[row * width : (row + 1) * width], whole.encoding, row)
            for row in range(whole.rows)
        ]


@bad("is no snapshot of plumb")
def magic(file):
    file.magic = MAGIC[:6] + b"\n\x1a\n\0"


@bad("format 2.0, and this plumb reads 1.x")
def newer_major(file):
    file.major = 2


@bad("flags 0x101")
def unknown_flag(file):
    file.flags |= 1 << 8


@bad("the checksum of its header is wrong")
def header_checksum(data):
    return data[:21] + b"\1" + data[22:]


@bad("chunk NSIZ at")
def chunk_checksum(file):
    file["NSIZ"].crc = 0


@bad("its head is not what the directory says")
def chunk_head(data):
    at = data.index(b"NFLG")
    return data[: at + 8] + b"\1" + data[at + 9 :]


@bad("the checksum of its directory is wrong")
def directory_checksum(data):
    return data[:-40] + b"\1" + data[-39:]


@bad("the checksum of its trailer is wrong")
def trailer_checksum(data):
    return data[:-28] + b"\1" + data[-27:]


@bad("is cut or has something behind its end")
def cut(data):
    return data[:-100]


@bad("is cut or has something behind its end")
def longer(data):
    return data + b"\n"


@bad("74 bytes cannot unfold to 4294967296")
def no_such_string_length(file):
    file["STRS"].raw_size = 1 << 32


@bad("column NREF has 3 rows instead of 4")
def column_too_short(file):
    file["NREF"].rows = 3
    file.pack("NREF", "<3B", 0, 1, 1)


@bad("4 rows of 2 bytes cannot be 16 bytes")
def rows_that_lie(file):
    file.pack("NSIZ", "<4I", 0, 65535, 36, 264)


@bad("cannot have 1152921504606846976 rows")
def rows_beyond_reason(file):
    file["NADR"].rows = 1 << 60


@bad("it should begin with row 4")
def rows_missing(file):
    file.chunks.append(Chunk("NFLG", 1, b"\1", first=5))


@bad("bytes cannot unfold to")
def bomb(file):
    """A few bytes that say they are 256 MB of addresses."""
    chunk = file["NADR"]
    chunk.rows, chunk.raw_size, chunk.flags = 1 << 20, 1 << 23, ZSTD
    chunk.stored = bytes.fromhex("28b52ffda000008000") + b"\0" * 40


@bad("its zstd frame holds 64 bytes instead of 32")
def frame_that_lies(file):
    import zstandard

    chunk = file["NADR"]
    chunk.stored, chunk.flags = zstandard.ZstdCompressor().compress(b"\0" * 64), ZSTD


@bad("it is no zstd frame")
def no_frame(file):
    file["NADR"].flags = ZSTD


@bad("it has encoding 9")
def unknown_encoding(file):
    file["NADR"].encoding = 9


@bad("does not know what it is")
def unknown_kind(file):
    file["XTRA"].flags = 0


@bad("leads to node 4 of 4")
def edge_out_of_range(file):
    file.pack("EDTO", "<3I", 1, 1, 3)


@bad("is named by string 7 of 7")
def string_out_of_range(file):
    file.pack("ELAB", "<3I", 4 << 27 | 7, 2 << 27 | 3, 3 << 27 | 0)


@bad("has key node 4 of 4")
def key_out_of_range(file):
    file.pack("ELAB", "<3I", 4 << 27 | 2, 2 << 27 | 4, 3 << 27 | 0)


@bad("node 3 has type 4 of 4")
def type_out_of_range(file):
    file.pack("NTYP", "<4I", 0, 1, 2, 4)


@bad("does not count as many references as there are")
def edge_counts(file):
    file.pack("NEDG", "<4I", 1, 3, 0, 0)


@bad("it has references, and says it has none")
def edges_denied(file):
    file.flags = 0
    file.chunks.remove(file["NEDG"])


@bad("string 6 does not lie within it")
def string_too_long(file):
    file["STRS"].stored = file["STRS"].raw = file["STRS"].raw[:-1]
    file["STRS"].raw_size -= 1


@bad("a string contains a zero")
def zero_in_a_string(file):
    chunk = file["STRS"]
    chunk.stored = chunk.raw = chunk.raw[:-1] + b"\0"


@bad("cannot have a value, there are 4")
def value_out_of_range(file):
    file["TEXT"].first = 1


@bad("value 1 is of node 4 of its 4")
def value_beyond_its_range(file):
    chunk = file["TEXT"]
    chunk.stored = chunk.raw = chunk.raw[:12] + b"\2" + chunk.raw[13:]


@bad("length 1 is out of order")
def table_out_of_order(file):
    file["CONT"].rows = 2
    file.pack("CONT", "<4I", 1, 1, 1, 1)


@bad("its fact pid cannot be -5")
def fact_that_lies(file):
    chunk = file["FACT"]
    chunk.stored = chunk.raw = File.words([b"runtime", b"3.12.1", b"pid", b"-5", b"a", b"b"])
    chunk.raw_size = len(chunk.raw)


def main():
    folder = Path(sys.argv[1])
    for name, change in GOOD.items():
        file = File()
        change(file)
        (folder / f"{name}.plumb").write_bytes(file.bytes())
    for name, (_, change) in BAD.items():
        file = File()
        takes_bytes = change.__code__.co_varnames[0] == "data"
        data = change(file.bytes()) if takes_bytes else change(file) or file.bytes()
        (folder / f"bad-{name}.plumb").write_bytes(data)


if __name__ == "__main__":
    main()
