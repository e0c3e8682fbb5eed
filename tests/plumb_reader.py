# SPDX-License-Identifier: Apache-2.0
"""Reads snapshots, written from doc/snapshot-format.md alone: a second opinion on what it says.

    with open("app.plumb", "rb") as file:
        snapshot = read(file.read())
    snapshot.nodes["NADR"][7], snapshot.edges(7), snapshot.values.get(7)

It checks what the page says must hold, and raises Broken with the reason. It is slow, and
reads everything. `python3 plumb_reader.py FILE` says what a file is.
"""

import array
import itertools
import struct
import sys
import zlib

try:
    from compression.zstd import decompress as unfold  # 3.14
except ImportError:
    import zstandard

    def unfold(data):
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=1 << 28)


MAGIC = b"\x89plumb\r\n\x1a\n"
END_MAGIC = b"plumbend"
HAS_EDGES, NO_VALUES = 1, 1 << 16
OPTIONAL, ZSTD = 1, 2
PLAIN, DIFFERENCE, FROM_NODE = 0, 1, 2
NONE = 0xFFFFFFFF

NODE_COLUMNS = {  # width, encoding
    "NADR": (8, DIFFERENCE), "NTYP": (4, PLAIN), "NSIZ": (2, PLAIN), "NMEM": (2, PLAIN),
    "NREF": (1, PLAIN), "NFLG": (1, PLAIN), "NEDG": (4, PLAIN), "NTRC": (4, PLAIN),
}  # fmt: skip
EDGE_COLUMNS = {"EDTO": (4, FROM_NODE), "ELAB": (4, PLAIN)}
TABLES = {
    "TYPE": "<QIII", "ROOT": "<IIBB", "CONT": "<II", "NAME": "<II", "HUGE": "<IQQ", "MANY": "<II",
    "TRAC": "<III", "TRFR": "<II", "TOTL": "<Q",
}  # fmt: skip
EDGE_KINDS = ("attribute", "index", "value", "key", "local", "stack", "field", "type",
              "conservative", "weak", "interior", "hidden")  # fmt: skip
OPERAND_IS_STRING = {"attribute", "local", "field", "weak"}
UNKNOWN_KEY = (1 << 27) - 1


class Broken(Exception):
    """The file is not what the page says."""


def must(holds, why):
    if not holds:
        raise Broken(why)


class Chunk:
    def __init__(self, data, place, head):
        must(zlib.crc32(head[:44]) == struct.unpack_from("<I", head, 44)[0], "head's checksum")
        (kind, self.encoding, self.flags, self.first, self.rows, self.raw_size, self.stored_size,
         self.crc) = struct.unpack_from("<4sHHQQQQI", head)  # fmt: skip
        self.kind = kind.decode("latin-1")
        self.data, self.place = data, place

    def raw(self):
        stored = self.data[self.place + 48 : self.place + 48 + self.stored_size]
        must(zlib.crc32(stored) == self.crc, f"{self.kind}: checksum")
        raw = unfold(bytes(stored)) if self.flags & ZSTD else bytes(stored)
        must(len(raw) == self.raw_size, f"{self.kind}: raw size")
        return raw


def read_chunks(data):
    """The header's flags, and all chunks but the directory."""
    must(len(data) >= 32 + 48 + 28 and data[:10] == MAGIC, "magic")
    major, minor, size, flags = struct.unpack_from("<HHHI", data, 10)
    must(major == 1, "major version")
    must(32 <= size <= 4096, "header's size")
    must(zlib.crc32(data[: size - 4]) == struct.unpack_from("<I", data, size - 4)[0], "header")
    must(not flags & 0xFFFF & ~HAS_EDGES, "unknown flag")
    place, length, crc = struct.unpack_from("<QQI", data, len(data) - 28)
    must(data[-8:] == END_MAGIC, "end magic")
    must(crc == zlib.crc32(data[-28:-12]), "trailer")
    must(place + length == len(data) - 28 and length >= 48, "directory's place")
    directory = Chunk(data, place, data[place : place + 48])
    must(directory.kind == "DIRY" and directory.encoding == PLAIN, "directory's kind")
    must(not directory.flags & ZSTD and directory.stored_size == length - 48, "directory's size")
    entries = directory.raw()
    must(len(entries) % 56 == 0, "directory's entries")
    chunks, behind = [], size
    for at in range(0, len(entries), 56):
        chunk = Chunk(data, *struct.unpack_from("<Q48s", entries, at))
        must(chunk.place == behind, f"{chunk.kind}: place")
        must(data[behind : behind + 48] == entries[at + 8 : at + 56], f"{chunk.kind}: two heads")
        must(1 <= chunk.rows <= 1 << 20, f"{chunk.kind}: rows")
        must(chunk.raw_size <= 1 << 28, f"{chunk.kind}: raw size")
        must(chunk.raw_size // 256 <= chunk.stored_size, f"{chunk.kind}: unfolds too much")
        behind += 48 + chunk.stored_size
        chunks.append(chunk)
    must(behind == place, "gap before the directory")
    return flags, chunks


def numbers(raw, width):
    column = array.array({1: "B", 2: "H", 4: "I", 8: "Q"}[width])
    must(len(raw) % width == 0, "rows do not fit")
    column.frombytes(raw)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def read_strings(raw, rows):
    lengths = numbers(raw[: 4 * rows], 4)
    texts, at = [], 4 * rows
    for length in lengths:
        texts.append(raw[at : at + length])
        at += length
    must(len(lengths) == rows and at == len(raw), "strings do not add up")
    must(b"\0" not in raw[4 * rows :], "zero in a string")
    return texts


def read_values(chunk):
    """node -> (text, whole length or None, hash or None)"""
    raw = chunk.raw()
    count, cut = struct.unpack_from("<II", raw)
    must(cut <= count <= chunk.rows, "TEXT: counts")
    at = 8
    columns = []
    for width, rows in ((4, count), (4, count), (4, cut), (8, cut), (8, cut)):
        columns.append(numbers(raw[at : at + width * rows], width))
        at += width * rows
    distances, lengths, cuts, wholes, hashes = columns
    must(all(distances[1:]), "TEXT: a node twice")
    must(list(cuts) == sorted(set(cuts)) and all(one < count for one in cuts), "TEXT: cuts")
    more = {index: (wholes[i], hashes[i]) for i, index in enumerate(cuts)}
    values, node = {}, 0
    for index in range(count):
        node += distances[index]
        must(node < chunk.rows, "TEXT: node out of range")
        text = raw[at : at + lengths[index]]
        values[chunk.first + node] = (text, *more.get(index, (None, None)))
        at += lengths[index]
    must(at == len(raw), "TEXT: texts do not add up")
    return values


class Snapshot:
    def __init__(self):
        self.nodes = {kind: array.array("Q") for kind in NODE_COLUMNS}
        self.edge_columns = {kind: array.array("Q") for kind in EDGE_COLUMNS}
        self.tables = {kind: [] for kind in TABLES}
        self.strings, self.fact_words, self.values = [], [], {}
        self.flags = 0

    @property
    def node_count(self):
        return len(self.nodes["NTYP"])

    @property
    def facts(self):
        words = [word.decode() for word in self.fact_words]
        return dict(zip(words[::2], words[1::2]))

    def edges(self, node):
        """(to, kind, operand) of each, the operand a string where it is one."""
        for edge in range(self.edge_start[node], self.edge_start[node + 1]):
            label = self.edge_columns["ELAB"][edge]
            must(label >> 27 < len(EDGE_KINDS), "edge's kind")
            kind, operand = EDGE_KINDS[label >> 27], label & UNKNOWN_KEY
            if kind in OPERAND_IS_STRING:
                must(operand < len(self.strings), "edge's string")
                operand = self.strings[operand]
            must(kind != "value" or operand < self.node_count or operand == UNKNOWN_KEY, "key")
            yield self.edge_columns["EDTO"][edge], kind, operand

    def sizes(self, node):
        return self.large.get(node, (self.nodes["NSIZ"][node], self.nodes["NMEM"][node]))

    def trace(self, node):
        """[(file, line)] of where it was allocated, the innermost first, and how many there were."""
        row = self.nodes["NTRC"][node] if self.nodes["NTRC"] else 0
        if not row:
            return [], 0
        first, count, total = self.tables["TRAC"][row - 1]
        frames = self.tables["TRFR"][first : first + count]
        return [(self.strings[file], line) for file, line in frames], total

    def refcount(self, node):
        return self.many.get(node, self.nodes["NREF"][node])

    # Reading.

    def add(self, chunk, ends):
        kind = chunk.kind
        if kind == "TEXT":
            must(chunk.first >= ends.get(kind, 0), "TEXT: out of order")
        else:
            must(chunk.first == ends.get(kind, 0), f"{kind}: first row")
        ends[kind] = chunk.first + chunk.rows
        if kind in NODE_COLUMNS or kind in EDGE_COLUMNS:
            self.add_column(chunk)
        elif kind in TABLES:
            must(chunk.raw_size == chunk.rows * struct.calcsize(TABLES[kind]), f"{kind}: width")
            self.tables[kind] += struct.iter_unpack(TABLES[kind], chunk.raw())
        elif kind in ("STRS", "FACT"):
            words = self.strings if kind == "STRS" else self.fact_words
            words += read_strings(chunk.raw(), chunk.rows)
        elif kind == "TEXT":
            self.values.update(read_values(chunk))
        else:
            must(chunk.flags & OPTIONAL, f"{kind}: unknown and needed")
            return
        plain = kind not in NODE_COLUMNS and kind not in EDGE_COLUMNS
        must(not plain or chunk.encoding == PLAIN, f"{kind}: encoding")

    def add_column(self, chunk):
        kind = chunk.kind
        width, encoding = {**NODE_COLUMNS, **EDGE_COLUMNS}[kind]
        must(chunk.encoding == encoding, f"{kind}: encoding")
        rows = numbers(chunk.raw(), width)
        must(len(rows) == chunk.rows, f"{kind}: width")
        if encoding == DIFFERENCE:
            rows = [one % (1 << 8 * width) for one in itertools.accumulate(rows)]
        column = self.nodes if kind in self.nodes else self.edge_columns
        column[kind].extend(iter(rows))

    def finish(self):
        has_edges = bool(self.flags & HAS_EDGES)
        for kind, column in self.nodes.items():
            expected = self.node_count if kind != "NEDG" or has_edges else 0
            if kind == "NTRC" and not column:
                continue
            must(len(column) == expected, f"{kind}: rows")
        self.edge_start = [0, *itertools.accumulate(self.nodes["NEDG"])]
        for kind, column in self.edge_columns.items():
            must(len(column) == self.edge_start[-1], f"{kind}: rows")
        targets = self.edge_columns["EDTO"]
        for node in range(self.node_count if has_edges else 0):
            for edge in range(self.edge_start[node], self.edge_start[node + 1]):
                targets[edge] = (targets[edge] + node) % (1 << 32)
                must(targets[edge] < self.node_count, "EDTO: no such node")
        self.check_tables()

    def check_tables(self):
        nodes, strings = self.node_count, len(self.strings)
        types = self.tables["TYPE"]
        must(all(one < len(types) for one in self.nodes["NTYP"]), "NTYP: no such type")
        for _, name, module, node in types:
            must(name < strings and module < strings, "TYPE: no such string")
            must(node < nodes or node == NONE, "TYPE: no such node")
        for node, name, kind, tier in self.tables["ROOT"]:
            must(node < nodes and name < strings and kind <= 4 and tier <= 3, "ROOT")
        for kind in "CONT", "NAME", "HUGE", "MANY":
            of = [row[0] for row in self.tables[kind]]
            must(of == sorted(set(of)) and all(node < nodes for node in of), f"{kind}: nodes")
        must(all(name < strings for _, name in self.tables["NAME"]), "NAME: no such string")
        must(all(node < nodes for node in self.values), "TEXT: no such node")
        traces, frames = self.tables["TRAC"], self.tables["TRFR"]
        must(all(one <= len(traces) for one in self.nodes["NTRC"]), "NTRC: no such trace")
        for first, count, total in traces:
            must(1 <= count <= total and first + count <= len(frames), "TRAC: frames")
        must(all(file < strings for file, _ in frames), "TRFR: no such string")
        self.large = {node: (size, memory) for node, size, memory in self.tables["HUGE"]}
        self.many = dict(self.tables["MANY"])


def read(data):
    snapshot, ends = Snapshot(), {}
    snapshot.flags, chunks = read_chunks(data)
    for chunk in chunks:
        snapshot.add(chunk, ends)
    snapshot.finish()
    return snapshot


def content_hash(data):
    mask = (1 << 64) - 1
    state = 0x243F6A8885A308D3
    padded = data + b"\0" * (-len(data) % 8)
    for word in itertools.chain(numbers(padded, 8), [len(data)]):
        rotated = (state << 29 | state >> 35) & mask
        state = (rotated ^ word) * 0x9E3779B97F4A7C15 & mask
    return state ^ state >> 32


def main():
    with open(sys.argv[1], "rb") as file:
        snapshot = read(file.read())
    print(f"{snapshot.node_count} nodes, {snapshot.edge_start[-1]} edges, "
          f"{len(snapshot.values)} values, {snapshot.facts}")  # fmt: skip


if __name__ == "__main__":
    main()
