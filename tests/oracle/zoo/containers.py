# SPDX-License-Identifier: Apache-2.0
"""Containers and plain values, each in several states of its life."""
import array
import collections
import decimal
import fractions
import functools
import sys
import types

from zoo import feature, fresh, text


@feature
def numbers(keep):
    keep["int"] = [0, 1, -1, 256, 257, 2 ** 15, 2 ** 30 - 1, 2 ** 30, 2 ** 60, -2 ** 61, 7 ** 900, -3 ** 999]
    keep["float"] = [0.0, -0.0, 1.5, float("inf"), float("nan"), 1e308]
    keep["complex"] = [1j, complex(2.5, -3)]
    keep["bool"] = [True, False, None, Ellipsis, NotImplemented]
    keep["decimal"] = [decimal.Decimal("1.5"), decimal.Decimal(7) ** 300, decimal.Decimal("NaN")]
    keep["decimal.context"] = [decimal.getcontext(), decimal.Context(prec=50), decimal.getcontext().flags]
    keep["fraction"] = fractions.Fraction(22, 7)
    keep["int.own"] = [int(str(10 ** 30 + index)) for index in range(10)]


@feature
def strings(keep):
    keep["str.empty"] = ["", text("")[:0]]
    keep["str.char"] = ["a", chr(233), chr(0x394), chr(0x1F600)]
    keep["str.ascii"] = [text("ascii"), "x" * 600, "y" * 100000]
    keep["str.latin"] = ["\xe9t\xe9" * 3, "\xe9" * 700]
    keep["str.ucs2"] = ["\u0394\u20ac" * 3, "\u0394" * 700]
    keep["str.ucs4"] = ["\U0001F600" * 3, "\U0001F600" * 700]
    keep["str.interned"] = [sys.intern(text("interned")), sys.intern(text("interned \u0394"))]
    keep["str.surrogate"] = ["\ud800", "a\udc80b"]
    keep["str.hashed"] = [text("hashed"), hash(text("hashed"))]
    cached = ["caf\xe9 %d" % 1, "\u0394elta %d" % 2, "\U0001F600 %d" % 3]
    for value in cached:
        cache_utf8(value)
    keep["str.cached_utf8"] = cached
    cached = ["caf\xe9 %d" % 4, "wide \u0394 %d" % 5]
    for value in cached:
        cache_wide(value)
    keep["str.cached_wide"] = cached


def cache_utf8(value):
    """PyUnicode_AsUTF8 stores its result inside the string; codecs of ctypes call it."""
    import ctypes
    function = ctypes.pythonapi.PyUnicode_AsUTF8
    function.argtypes, function.restype = [ctypes.py_object], ctypes.c_void_p
    function(value)


def cache_wide(value):
    """PyUnicode_AsUnicode stored a wchar_t copy inside the string, up to 3.11."""
    import ctypes
    if sys.version_info < (3, 12):
        function = ctypes.pythonapi.PyUnicode_AsUnicode
        function.argtypes, function.restype = [ctypes.py_object], ctypes.c_void_p
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(value)


@feature
def legacy_strings(keep):
    """Strings that exist only as wchar_t ("not ready"), 3.8 to 3.11."""
    import ctypes
    function = ctypes.pythonapi.PyUnicode_FromUnicode
    function.restype, function.argtypes = ctypes.py_object, [ctypes.c_wchar_p, ctypes.c_ssize_t]
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keep["str.legacy"] = function("legacy wide", 11)
        unready = function(None, 20)
        sys.getsizeof(unready)
        keep["str.legacy.unready"] = [unready]


@feature
def byte_strings(keep):
    keep["bytes"] = [b"", b"a", b"several", b"z" * 600, bytes(100000)]
    keep["bytearray.empty"] = bytearray()
    keep["bytearray.small"] = bytearray(b"abc")
    keep["bytearray.big"] = bytearray(5000)
    front = bytearray(b"0123456789" * 100)
    del front[:300]
    keep["bytearray.front_deleted"] = front
    grown = bytearray()
    for _ in range(1000):
        grown += b"grow"
    del grown[10:]
    keep["bytearray.shrunk"] = grown
    exported = bytearray(b"exported")
    keep["bytearray.exported"] = [exported, memoryview(exported)]


@feature
def lists_and_tuples(keep):
    keep["list.empty"] = []
    keep["list.one"] = [fresh("one")]
    keep["list.big"] = [fresh("big") for _ in range(1000)]
    keep["list.presized"] = [None] * 10
    grown = []
    for index in range(10):
        grown.append(fresh(str(index)))
    keep["list.overallocated"] = grown
    shrunk = list(grown)
    del shrunk[3:]
    keep["list.shrunk"] = shrunk
    cleared = list(grown)
    cleared.clear()
    keep["list.cleared"] = cleared
    recursive = []
    recursive.append(recursive)
    keep["list.recursive"] = recursive
    same = fresh("same")
    keep["list.repeated"] = [same] * 5
    keep["tuple"] = [(), (1,), (fresh("a"), fresh("b")), tuple(range(500, 520)), ((), ((),))]
    keep["tuple.hashed"] = hashed = (fresh("hashed"), text("hashed"))
    hash(hashed)
    chain = None
    for _ in range(3000):
        chain = [chain]
    keep["list.deep"] = chain
    keep["tuple.repeated"] = (same,) * 4


@feature
def dictionaries(keep):
    keep["dict.empty"] = {}
    keep["dict.emptied"] = emptied = {"a": 1}
    del emptied["a"]
    keep["dict.cleared"] = cleared = {"a": 1}
    cleared.clear()
    keep["dict.str"] = {"a": fresh("a"), "b": fresh("b"), text("c"): None}
    keep["dict.int"] = {index: fresh(str(index)) for index in range(300, 310)}
    keep["dict.mixed"] = {"a": fresh("a"), 1: fresh("1"), (1, 2): fresh("t"), None: 3, 1.5: [4]}
    keep["dict.str_then_int"] = late = {"a": fresh("a")}
    late[7] = fresh("7")
    for size in (5, 6, 10, 11, 85, 86, 170, 171, 400, 22000, 70000):
        keep["dict.str_%d" % size] = {"key%d" % index: float(index) for index in range(size)}
    keep["dict.int_1000"] = {index: float(index) for index in range(1000, 2000)}
    keep["dict.int_70000"] = {index: 0.5 for index in range(70000)}
    holes = {"key%d" % index: fresh("hole") for index in range(50)}
    for index in range(0, 50, 3):
        del holes["key%d" % index]
    keep["dict.deleted"] = holes
    holes = {index: fresh("hole") for index in range(50)}
    for index in range(0, 49):
        del holes[index]
    keep["dict.int_deleted"] = holes
    moved = {"key%d" % index: fresh("moved") for index in range(10)}
    for index in range(30):
        moved["key%d" % (index % 10)] = moved.pop("key%d" % (index % 10))
    keep["dict.reinserted"] = moved
    keep["dict.popitem"] = popped = {"a": fresh("a"), "b": fresh("b")}
    popped.popitem()
    keep["dict.copy"] = dict(keep["dict.str"])
    keep["dict.fromkeys"] = dict.fromkeys(["x", "y"], fresh("same"))
    keep["dict.recursive"] = recursive = {}
    recursive["self"] = recursive
    keep["dict.none_values"] = {"a": None, "b": None}
    keep["dict.atoms"] = {"a": 1, "b": "c"}
    keep["dict.presized"] = {**keep["dict.str"], **keep["dict.int"]}
    keep["dict.views"] = [late.keys(), late.values(), late.items()]
    keep["dict.object_keys"] = {fresh("key"): fresh("value"), frozenset([1]): 2}
    keep["dict.kwargs"] = dict(alpha=fresh("alpha"), beta=1)
    keep["dict.str_subclass_key"] = {type("Key", (str,), {})("key"): fresh("value")}


@feature
def sets(keep):
    keep["set.empty"] = set()
    keep["set.small"] = {fresh("a"), text("b"), 3}
    keep["set.big"] = {fresh(str(index)) for index in range(500)}
    keep["set.ints"] = set(range(1000, 1100))
    holes = set(range(1000, 1040))
    for index in range(1000, 1040, 3):
        holes.discard(index)
    keep["set.deleted"] = holes
    emptied = {fresh("a"), fresh("b")}
    emptied.pop()
    emptied.pop()
    keep["set.emptied"] = emptied
    keep["set.cleared"] = cleared = set(range(100))
    cleared.clear()
    keep["frozenset"] = [frozenset(), frozenset([fresh("a"), 1]), frozenset(map(text, "abcdefghijkl"))]
    keep["frozenset.hashed"] = hash(keep["frozenset"][1])


@feature
def deques(keep):
    keep["deque.empty"] = collections.deque()
    keep["deque.one"] = collections.deque([fresh("one")])
    keep["deque.blocks"] = collections.deque(fresh(str(index)) for index in range(300))
    keep["deque.bounded"] = collections.deque((fresh(str(index)) for index in range(100)), maxlen=10)
    moved = collections.deque(fresh(str(index)) for index in range(200))
    for _ in range(90):
        moved.popleft()
    for _ in range(20):
        moved.pop()
    keep["deque.popped"] = moved
    left = collections.deque()
    for index in range(130):
        left.appendleft(fresh(str(index)))
    left.rotate(17)
    keep["deque.left"] = left
    emptied = collections.deque(range(1000, 1200))
    while emptied:
        emptied.popleft()
    keep["deque.emptied"] = emptied
    keep["deque.exact_block"] = collections.deque(fresh(str(index)) for index in range(64))
    iterator = iter(keep["deque.blocks"])
    next(iterator)
    backwards = reversed(keep["deque.blocks"])
    next(backwards)
    keep["deque.iterators"] = [iterator, backwards]


@feature
def collections_types(keep):
    ordered = collections.OrderedDict((text(str(index)), fresh(str(index))) for index in range(20))
    ordered.move_to_end(next(iter(ordered)))
    del ordered[next(iter(ordered))]
    keep["ordereddict"] = [ordered, collections.OrderedDict(), collections.OrderedDict(a=fresh("a"))]
    keep["ordereddict.views"] = [ordered.keys(), ordered.values(), ordered.items()]
    iterators = [iter(ordered), iter(ordered.items()), iter(ordered.values()), reversed(ordered)]
    for iterator in iterators:
        next(iterator)
    keep["ordereddict.iterators"] = iterators

    class Attributed(collections.OrderedDict):
        pass

    attributed = Attributed(key=fresh("value"))
    attributed.attribute = fresh("attribute")
    own = collections.OrderedDict(key=fresh("value"))
    own.attribute = fresh("instance attribute of the type itself")
    keep["ordereddict.attributed"] = [attributed, own]
    default = collections.defaultdict(list)
    default["a"].append(fresh("a"))
    default[3].append(fresh("3"))
    keep["defaultdict"] = [default, collections.defaultdict(None, b=fresh("b")),
                           collections.defaultdict(lambda: fresh("made"))]
    keep["counter"] = collections.Counter("abracadabra")
    keep["chainmap"] = collections.ChainMap({"a": fresh("a")}, {"b": fresh("b")})
    keep["userdict"] = [collections.UserDict(a=fresh("a")), collections.UserList([fresh("b")]),
                        collections.UserString(text("c"))]


@feature
def small_holders(keep):
    keep["namespace"] = [types.SimpleNamespace(), types.SimpleNamespace(a=fresh("a"), b=1)]
    keep["namespace"][0].later = fresh("later")
    keep["mappingproxy"] = [types.MappingProxyType({"a": fresh("a")}), int.__dict__, fresh.__class__.__dict__
                            if hasattr(fresh.__class__, "__dict__") else None]
    keep["slice"] = [slice(None), slice(fresh("start"), fresh("stop"), 3), slice(10 ** 20)]
    keep["range"] = [range(0), range(1000, 10 ** 20, 10 ** 10), range(5)]
    keep["cell.full"] = types.CellType(fresh("cell"))
    keep["cell.empty"] = types.CellType()
    keep["array"] = [array.array(code, range(20)) for code in "bBhHiIlLqQfd"]
    keep["array.empty"] = array.array("d")
    keep["array.unicode"] = array.array("u", "wide")
    iterator = iter(keep["array"][0])
    next(iterator)
    keep["array.iterator"] = iterator
    keep["structseq"] = [sys.version_info, sys.flags, sys.float_info, sys.hash_info, sys.thread_info]


@feature
def structure_sequences(keep):
    import os
    import time
    keep["structseq.more"] = [os.stat("/"), time.localtime(), os.times(), os.uname()]


@feature
def memory_views(keep):
    base = bytearray(b"0123456789" * 10)
    whole = memoryview(base)
    keep["memoryview"] = [whole, whole[10:20], whole[::2], memoryview(b"constant")]
    keep["memoryview.cast"] = whole[:96].cast("i"), whole[:96].cast("B", (4, 24))
    keep["memoryview.array"] = memoryview(array.array("d", [1.5, 2.5]))
    released = memoryview(bytearray(b"released"))
    released.release()
    keep["memoryview.released"] = released
    keep["memoryview.readonly"] = whole.toreadonly()
    keep["memoryview.of_memoryview"] = memoryview(memoryview(b"nested"))
    iterator = iter(memoryview(b"iterated"))
    next(iterator)
    keep["memoryview.iterator"] = iterator
    hash(keep["memoryview"][3])


@feature
def partials(keep):
    keep["partial"] = functools.partial(print, fresh("argument"), sep=fresh("keyword"))
    keep["partial.nested"] = functools.partial(functools.partial(max, fresh("a")), key=fresh("k"))
    attributed = functools.partial(int)
    attributed.attribute = fresh("attribute")
    keep["partial.attributed"] = attributed
    keep["partial.empty"] = functools.partial(int)

    class Sub(functools.partial):
        pass

    sub = Sub(int, fresh("argument"))
    sub.attribute = fresh("attribute")
    keep["partial.subclass"] = sub
    keep["partialmethod"] = functools.partialmethod(fresh, "argument")
    compare = functools.cmp_to_key(lambda left, right: 0)
    keep["cmp_to_key"] = [compare, compare(fresh("compared"))]


@feature
def partial_with_placeholder(keep):
    hole = functools.Placeholder
    keep["partial.placeholder"] = [hole, functools.partial(print, hole, fresh("second"))]


@feature
def caches(keep):
    @functools.lru_cache(maxsize=10)
    def bounded(key, *, option=None):
        return fresh(key)

    for index in range(30):
        bounded(text(str(index)))
    bounded(3, option=fresh("option"))
    keep["lru_cache.bounded"] = bounded

    @functools.lru_cache(maxsize=None)
    def unbounded(key):
        return fresh(key)

    for index in range(1000, 1030):
        unbounded(index)
        unbounded(text(str(index)))
    keep["lru_cache.unbounded"] = unbounded

    @functools.lru_cache(maxsize=0)
    def uncached(key):
        return key

    uncached(1)
    keep["lru_cache.zero"] = uncached

    @functools.lru_cache(typed=True)
    def typed(key, other):
        return fresh("typed")

    typed(1, 2.0)
    typed(1.0, 2)
    typed.attribute = fresh("attribute")
    keep["lru_cache.typed"] = typed

    @functools.lru_cache()
    def empty():
        return None

    keep["lru_cache.empty"] = empty

    class Holder:
        @functools.cached_property
        def value(self):
            return fresh("cached")

        @functools.lru_cache(maxsize=4)
        def method(self, key):
            return fresh("method")

        @functools.singledispatchmethod
        def dispatched(self, argument):
            return argument

    used, unused = Holder(), Holder()
    used.value
    used.method(1)
    keep["cached_property"] = [used, unused, Holder.value, Holder.method]
    keep["singledispatch"] = functools.singledispatch(fresh)
    keep["singledispatch"].register(int, lambda value: value)


@feature
def frozen_dictionaries(keep):
    keep["frozendict"] = [frozendict(), frozendict(a=fresh("a"), b=1),  # noqa: F821 - 3.15
                          frozendict({1: fresh("one"), (2,): 3})]  # noqa: F821
    hash(keep["frozendict"][0])
    cls = type("SubFrozen", (frozendict,), {})  # noqa: F821
    keep["frozendict.subclass"] = sub = cls(a=fresh("a"))
    sub.attribute = fresh("attribute")
    keep["frozendict.iterator"] = iterator = iter(keep["frozendict"][1].items())
    next(iterator)


@feature
def sentinels(keep):
    keep["sentinel"] = sentinel("MISSING")  # noqa: F821 - 3.15
