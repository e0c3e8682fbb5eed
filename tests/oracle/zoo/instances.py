# SPDX-License-Identifier: Apache-2.0
"""Instances and classes: every way in which CPython stores attributes."""
import abc
import collections
import dataclasses
import enum
import types
import typing
import warnings
import weakref

from zoo import feature, fresh, text


class Plain:
    """Attributes in split, inline or materialised form, depending on version and state."""

    def __init__(self, *names):
        for name in names:
            setattr(self, name, fresh(name))


class Reordered(Plain):
    pass


class Wide:
    pass


class NoWeak:
    __slots__ = ("__dict__",)


class OneSlot:
    __slots__ = ("left",)


class TwoSlots(OneSlot):
    __slots__ = ("right", "_private", "__mangled")


class SlotsThenDict(TwoSlots):
    pass


class SlotsDictWeak:
    __slots__ = ("value", "__dict__", "__weakref__")


class DocumentedSlots:
    __slots__ = {"value": "its documentation", "other": "another"}


class EmptySlots:
    __slots__ = ()


class MixinSlots(EmptySlots, OneSlot):
    __slots__ = ("third",)


class Meta(type):
    """A metaclass whose classes carry instance attributes of their own."""

    def __new__(mcs, name, bases, namespace, **keywords):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.keywords = keywords
        return cls


class Managed(metaclass=Meta, extra=[1, 2, 3]):
    slot = property(lambda self: None)


class SlottedMeta(type):
    __slots__ = ()


class SlottedManaged(metaclass=SlottedMeta):
    pass


class Abstract(abc.ABC):
    @abc.abstractmethod
    def method(self):
        """To be overridden."""

    @property
    @abc.abstractmethod
    def attribute(self):
        """To be overridden."""


class Concrete(Abstract):
    attribute = 1

    def method(self):
        return super().method()


Abstract.register(Plain)
isinstance(Plain(), Abstract)
isinstance([], Abstract)


class Observed:
    """Overrides what a careless reader would call."""

    def __init__(self):
        self.value = fresh("observed")

    def __eq__(self, other):
        raise RuntimeError("compared")

    def __hash__(self):
        return 7

    def __getattr__(self, name):
        raise RuntimeError("looked at")

    def __sizeof__(self):
        return 123456

    def __len__(self):
        raise RuntimeError("measured")

    def __bool__(self):
        raise RuntimeError("asked")


class LiesAboutClass:
    @property
    def __class__(self):
        return int


@feature
def instances_of_plain_classes(keep):
    keep["instance.empty"] = Plain()
    keep["instance.few"] = Plain("first", "second", "third")
    keep["instance.same_keys"] = [Plain("first", "second", "third") for _ in range(5)]
    keep["instance.other_order"] = Reordered("third", "first")
    keep["instance.other_order2"] = Reordered("first", "third", "second")
    materialised = Plain("first", "second")
    keep["instance.dict_seen"] = materialised
    keep["instance.dict_seen.dict"] = materialised.__dict__
    keep["instance.dict_seen_then_added"] = grown = Plain("first")
    vars(grown)
    grown.second = fresh("late")
    keep["instance.dict_only_materialised"] = seen = Plain("first", "second")
    vars(seen)
    deleted = Plain("first", "second", "third")
    del deleted.second
    keep["instance.deleted_one"] = deleted
    deleted = Plain("first", "second", "third")
    for name in ("first", "second", "third"):
        delattr(deleted, name)
    keep["instance.deleted_all"] = deleted
    emptied = Plain("first", "second")
    emptied.__dict__.clear()
    keep["instance.dict_cleared"] = emptied
    replaced = Plain("first")
    replaced.__dict__ = {"own": fresh("own"), "mapping": fresh("mapping")}
    keep["instance.dict_replaced"] = replaced
    removed = Plain("first")
    del removed.__dict__
    keep["instance.dict_removed"] = removed
    one, other = Plain("first"), Plain("second")
    one.__dict__ = other.__dict__
    keep["instance.dict_shared"] = [one, other]
    keep["instance.dict_outlives"] = Plain("first", "second").__dict__
    keep["instance.dict_copied"] = Plain("first", "second").__dict__.copy()
    keep["instance.dict_with_int_keys"] = odd = Plain("first")
    odd.__dict__[1] = fresh("one")
    odd.__dict__[(2, 3)] = fresh("tuple")
    keep["instance.class_changed"] = changed = Plain("first", "second")
    changed.__class__ = Reordered
    keep["instance.none_value"] = none = Plain()
    none.nothing = None
    none.number = 12345678901234567890
    none.itself = none


@feature
def instances_with_many_attributes(keep):
    for count in (6, 15, 29, 30, 31, 40, 200):
        cls = type("Wide%d" % count, (Wide,), {})
        wide = cls()
        for index in range(count):
            setattr(wide, "attribute_%d" % index, fresh(str(index)))
        keep["instance.wide_%d" % count] = wide
        keep["instance.wide_%d.second" % count] = second = cls()
        second.attribute_3 = fresh("three")
        second.attribute_1 = fresh("one")
        vars(cls())
    wide.__dict__.pop("attribute_7")
    seen = cls()
    seen.attribute_0 = fresh("zero")
    keep["instance.wide_seen"] = [seen, vars(seen)]


@feature
def instances_with_slots(keep):
    keep["slots.unset"] = [OneSlot(), TwoSlots(), SlotsThenDict(), MixinSlots(), EmptySlots()]
    one = OneSlot()
    one.left = fresh("left")
    keep["slots.one"] = one
    two = TwoSlots()
    two.left, two.right, two._private = fresh("l"), fresh("r"), fresh("p")
    two._TwoSlots__mangled = fresh("m")
    keep["slots.two"] = two
    both = SlotsThenDict()
    both.left, both.right, both.free = fresh("l"), fresh("r"), fresh("f")
    keep["slots.and_dict"] = both
    everything = SlotsDictWeak()
    everything.value, everything.other = fresh("v"), fresh("o")
    keep["slots.dict_weak"] = [everything, weakref.ref(everything)]
    plain = NoWeak()
    plain.value = fresh("v")
    keep["slots.only_dict"] = [plain, NoWeak()]
    documented = DocumentedSlots()
    documented.value = fresh("v")
    keep["slots.documented"] = documented
    mixin = MixinSlots()
    mixin.left = mixin.third = fresh("twice")
    keep["slots.mixin"] = mixin
    deleted = TwoSlots()
    deleted.left = fresh("gone")
    del deleted.left
    keep["slots.deleted"] = deleted


@feature
def instances_with_overrides(keep):
    keep["instance.observed"] = Observed()
    keep["instance.lies_about_class"] = LiesAboutClass()


SUBCLASSED = {
    "int": (int, 3 ** 200), "small_int": (int, 5), "zero": (int, 0),
    "float": (float, 1.5), "complex": (complex, 2 + 1j),
    "str": (str, "subclassed"), "ucs2": (str, "\u0394\u20ac subclassed"),
    "bytes": (bytes, b"subclassed"), "bytearray": (bytearray, b"subclassed"),
    "tuple": (tuple, ("a", ["b"], 3.5)), "empty_tuple": (tuple, ()),
    "list": (list, ["a", ["b"], 3.5]), "dict": (dict, {"a": ["b"], 3: 4.5}),
    "set": (set, {"a", ("b", 3.5)}), "frozenset": (frozenset, {"a", ("b", 3.5)}),
    "deque": (collections.deque, ["a", ["b"]]),
    "ordered": (collections.OrderedDict, {"a": ["b"]}),
    "exception": (ValueError, "subclassed"), "os_error": (OSError, 3),
    "namespace": (types.SimpleNamespace, None), "module": (types.ModuleType, "submodule"),
    "property": (property, len), "staticmethod": (staticmethod, len),
    "classmethod": (classmethod, len), "super": (super, int),
    "weakref": (weakref.ref, Plain), "object": (object, None), "type": (type, int),
}


@feature
def subclasses_of_builtins(keep):
    for name, (base, argument) in SUBCLASSED.items():
        arguments = () if argument is None else (argument,)
        for variant, namespace in (("dict", {}), ("slots", {"__slots__": ()}),
                                   ("slotted", {"__slots__": ("one", "two")}),
                                   ("weak", {"__slots__": ("__weakref__",)})):
            try:
                cls = type("%s_%s" % (variant, name), (base,), dict(namespace, __module__=__name__))
                empty = cls(*arguments)
                filled = cls(*arguments)
                again = cls(*arguments)
            except (TypeError, AttributeError):
                continue
            prefix = "subclass.%s.%s" % (name, variant)
            keep[prefix + ".empty"] = empty
            keep[prefix + ".filled"] = filled
            keep[prefix + ".seen"] = again
            try:
                filled.one, filled.two = fresh("one"), fresh("two")
                again.one = fresh("one")
                again.__dict__
            except (AttributeError, TypeError):
                pass
            try:
                keep[prefix + ".weakref"] = [weakref.ref(filled), weakref.ref(filled, print)]
            except TypeError:
                pass


@feature
def classes(keep):
    keep["class.plain"] = type("Made", (), {"value": fresh("class attribute")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keep["class.odd_key"] = type("OddKey", (), {1: fresh("one"), "plain": 2})
    keep["class.bases"] = type("Bases", (Plain, EmptySlots), {"__doc__": None})
    keep["class.odd_module"] = type("OddModule", (), {"__module__": 42})()
    keep["class.none_module"] = type("NoneModule", (), {"__module__": None})()
    keep["class.dotted_name"] = type("dotted.Name", (), {})()
    keep["class.unicode_name"] = type("\u0394elta", (), {"\u20acuro": 1})()
    renamed = type("Before", (), {})
    renamed.__name__, renamed.__qualname__ = "After", "Outer.After"
    keep["class.renamed"] = renamed()
    keep["class.same_name"] = [type("Same", (), {})() for _ in range(3)]
    keep["class.meta"] = [Meta, Managed, SlottedMeta, SlottedManaged, Managed(), SlottedManaged()]
    keep["class.abstract"] = [Abstract, Concrete, Concrete()]
    wide = type("ManyAttributes", (), {"a%d" % index: fresh("a") for index in range(100)})
    keep["class.many_attributes"] = wide
    keep["class.many_subclasses"] = [type("Sub%d" % index, (wide,), {}) for index in range(20)]
    type("Forgotten", (wide,), {})
    chain = Plain
    for index in range(12):
        chain = type("Level%d" % index, (chain,), {"__slots__": ("level_%d" % index,)})
    deep = chain()
    for index in range(0, 12, 2):
        setattr(deep, "level_%d" % index, fresh(str(index)))
    deep.free = fresh("free")
    keep["class.deep_slots"] = deep
    keep["class.local"] = local_class()


def local_class():
    captured = fresh("captured")

    class Local:
        seen = captured

        def method(self):
            return __class__, captured

        @classmethod
        def factory(cls):
            return cls()

        @staticmethod
        def helper(value=captured):
            return value

        @property
        def prop(self):
            """Documented."""
            return self._prop

        @prop.setter
        def prop(self, value):
            self._prop = value

    return Local, Local()


@feature
def dataclass_instances(keep):
    @dataclasses.dataclass
    class Point:
        across: float
        down: float = 2.5
        tags: list = dataclasses.field(default_factory=list)

    @dataclasses.dataclass(frozen=True, order=True)
    class Frozen:
        key: str

    keep["dataclass"] = [Point(1.0), Point(3.5, tags=[fresh("tag")]), Frozen(text("key"))]


@feature
def dataclass_with_slots(keep):
    @dataclasses.dataclass(slots=True, kw_only=True)
    class Slotted:
        key: str
        other: list

    keep["dataclass.slots"] = Slotted(key=text("key"), other=[1])


@feature
def named_tuples(keep):
    Pair = collections.namedtuple("Pair", "left right", defaults=[None])

    class Typed(typing.NamedTuple):
        name: str
        size: int = 3

    class WithDict(Pair):
        pass

    filled = WithDict(fresh("l"), fresh("r"))
    filled.extra = fresh("extra")
    keep["namedtuple"] = [Pair(fresh("l"), fresh("r")), Pair(1), Typed(text("n")), filled]


class Colour(enum.Enum):
    RED = "red"
    GREEN = ("green", 2)
    ALIAS = "red"

    @property
    def pretty(self):
        return self.value


class Bits(enum.IntFlag):
    ONE = 1
    TWO = 2
    FOUR = 4


@feature
def enumerations(keep):
    keep["enum"] = [Colour.RED, Colour("red"), Bits.ONE | Bits.FOUR, Bits(7)]
    keep["enum.functional"] = enum.Enum("Functional", "ONE TWO THREE")
    keep["enum.members"] = dict(Colour.__members__)
