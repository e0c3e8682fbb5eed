# SPDX-License-Identifier: Apache-2.0
"""Holds the graph of a capture, from which the commands answer, against what the oracle has proven.

build/tests/tools/check_capture PID compares the references of each object with the decoders'
itself, and prints the objects. Here they are compared with the objects of dump_graph and of the
truth: none missing, none different, and what is there besides told by type.
"""
import collections
import json
from dataclasses import dataclass, field

from . import comparison

IS_TRACKED, IS_IMMORTAL = 1 << 1, 1 << 2  # enum node_flags, src/snapshot/snapshot.h


@dataclass
class Captured:
    types: dict = field(default_factory=dict)  # id -> (name, address)
    objects: dict = field(default_factory=dict)  # address -> (type id, size, refcount, flags, memory)
    doubled: list = field(default_factory=list)  # addresses that came twice
    states: dict = field(default_factory=dict)  # address of a thread's state -> its frames
    differences: list = field(default_factory=list)  # of references, at most the first ones
    totals: dict = field(default_factory=dict)

    def type_of(self, address):
        return self.types[self.objects[address][0]][0]


def load(lines):
    found = Captured()
    objects = []
    for line in lines:
        if line.startswith("["):
            objects.append(line)
            continue
        document = json.loads(line)
        if "type" in document:
            found.types[document["type"]] = (document["name"], document["address"])
        elif "frames" in document:
            found.states[document["address"]] = [comparison.named_frame(frame) for frame in document["frames"]]
        elif "differs" in document:
            found.differences.append(document)
        else:
            found.totals = document
    with comparison.without_collector():
        for address, *rest in json.loads("[" + ",".join(objects) + "]"):
            if address in found.objects:
                found.doubled.append(address)
            found.objects[address] = rest
    return found


def differences(captured, graph):
    """What the capture says of an object otherwise than the decoders: {what: [(type, address, it, they), ...]}.

    Guesses lead the decoders to objects that were freed, too: they know nothing of blocks.
    """
    found = collections.defaultdict(list)
    for address, line in graph.objects.items():
        node = captured.objects.get(address)
        if node is None:
            continue
        kind, size, refcount, flags, _ = node
        is_immortal = bool(flags & IS_IMMORTAL)
        said = {"type": captured.types[kind], "size": size, "is_tracked": bool(flags & IS_TRACKED),
                "is_immortal": is_immortal, "refcount": None if is_immortal else refcount}
        known = {"type": (line["type"], line["type_address"]), "size": line["size"], "is_tracked": line["tracked"],
                 "is_immortal": line["immortal"], "refcount": None if line["immortal"] else line["refcount"]}
        for what in said:
            if said[what] != known[what]:
                found[what].append((line["type"], address, said[what], known[what]))
    return dict(found)


def only_captured(captured, truth, flags=0):
    """How many objects of each type, with these flags, the capture has that Python itself does not come to."""
    return collections.Counter(captured.type_of(address) for address, node in captured.objects.items()
                               if address not in truth.objects and node[3] & flags == flags)
