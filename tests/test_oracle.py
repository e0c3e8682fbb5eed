# SPDX-License-Identifier: Apache-2.0
"""What plumb reads from outside is what the process says of itself, for one of everything.

The target (tests/oracle/) holds specimens of every builtin and C type and has a large part of the
standard library imported. The truth is taken before and after plumb looks, and has to be the same,
so a difference is plumb's. tests/oracle/compare.py shows the same to a developer, with examples.
"""

import os
from pathlib import Path

import pytest

from oracle import comparison, session
from support.program import Plumb

TOOL = Path(os.environ.get("PLUMB_DUMP_GRAPH") or Plumb().path.parent / "tests/tools/dump_graph")

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
builtins.module builtins.object builtins.odict_items builtins.odict_iterator builtins.odict_keys builtins.odict_values
builtins.property builtins.PyCapsule builtins.range builtins.range_iterator builtins.reversed builtins.set
builtins.set_iterator builtins.slice builtins.staticmethod builtins.str builtins.str_ascii_iterator
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


class Look:
    """One process, its truth before and after, and what plumb saw in between."""

    def __init__(self, running):
        self.running = running
        self.truth = running.truth()
        if TOOL.exists():
            self.graph = running.graph(TOOL)
            self.asked, self.wrong_labels = running.wrong_labels(self.graph, self.truth)
            self.result = comparison.Comparison(self.truth, self.graph)
        self.truth_after = running.truth()

    def show(self, columns):
        lines = [f"{name}: {column}: {said}" for (name, column), examples in self.result.examples.items()
                 if column in columns for said in examples[:1]]
        return "\n".join([self.result.summary(), *lines[:40]])

    def check(self, *columns):
        assert not any(self.result.total(column) for column in columns), self.show(columns)


@pytest.fixture(scope="module")
def target(python):
    with session.Session(python) as running:
        yield Look(running)


@pytest.fixture
def look(target):
    if not TOOL.exists():
        pytest.skip(f"{TOOL} is not built")
    return target


def test_the_process_is_the_same_before_and_after(target):
    assert target.truth.objects == target.truth_after.objects
    before, after = (
        {ident: comparison.without_looking(frames) for ident, frames in truth.threads.items()}
        for truth in (target.truth, target.truth_after)
    )
    assert before == after


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
    guessed = look.result.guessed_types()
    assert [name for name in guessed if name in KNOWN or name.startswith("zoo.")] == []


def test_references_are_those_of_gc_get_referents(look):
    assert look.result.total("expected") > 300000
    look.check("missing", "extra", "type_edge")


def test_sizes_are_those_of_sys_getsizeof(look):
    look.check("size")


def test_reference_counts_are_those_of_sys_getrefcount(look):
    look.check("count")


def test_names_lead_python_to_the_same_object(look):
    assert look.asked > 200000
    assert look.wrong_labels[:20] == []


def test_frames_and_locals_are_those_of_each_thread(look):
    if not look.graph.threads:
        pytest.skip("dump_graph prints no threads")
    assert look.result.threads_compared >= 30
    assert look.result.thread_problems == []
