# SPDX-License-Identifier: Apache-2.0
"""Iterators in the middle of their work, exhausted, and not yet begun."""
import itertools
import operator
import re
import struct

from zoo import feature, fresh, text


def states(make):
    """The iterator untouched, after one and after two steps, and exhausted."""
    made = [make() for _ in range(4)]
    next(made[1])
    next(made[2])
    try:
        next(made[2])
    except StopIteration:
        pass
    for _ in made[3]:
        pass
    return made


class Sequence:
    """Iterated through __getitem__ only."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        if index >= self.length:
            raise IndexError(index)
        return index


@feature
def builtin_iterators(keep):
    many = [fresh(str(index)) for index in range(5)]
    mapping = {text(str(index)): fresh(str(index)) for index in range(5)}
    sources = {
        "list": lambda: iter(list(many)), "tuple": lambda: iter(tuple(many)),
        "list_reverse": lambda: reversed(list(many)), "dict": lambda: iter(mapping),
        "dict_values": lambda: iter(mapping.values()), "dict_items": lambda: iter(mapping.items()),
        "set": lambda: iter(set(many)), "str": lambda: iter(text("iterated")),
        "wide_str": lambda: iter("\u0394\u20ac\u0394"), "bytes": lambda: iter(b"iterated"),
        "bytearray": lambda: iter(bytearray(b"iterated")), "range": lambda: iter(range(10)),
        "long_range": lambda: iter(range(10 ** 20, 10 ** 20 + 5)),
        "range_reverse": lambda: reversed(range(5)), "sequence": lambda: iter(Sequence(4)),
        "sequence_reverse": lambda: reversed(Sequence(4)),
        "enumerate": lambda: enumerate(list(many)),
        "enumerate_long": lambda: enumerate(list(many), 2 ** 63 - 2),
        "map": lambda: map(operator.add, list(range(300, 310)), range(5)),
        "filter": lambda: filter(None, list(many)), "zip": lambda: zip(list(many), range(400, 420)),
        "dict_reverse": lambda: reversed(mapping),
        "dict_values_reverse": lambda: reversed(mapping.values()),
        "dict_items_reverse": lambda: reversed(mapping.items()),
        "re": lambda: re.finditer("a|b", text("abab")),
        "struct": lambda: struct.iter_unpack("hh", bytes(16)),
    }
    for name, make in sources.items():
        keep["iterator." + name] = states(make)
    keep["iterator.callable"] = [iter(lambda: 1, 2), iter(list(many).pop, fresh("sentinel"))]
    changed = {1: 2, 3: 4}
    keep["iterator.changed_dict"] = iterator = iter(changed)
    next(iterator)
    changed[5] = 6
    keep["zip.empty"] = zip()


@feature
def itertools_objects(keep):
    many = [fresh(str(index)) for index in range(6)]

    def source():
        return list(many)

    makers = {
        "accumulate": lambda: itertools.accumulate(range(1000, 1010)),
        "accumulate_function": lambda: itertools.accumulate(source(), lambda left, right: right, initial=fresh("i")),
        "chain": lambda: itertools.chain(source(), source()),
        "chain_from_iterable": lambda: itertools.chain.from_iterable([source(), source()]),
        "combinations": lambda: itertools.combinations(source(), 3),
        "combinations_with_replacement": lambda: itertools.combinations_with_replacement(source(), 2),
        "compress": lambda: itertools.compress(source(), [1, 0, 1, 1]),
        "dropwhile": lambda: itertools.dropwhile(lambda item: False, source()),
        "filterfalse": lambda: itertools.filterfalse(lambda item: False, source()),
        "groupby": lambda: itertools.groupby(source(), key=id),
        "islice": lambda: itertools.islice(source(), 1, 5, 2),
        "permutations": lambda: itertools.permutations(source(), 2),
        "product": lambda: itertools.product(source(), source(), repeat=2),
        "repeat": lambda: itertools.repeat(fresh("repeated"), 5),
        "starmap": lambda: itertools.starmap(max, [(1, 2), (3, 4), (5, 6)]),
        "takewhile": lambda: itertools.takewhile(lambda item: True, source()),
        "zip_longest": lambda: itertools.zip_longest(source(), [1], fillvalue=fresh("fill")),
    }
    for name, make in makers.items():
        keep["itertools." + name] = states(make)
    cycle, endless = itertools.cycle(source()), itertools.cycle(source())
    for _ in range(9):
        next(endless)
    keep["itertools.cycle"] = [cycle, endless]
    counters = [itertools.count(), itertools.count(2 ** 63 - 1), itertools.count(0.5, 0.25), itertools.count(5, 10 ** 20)]
    for counter in counters:
        next(counter)
        next(counter)
    keep["itertools.count"] = counters
    keep["itertools.repeat_forever"] = itertools.repeat(fresh("forever"))


@feature
def tees(keep):
    one, other = itertools.tee(iter([fresh(str(index)) for index in range(200)]))
    for _ in range(130):
        next(one)
    for _ in range(3):
        next(other)
    keep["itertools.tee"] = [one, other, other.__copy__()]


@feature
def group_iterators(keep):
    groups = itertools.groupby([fresh("a"), fresh("b")], key=type)
    key, group = next(groups)
    next(group)
    keep["itertools.groupby.group"] = [groups, key, group]


@feature
def pairwise(keep):
    keep["itertools.pairwise"] = states(lambda: itertools.pairwise([fresh(str(n)) for n in range(4)]))


@feature
def batched(keep):
    keep["itertools.batched"] = states(lambda: itertools.batched([fresh(str(n)) for n in range(7)], 2))


@feature
def operators(keep):
    keep["operator.itemgetter"] = [operator.itemgetter(fresh("key")), operator.itemgetter(1, text("two"))]
    keep["operator.attrgetter"] = [operator.attrgetter("name"), operator.attrgetter("a.b.c", text("d"))]
    keep["operator.methodcaller"] = [operator.methodcaller("pop"),
                                     operator.methodcaller("get", fresh("a"), default=fresh("b"))]
    keep["operator.methodcaller"][0]([1])
    keep["operator.methodcaller.called"] = called = operator.methodcaller("get", text("key"), 5)
    called({})
