# SPDX-License-Identifier: Apache-2.0
"""What plumb reads from outside is what the process says of itself, for one of everything.

The target (tests/oracle/) holds specimens of every builtin and C type and has a large part of the
standard library imported. The truth is taken before and after plumb looks, and has to be the same,
so a difference is plumb's. Two readings are compared: what the decoders say (dump_graph), and the
graph of a capture, from which the commands answer (check_capture). tests/oracle/compare.py shows the
first to a developer, with examples.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from oracle import captured, comparison, session
from support.program import Plumb

TOOLS = Plumb().path.parent / "tests/tools"
TOOL = Path(os.environ.get("PLUMB_DUMP_GRAPH") or TOOLS / "dump_graph")
CAPTURE_TOOL = TOOLS / "check_capture"

pytestmark = pytest.mark.slow

# Types whose references are never guessed, where the version has them.
KNOWN = set(
    """
builtins.async_generator builtins.async_generator_asend builtins.async_generator_athrow builtins.bool
builtins.builtin_function_or_method builtins.builtin_method builtins.bytearray builtins.bytearray_iterator
builtins.bytes builtins.bytes_iterator builtins.callable_iterator builtins.cell builtins.classmethod
builtins.classmethod_descriptor builtins.code builtins.complex builtins.coroutine builtins.coroutine_wrapper
builtins.dict builtins.dict_itemiterator builtins.dict_items builtins.dict_keyiterator builtins.dict_keys
builtins.dict_reverseitemiterator builtins.dict_reversekeyiterator builtins.dict_reversevalueiterator
builtins.dict_valueiterator builtins.dict_values builtins.ellipsis builtins.enumerate builtins.filter builtins.float
builtins.frame builtins.frozendict builtins.frozenset builtins.function builtins.generator builtins.getset_descriptor
builtins.instancemethod builtins.int builtins.iterator builtins.lazy_import builtins.list builtins.list_iterator
builtins.list_reverseiterator builtins.longrange_iterator builtins.managedbuffer builtins.map builtins.mappingproxy
builtins.member_descriptor builtins.memoryview builtins.method builtins.method-wrapper builtins.method_descriptor
builtins.object builtins.odict_items builtins.odict_iterator builtins.odict_keys builtins.odict_values
builtins.property builtins.range builtins.range_iterator builtins.reversed builtins.set
builtins.sentinel builtins.set_iterator builtins.slice builtins.staticmethod builtins.str builtins.str_ascii_iterator
builtins.str_iterator builtins.super builtins.traceback builtins.tuple builtins.tuple_iterator builtins.type
builtins.weakproxy builtins.weakref builtins.weakcallableproxy builtins.wrapper_descriptor builtins.zip
builtins.NoneType builtins.NotImplementedType
weakref.ReferenceType weakref.ProxyType weakref.CallableProxyType weakref.KeyedRef
builtins.Context builtins.ContextVar builtins.Token builtins.hamt builtins.hamt_array_node builtins.hamt_bitmap_node
builtins.hamt_collision_node _contextvars.Context _contextvars.ContextVar _contextvars.Token
types.GenericAlias types.SimpleNamespace types.UnionType typing.Union
collections.OrderedDict collections.defaultdict collections.deque collections.Counter collections.ChainMap
collections._deque_iterator collections._deque_reverse_iterator
_collections._deque_iterator _collections._deque_reverse_iterator
functools.partial functools._lru_cache_wrapper functools._lru_list_elem functools.cached_property
array.array _asyncio.Future _asyncio.Task
builtins.BaseException builtins.Exception builtins.ValueError builtins.KeyError builtins.OSError
builtins.StopIteration builtins.SystemExit builtins.SyntaxError builtins.ImportError builtins.AttributeError
builtins.NameError builtins.UnicodeDecodeError builtins.UnicodeEncodeError builtins.UnicodeTranslateError
builtins.ExceptionGroup builtins.BaseExceptionGroup builtins.MemoryError builtins.RecursionError
""".split()
)

# Types of C modules that people leak, which are exact as well.
KNOWN |= set(
    """
sqlite3.Connection sqlite3.Cursor sqlite3.Row sqlite3.Statement sqlite3.Cache sqlite3.Node sqlite3.Blob
ssl.SSLContext _ssl._SSLSocket _ssl.MemoryBIO posix.ScandirIterator posix.DirEntry _queue.SimpleQueue
xml.etree.ElementTree.Element _elementtree._element_iterator xml.etree.ElementTree.TreeBuilder
xml.etree.ElementTree.XMLParser pyexpat.xmlparser _ctypes.CThunkObject _ctypes.CArgObject CArgObject _ctypes.PyCArrayType
_ctypes.PyCFuncPtrType _ctypes.PyCPointerType _ctypes.PyCSimpleType _ctypes.PyCStructType _ctypes.UnionType
_pickle.Pickler _pickle.Unpickler _pickle.Pdata typing.TypeVar typing.TypeVarTuple typing.ParamSpec
typing.TypeAliasType compression.zstd.ZstdDict compression.zstd.ZstdCompressor compression.zstd.ZstdDecompressor
_sre.SRE_Template re.Pattern re.Match _io.BytesIO _io.StringIO _io.TextIOWrapper _io.BufferedReader
_io.BufferedWriter _io.BufferedRandom _io.FileIO _socket.socket select.poll select.epoll mmap.mmap
datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone zoneinfo.ZoneInfo
decimal.Decimal decimal.Context _random.Random _csv.reader _csv.writer _json.Scanner _json.Encoder
_struct.Struct zlib.Compress zlib.Decompress _bz2.BZ2Compressor _bz2.BZ2Decompressor
_lzma.LZMACompressor _lzma.LZMADecompressor
""".split()
)

# Guessing is the design for these: what they refer to stands in a C struct whose form only the C code
# behind that one object knows. Its words are looked through and those that are the address of an object
# become edges that are marked as guesses. What is asked of them is in
# test_what_c_alone_knows_is_found_by_guessing.
GUESSED_BY_DESIGN = {
    "builtins.module": "the state of a module",
    "builtins.PyCapsule": "a pointer and a context that may be objects",
}

# Modules whose state leads to objects through more C structs, where nobody looks: the exceptions of signals,
# the cache of zones, the table of algorithms.
DEEP_STATES = {"_decimal", "_zoneinfo", "_hmac"}

# One of each family, so that a zoo that built nothing is noticed.
EVERYWHERE = """
builtins.dict builtins.list builtins.tuple builtins.set builtins.frozenset builtins.function builtins.method
builtins.generator builtins.coroutine builtins.async_generator builtins.frame builtins.traceback builtins.code
builtins.cell builtins.module builtins.property builtins.staticmethod builtins.classmethod builtins.super
builtins.memoryview builtins.managedbuffer builtins.PyCapsule builtins.hamt builtins.hamt_array_node
builtins.hamt_bitmap_node collections.deque collections.OrderedDict collections.defaultdict functools.partial
functools._lru_cache_wrapper functools._lru_list_elem array.array _asyncio.Future _asyncio.Task itertools.product
itertools._tee_dataobject operator.itemgetter types.SimpleNamespace re.Pattern _io.TextIOWrapper _thread.RLock
_thread._local _pickle.Pickler pyexpat.xmlparser zoo.instances.Plain zoo.instances.TwoSlots
""".split()

# Types of objects that a process has and gc.get_referents() does not come to from what is tracked.
ONLY_C_HOLDS = {
    "names, constants and docstrings: what code refers to is not visited":
        "builtins.str builtins.tuple builtins.bytes builtins.code builtins.int builtins.float builtins.range_iterator",
    "what C variables and structs refer to, of no type that is tracked, or not tracked by itself":
        "builtins.dict builtins.list builtins.type builtins.moduledef builtins.Struct _struct.Struct builtins.asyncgen_hooks "
        "builtins._RunningLoopHolder _thread.lock _thread._localdummy datetime.timedelta datetime.datetime "
        "sqlite3.Statement sqlite3.Cache builtins.sqlite3Node _io.IncrementalNewlineDecoder os.stat_result",
    "frames are tracked when they end (to 3.10), or when their object is complete": "builtins.frame",
}  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """In these versions plumb differs from the truth in one column of one type; that is known."""

    type: str
    column: str  # of comparison.COLUMNS; or "names": what test_names_lead... is about
    since: str  # versions, both inclusive: "3.13" is all of 3.13
    until: str
    why: str

    def is_of(self, version):
        until = numbers(self.until)
        return numbers(self.since) <= version and version[:len(until)] <= until


def numbers(version):
    return tuple(map(int, version.split(".")))


KNOWN_GAPS = (
    Gap("_testcapi.HeapCTypeWithDict", "extra", "3.11", "3.12", "its traverse function forgets the dict"),
    Gap("_testcapi.HeapCTypeWithDict2", "extra", "3.11", "3.12", "its traverse function forgets the dict"),
    Gap("_testcapi.HeapCTypeWithNegativeDict", "extra", "3.11", "3.12", "its traverse function forgets the dict"),
    Gap("_testcapi.HeapCCollection", "type_edge", "3.12", "3.15", "its traverse function forgets the type"),
)


class Look:
    """One process, its truth before and after, and what plumb saw in between."""

    compared = set()  # versions
    met = set()  # gaps that some process showed

    def __init__(self, python, running):
        self.version = tuple(python.version)
        self.running = running
        self.truth = running.truth()
        if TOOL.exists():
            self.graph = running.graph(TOOL)
            self.captured = running.captured(CAPTURE_TOOL)
            self.asked, self.wrong_labels = running.wrong_labels(self.graph, self.truth)
            self.result = comparison.Comparison(self.truth, self.graph)
            self.differs = self.all_differences()
            self.compared.add(self.version)
        self.truth_after = running.truth(self.truth)

    def all_differences(self):
        """{(type name, column)} without what is known; notes what of that was met."""
        found = {(name, column) for name, row in self.result.rows.items()
                 for column in comparison.PROBLEMS if row[column]}
        found |= {(name, "guessed") for name in self.result.guessed_types()
                  if name in KNOWN or name.startswith("zoo.")}
        found |= {(self.type_of(line[1]), "names") for line in self.wrong_labels}
        known = {(gap.type, gap.column): gap for gap in KNOWN_GAPS if gap.is_of(self.version)}
        self.met.update(known[pair] for pair in found if pair in known)
        return found - set(known)

    def type_of(self, address):
        return self.truth.type_name(self.truth.objects[address][0])

    def show(self, columns):
        lines = [f"{name}: {column}: {said}" for (name, column), examples in self.result.examples.items()
                 if (name, column) in self.differs and column in columns for said in examples[:1]]
        return "\n".join([self.result.summary(), *lines[:40]])

    def check(self, *columns):
        assert not any(column in columns for _, column in self.differs), self.show(columns)


@pytest.fixture(scope="module")
def target(python):
    with session.Session(python) as running:
        look = Look(python, running)
        yield look
        vars(look).clear()  # pytest may keep it, and it is large


@pytest.fixture
def look(target):
    if not TOOL.exists():
        pytest.skip(f"{TOOL} is not built")
    return target


def test_the_process_is_the_same_before_and_after(target):
    assert target.truth.digest == target.truth_after.digest or changed(target) == []
    before, after = (
        {ident: comparison.without_looking(frames) for ident, frames in truth.threads.items()}
        for truth in (target.truth, target.truth_after)
    )
    assert before == after


def changed(target):
    before, after = target.truth.objects, target.truth_after.objects
    return [(target.truth.type_name(before.get(address, after.get(address))[0]), address)
            for address in sorted(set(before) | set(after)) if before.get(address) != after.get(address)][:20]


def test_the_zoo_is_populated(target):
    names = {target.truth.type_name(line[0]) for line in target.truth.objects.values()}
    assert [name for name in EVERYWHERE if name not in names] == []
    features = target.truth.header["features"]
    assert sum(problem is None for problem in features.values()) >= 75, features
    assert len(target.truth.threads) >= 30


def test_counts_cover_the_references_of_the_truth(target):
    """A count is at least the number of references that gc.get_referents() shows to the object.

    But for one dict: that of interned strings, which 3.14 and later show in gc.get_objects(), does
    not own what it refers to.
    """
    objects = target.truth.objects
    incoming = dict.fromkeys(objects, 0)
    for line in objects.values():
        if not is_table_of_interned(target.truth, line):
            for referent in line[4]:
                incoming[referent] += 1
    uncounted = {*target.truth.header["busy"], *target.truth.header["shared"]}
    short = {target.truth.type_name(line[0]) for address, line in objects.items()
             if line[3] is not None and address not in uncounted and line[3] < incoming[address]}
    assert short == set()


def is_table_of_interned(truth, line):
    """Of a dict with str keys only the values are visited; there, they are the keys once more."""
    if truth.type_name(line[0]) != "builtins.dict" or len(line[4]) < 10000:
        return False
    return all(truth.type_name(truth.objects[address][0]) == "builtins.str" for address in line[4])


def test_expressions_and_names_are_followed(target):
    running = target.running
    base = "__main__.KEEP['instance.few']"
    assert running.evaluates_to("sys.modules['zoo'].Fresh", 1).startswith("no 0x")
    owner, first = address_of(running, base), address_of(running, f"{base}.first")
    assert running.evaluates_to(f"{base}.first", first) == "yes"
    assert running.evaluates_to(f"{base}.second", first).startswith("no ")
    items = address_of(running, "__main__.KEEP['list.big']")
    seventh = address_of(running, "__main__.KEEP['list.big'][7]")
    edges = {owner: [["attribute", "first", first, ""], ["attribute", "second", first, ""]],
             items: [["index", 7, seventh, ""], ["index", 8, seventh, ""]]}
    graph = comparison.Graph({address: {"edges": listed} for address, listed in edges.items()})
    count, wrong = running.wrong_labels(graph, target.truth)
    assert count == 4
    assert sorted(line[1:] for line in wrong) == sorted(
        [[owner, "attribute", "second", first], [items, "index", 8, seventh]])


def address_of(running, expression):
    return int(running.evaluates_to(expression, 1).split()[1], 16)


def test_tracked_objects_are_those_of_gc_get_objects(look):
    assert look.truth.header["tracked"] > 40000
    look.check("untracked", "overtracked")


def test_all_that_python_reaches_is_found_once_under_its_type(look):
    look.check("absent", "misnamed")
    assert look.graph.doubled == []


def test_no_known_type_is_guessed(look):
    look.check("guessed")


def test_what_c_alone_knows_is_found_by_guessing(look):
    """Of the types GUESSED_BY_DESIGN every reference that Python sees is an edge, but for a few states."""
    unfound = {address for address in look.result.unfound if look.type_of(address) in GUESSED_BY_DESIGN}
    names = {address: set() for address in unfound}
    for line in look.graph.objects.values():
        for kind, label, to, _ in line["edges"]:
            if to in unfound and kind == "value":
                names[to].add(label.strip("'"))
    assert sorted(" ".join(sorted(labels)) for labels in names.values() if not labels & DEEP_STATES) == []


def test_references_are_those_of_gc_get_referents(look):
    assert look.result.total("expected") > 300000
    look.check("missing", "extra", "type_edge")


def test_sizes_are_those_of_sys_getsizeof(look):
    look.check("size")


def test_reference_counts_are_those_of_sys_getrefcount(look):
    look.check("count")


def test_names_lead_python_to_the_same_object(look):
    assert look.asked > 50000
    wrong = [(owner, *line) for line in look.wrong_labels for owner in [look.type_of(line[1])]
             if (owner, "names") in look.differs]
    assert wrong[:20] == []


def test_frames_and_locals_are_those_of_each_thread(look):
    assert look.result.threads_compared >= 30
    assert look.result.locals_compared >= 500
    assert look.result.thread_problems == []


def test_a_capture_has_every_object_as_the_decoders_see_it(look):
    assert look.captured.doubled == []
    differences = captured.differences(look.captured, look.graph)
    assert {what: found[:5] for what, found in differences.items()} == {}
    assert [look.truth.type_name(line[0]) for address, line in look.truth.objects.items()
            if address not in look.captured.objects][:10] == []


def test_a_capture_has_every_reference_under_its_name(look):
    assert look.captured.totals["edges"] > 600000
    assert look.captured.differences == []
    assert (look.captured.totals["torn"], look.captured.totals["faults"]) == (0, 0)


def test_a_capture_has_the_frames_of_every_thread(look):
    assert look.captured.states == look.graph.states


def test_a_capture_has_no_object_that_the_process_has_not(look):
    """What only C holds, Python does not come to; it is of few kinds."""
    only = captured.only_captured(look.captured, look.truth)
    known = " ".join(ONLY_C_HOLDS.values()).split()
    assert {name: count for name, count in only.items() if name not in known} == {}
    assert captured.only_captured(look.captured, look.truth, captured.IS_TRACKED) == {}


def test_known_gaps_are_still_there(pythons):
    """A gap that no process of its versions shows any more has to go from the table."""
    if {tuple(python.version) for python in pythons} != Look.compared:
        pytest.skip("not every interpreter was compared before")
    judged = [gap for gap in KNOWN_GAPS if any(gap.is_of(version) for version in Look.compared)]
    assert [gap for gap in judged if gap not in Look.met] == []
