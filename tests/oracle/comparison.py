# SPDX-License-Identifier: Apache-2.0
"""Holds plumb's graph against the truth, object by object, and sums up by type.

The graph is what build/tests/tools/dump_graph PID prints, one JSON document a line:

    {"address": int, "type": "module.qualname", "type_address": int, "size": int, "memory": int,
     "refcount": int, "immortal": bool, "tracked": bool, "edges": [[kind, label, to, flags], ...]}

with the flags w (weak), c (conservative), i (invisible to tp_traverse) and u (visible or not: that
changed within a minor version, in code alone). Lines with "frames" are compared with Python's view
of them:

    {"thread": pthread id, "address": int, "frames": [{"at": "name (file:line)", "code": address,
                                                       "locals": {name: address}}, ...]}   innermost first

Of an object's edges those count that are exact, strong and visible; as a multiset they have to be
what gc.get_referents() says, where an edge with u may be left out. The edge to the type is looked at apart: whether tp_traverse visits
it depends on the version and on each extension module.
"""
import collections
import contextlib
import gc
import hashlib
import json
from dataclasses import dataclass, field

COLUMNS = (
    ("objects", "objects of the type in the truth"),
    ("absent", "in the truth, not in the graph"),
    ("untracked", "tracked by the collector, not tracked in the graph"),
    ("overtracked", "tracked in the graph, not by the collector"),
    ("misnamed", "the type has another name or address"),
    ("size", "differs from sys.getsizeof"),
    ("count", "differs from sys.getrefcount, where that is defined"),
    ("cached", "strings whose count differs by one: the cache of methods holds names, and looking changes which"),
    ("expected", "references in the truth"),
    ("missing", "references that the graph lacks"),
    ("extra", "references that only the graph has"),
    ("type_edge", "the reference to the type is shown and should not be, or the reverse"),
    ("guessed", "objects with conservative references; not part of missing"),
    ("unfound", "references of those that no edge leads along, not even a guess"),
)
CACHED_MAX = 10  # more than these are no chance
PROBLEMS = ("absent", "untracked", "overtracked", "misnamed", "size", "count", "missing", "extra", "type_edge")


@dataclass
class Truth:
    header: dict = field(default_factory=dict)
    types: dict = field(default_factory=dict)  # address -> line
    objects: dict = field(default_factory=dict)  # address -> [type, tracked, size, count, referents]
    threads: dict = field(default_factory=dict)
    digest: bytes = b""  # of the lines of the objects

    def type_name(self, address):
        line = self.types.get(address)
        return line["name"] if line else f"? {address:#x}"


@dataclass
class Graph:
    objects: dict = field(default_factory=dict)  # address -> line
    threads: dict = field(default_factory=dict)  # ident -> frames
    states: dict = field(default_factory=dict)  # address of a thread's state -> frames
    doubled: list = field(default_factory=list)  # addresses that came twice


@contextlib.contextmanager
def without_collector():
    """Millions of small lists that all stay: looking for garbage would take most of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def load_truth(path, earlier=None):
    """The truth in the file. Objects whose lines are those of an earlier truth are not read again."""
    truth = Truth()
    finished = False
    with open(path, "rb") as lines, without_collector():
        lines = lines.read().splitlines()
        of_objects = [line for line in lines if line.startswith(b"[")]
        truth.digest = hashlib.sha256(b"\n".join(of_objects)).digest()
        if earlier is not None and truth.digest == earlier.digest:
            truth.objects = earlier.objects
        else:
            for document in json.loads(b"[" + b",".join(of_objects) + b"]"):
                truth.objects[document[0]] = document[1:]
        for document in (json.loads(line) for line in lines if not line.startswith(b"[")):
            if "type" in document:
                truth.types[document["type"]] = document
            elif "header" in document:
                truth.header = document["header"]
            elif "thread" in document:
                truth.threads[document["thread"]] = document["frames"]
            else:
                finished = document["end"] == len(truth.objects)
    if not finished:
        raise ValueError(f"{path}: the truth is not complete")
    return truth


def load_graph(lines):
    graph = Graph()
    with without_collector():
        for line in lines:
            document = json.loads(line)
            if "frames" in document:
                frames = [named_frame(frame) for frame in document["frames"]]
                graph.threads[document["thread"]] = graph.states[document["address"]] = frames
            else:
                if document["address"] in graph.objects:
                    graph.doubled.append(document["address"])
                graph.objects[document["address"]] = document
    return graph


def named_frame(frame):
    """With name and line apart: "handle (app.py:31)"."""
    name, _, place = frame["at"].rpartition(" (")
    line = place.rpartition(":")[2].rstrip(")")
    return {**frame, "name": name, "line": int(line) if line.isdigit() else None}


class Comparison:
    """rows[type name][column] counts; examples[(type name, column)] are a few lines of text."""

    def __init__(self, truth, graph, examples=3, whole=True):
        self.truth = truth
        self.graph = graph
        self.whole = whole  # the truth has all tracked objects of the process
        self.example_limit = examples
        self.rows = collections.defaultdict(collections.Counter)
        self.examples = collections.defaultdict(list)
        self.only_in_graph = collections.Counter()
        self.got = collections.Counter()  # type name -> exact, strong, visible references
        self.unfound = set()  # addresses of guessed objects
        self.thread_problems = []
        self.threads_compared = 0
        self.locals_compared = 0
        self.busy = set(truth.header.get("busy", ()))
        self.uncounted = self.busy | set(truth.header.get("shared", ()))
        for address in truth.objects:
            self._compare_object(address)
        for address, line in graph.objects.items():
            if address not in truth.objects:
                self._only_in_graph(address, line)
        self._compare_threads()

    def note(self, name, column, address, said, amount=1):
        self.rows[name][column] += amount
        examples = self.examples[(name, column)]
        if len(examples) < self.example_limit:
            examples.append(f"{address:#x} {said}")

    def _compare_object(self, address):
        type_address, tracked, size, count, _ = self.truth.objects[address]
        name = self.truth.type_name(type_address)
        self.rows[name]["objects"] += 1
        line = self.graph.objects.get(address)
        if line is None:
            self.note(name, "absent", address, "tracked" if tracked else "not tracked")
            if tracked:
                self.note(name, "untracked", address, "absent")
            return
        if tracked and not line["tracked"]:
            self.note(name, "untracked", address, "in gc.get_objects()")
        elif line["tracked"] and not tracked:
            self.note(name, "overtracked", address, "not in gc.get_objects()")
        if (line["type"], line["type_address"]) != (name, type_address):
            self.note(name, "misnamed", address, f"is {line['type']} at {line['type_address']:#x}, not {type_address:#x}")
        if size is not None and line["size"] != size and address not in self.busy:
            self.note(name, "size", address, f"{line['size']}, should be {size}")
        self._compare_count(name, address, line, count)
        self._compare_edges(name, address, line)

    def _compare_count(self, name, address, line, count):
        if address in self.uncounted:
            return
        if count is None or line["immortal"]:
            if (count is None) != line["immortal"]:
                self.note(name, "count", address, "immortal" if count is None else f"should be {count}, not immortal")
        elif name == "builtins.str" and abs(line["refcount"] - count) == 1 and self.total("cached") < CACHED_MAX:
            self.note(name, "cached", address, f"{line['refcount']}, should be {count}")
        elif line["refcount"] != count:
            self.note(name, "count", address, f"{line['refcount']}, should be {count}")

    def _compare_edges(self, name, address, line):
        if address in self.busy:
            return
        if any("c" in edge[3] or edge[0] == "conservative" for edge in line["edges"]):
            self.note(name, "guessed", address, "")
            self._compare_guesses(name, address, line)
            return
        type_address = self.truth.objects[address][0]
        expected = sorted(self.truth.objects[address][4])
        visible = [edge for edge in line["edges"] if not is_unseen(edge)
                   and ("u" not in edge[3] or edge[2] in expected)]
        got = sorted([edge[2] for edge in visible])
        self.rows[name]["expected"] += len(expected)
        self.got[name] += len(got)
        if expected == got:
            return
        expected, got = collections.Counter(expected), collections.Counter(got)
        missing, extra = expected - got, got - expected
        type_edges = [edge for edge in line["edges"] if edge[0] == "type"]
        if type_edges and type_address in missing and all(is_unseen(edge) for edge in type_edges):
            self.note(name, "type_edge", address, "gc.get_referents() shows it")
            del missing[type_address]
        elif type_address in extra and any(not is_unseen(edge) for edge in type_edges):
            self.note(name, "type_edge", address, "gc.get_referents() does not show it")
            del extra[type_address]
        for target, times in missing.items():
            self.note(name, "missing", address, f"-> {self.describe(target)}{times_text(times)}", times)
        for target, times in extra.items():
            labels = ", ".join(f"{edge[0]} {edge[1]}" for edge in visible if edge[2] == target)
            self.note(name, "extra", address, f"-> {self.describe(target)}{times_text(times)}: {labels}", times)

    def _compare_guesses(self, name, address, line):
        """Guesses may be too many, but what is said to be exact has to be, and none may be left out."""
        expected = collections.Counter(self.truth.objects[address][4])
        exact = collections.Counter(edge[2] for edge in line["edges"] if not is_unseen(edge) and "u" not in edge[3])
        for target, times in (exact - expected).items():
            self.note(name, "extra", address, f"-> {self.describe(target)}{times_text(times)}, of a guessed object", times)
        for target in expected - exact - collections.Counter(edge[2] for edge in line["edges"]):
            self.note(name, "unfound", address, f"-> {self.describe(target)}")
            self.unfound.add(address)

    def _only_in_graph(self, address, line):
        self.only_in_graph[line["type"]] += 1
        if line["tracked"] and self.whole:
            self.note(line["type"], "overtracked", address, "not in the truth at all")

    def describe(self, address):
        known = self.truth.objects.get(address)
        if known:
            return f"{self.truth.type_name(known[0])} {address:#x}"
        line = self.graph.objects.get(address)
        return f"{line['type']} {address:#x} (not in the truth)" if line else f"{address:#x} (no object)"

    def _compare_threads(self):
        if not self.graph.threads:
            return
        for ident, frames in self.truth.threads.items():
            expected = without_looking(frames)
            got = self.graph.threads.get(ident)
            if got is None:
                self.thread_problems.append(f"thread {ident:#x} ({expected[0]['name']}) is absent")
                continue
            self.threads_compared += 1
            self._compare_frames(ident, expected, without_looking(got))
        for ident in self.graph.threads:
            if ident not in self.truth.threads:
                self.thread_problems.append(f"thread {ident:#x} is only in the graph")

    def _compare_frames(self, ident, expected, got):
        names = [frame["name"] for frame in expected], [frame["name"] for frame in got]
        if names[0] != names[1]:
            self.thread_problems.append(f"thread {ident:#x}: frames {names[1][:8]}, should be {names[0][:8]}")
            return
        for depth, (frame, other) in enumerate(zip(expected, got)):
            where = f"thread {ident:#x} frame {depth} {frame['name']}"
            for member in ("code", "line"):
                if member in other and other[member] != frame[member]:
                    self.thread_problems.append(f"{where}: {member} {other[member]}, should be {frame[member]}")
            self._compare_locals(where, frame, other["locals"])

    def _compare_locals(self, where, frame, got):
        for local in sorted(set(frame["locals"]) | set(got)):
            expected, found = frame["locals"].get(local), got.get(local)
            if local not in frame["names"]:
                continue
            self.locals_compared += 1
            if found != expected and self._content_of_cell(found) != expected:
                self.thread_problems.append(f"{where}: local {local} is {found}, should be {expected}")

    def _content_of_cell(self, address):
        """Variables that functions share are in cells, which Python does not show."""
        line = self.graph.objects.get(address)
        if line is None or line["type"] != "builtins.cell":
            return address
        return next((to for kind, _, to, _ in line["edges"] if kind != "type"), None)

    def total(self, column):
        return sum(row[column] for row in self.rows.values())

    def problems_of(self, name):
        return sum(self.rows[name][column] for column in PROBLEMS)

    def guessed_types(self):
        return sorted(name for name, row in self.rows.items() if row["guessed"])

    def known_types(self):
        """Types whose references are all exact, over all their objects."""
        return sorted(name for name, row in self.rows.items() if row["objects"] and not row["guessed"])

    def summary(self):
        tracked = sum(1 for line in self.truth.objects.values() if line[1])
        tracked_got = sum(1 for line in self.graph.objects.values() if line["tracked"])
        matched = tracked - self.total("untracked")
        expected, got = self.total("expected"), sum(self.got.values())
        found = expected - self.total("missing") - self.type_edges_missing()
        lines = [
            f"objects    {len(self.truth.objects):>9} in the truth, {self.total('absent')} absent from the graph, "
            f"{sum(self.only_in_graph.values())} only there",
            f"tracked    {tracked:>9} in gc.get_objects() or frozen, recall {share(matched, tracked)}, "
            f"precision {share(matched, tracked_got)}",
            f"references {expected:>9} of {len(self.known_types())} known types, recall {share(found, expected)}, "
            f"precision {share(got - self.total('extra') - self.type_edges_extra(), got)}; "
            f"{len(self.guessed_types())} types guessed ({self.total('guessed')} objects)",
            f"sizes      {self.total('size'):>9} differ; counts {self.total('count')} differ; "
            f"{self.total('misnamed')} misnamed; type edges {self.total('type_edge')}",
        ]
        if self.graph.doubled:
            lines.append(f"doubled    {len(self.graph.doubled):>9} addresses came twice, as {self.graph.doubled[0]:#x}")
        if self.graph.threads:
            lines.append(f"threads    {self.threads_compared:>9} compared, {len(self.thread_problems)} problems")
        return "\n".join(lines)

    def type_edges_missing(self):
        return self._type_edges("gc.get_referents() shows it")

    def type_edges_extra(self):
        return self._type_edges("gc.get_referents() does not show it")

    def _type_edges(self, said):
        """A type's objects all err the same way, so the first example tells for all."""
        return sum(row["type_edge"] for name, row in self.rows.items()
                   if row["type_edge"] and self.examples[(name, "type_edge")]
                   and self.examples[(name, "type_edge")][0].endswith(said))

    def table(self, only=None, limit=40):
        names = [name for name in self.rows if self.problems_of(name)]
        names.sort(key=lambda name: (-self.problems_of(name), name))
        if only:
            names = [name for name in self.rows if only in (name, name.rpartition(".")[2])]
        shown = names if only else names[:limit]
        if not shown:
            return "no object of such a type" if only else "no type differs"
        columns = [column for column, _ in COLUMNS if any(self.rows[name][column] for name in shown)]
        lines = ["  ".join([f"{column:>9}" for column in columns] + ["type"])]
        for name in shown:
            cells = [f"{self.rows[name][column] or '':>9}" for column in columns]
            lines.append("  ".join(cells + [name]))
        if len(names) > len(shown):
            lines.append(f"... and {len(names) - len(shown)} more types (--limit)")
        return "\n".join(lines)

    def example_lines(self, only=None, limit=12):
        """The first problems of the worst types, or all kept ones of one type."""
        names = sorted((name for name in self.rows if self.problems_of(name)), key=lambda name: -self.problems_of(name))
        lines = []
        for name in names[:None if only else limit]:
            if only and only not in (name, name.rpartition(".")[2]):
                continue
            for column in PROBLEMS:
                for said in self.examples.get((name, column), ()):
                    lines.append(f"{name}: {column}: {said}")
        return lines

    def failures(self):
        """What has to be empty for the reader to be exact; one line each."""
        lines = [f"{row[column]:>7} {column:<11} {name}: {'; '.join(self.examples[(name, column)][:1])}"
                 for name, row in sorted(self.rows.items()) for column in PROBLEMS if row[column]]
        lines.extend(self.thread_problems)
        lines.extend(f"address {address:#x} came twice" for address in self.graph.doubled)
        return lines


def is_unseen(edge):
    flags = edge[3]
    return "w" in flags or "c" in flags or "i" in flags or edge[0] in ("weak", "conservative")


def without_looking(frames):
    """A stack without the frames by which the program serves the oracle itself."""
    names = [frame["name"] for frame in frames]
    if "serve" in names:
        return frames[names.index("serve") + 1:]
    return frames


def times_text(times):
    return f" x{times}" if times > 1 else ""


def share(part, whole):
    if part == whole:
        return "100 %"
    return f"{100 * part / whole:.3f} %" if whole else "-"
