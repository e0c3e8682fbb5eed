# SPDX-License-Identifier: Apache-2.0
"""Drops cycles through all that cycles go through, with the collector off, and runs it when asked."""

import asyncio
import collections
import contextvars
import decimal
import functools
import gc
import itertools
import os
import sys
import threading
import types
import weakref


class Node:
    def __init__(self):
        self.number = 1

    def method(self):
        pass


class Slot:
    __slots__ = ("me", "__weakref__")


def attributes():
    """In a dict of its own, in one that was asked for, in one that was made and grew."""
    node = Node()
    assert node.__dict__
    node.me = node
    node.items = [node]
    node = Node()
    node.me = node
    node.__dict__["other"] = node
    node.last = node
    node = Node()
    node.__dict__["me"] = node
    for number in range(40):
        setattr(node, "name%d" % number, node)


def generators():
    def generate():
        me = yield
        kept = [me]
        yield kept

    async def wait():
        await asyncio.sleep(0)

    generator = generate()
    next(generator)
    generator.send(generator)
    coroutine = wait()
    kept = [coroutine]
    kept.append(kept)
    coroutine.close()


def errors():
    try:
        1 / 0
    except ZeroDivisionError as error:
        kept = error
    other = ValueError()
    other.args = (other, kept)


def functions():
    def function():
        return function

    function.partial = functools.partial(function, function)


def classes():
    class First:
        value = property(lambda self: 1)

        @classmethod
        def of_class(cls):
            pass

        @staticmethod
        def of_nobody():
            pass

        def above(self):
            return super().above

    First.instance = First()

    class Second(First, dict):
        pass

    class Third(metaclass=type("Meta", (type,), {})):
        __slots__ = ("value",)

    return Second, Third


def containers():
    ordered = collections.OrderedDict()
    ordered["me"] = ordered
    default = collections.defaultdict(list)
    default[1] = default
    queue = collections.deque()
    queue.append(queue)
    kept = [iter([1])]
    kept += [iter(kept), map(len, kept), enumerate(kept)]
    kept.append(itertools.chain(kept))
    pair = ([],)
    pair[0].append(pair)
    node = Node()
    node.others = {node}
    space = types.SimpleNamespace()
    space.me = space


def others():
    slot = Slot()
    slot.me = slot
    weakref.ref(slot, lambda reference: None)
    node = Node()
    node.bound = node.method
    module = types.ModuleType("module")
    module.me = module
    module.function = eval("lambda: 1", module.__dict__)
    node = Node()
    node.view = memoryview(bytearray(10))
    node.me = node
    thread = threading.Thread(target=others)
    thread.me = thread
    local = threading.local()
    local.me = local
    cache = functools.lru_cache()(lambda key: key)
    node = Node()
    node.cache = cache
    cache(node)
    node = Node()
    node.frame = sys._getframe()
    node = Node()
    node.decimals = decimal.Context()
    node.me = node
    node = Node()
    node.context = contextvars.copy_context()
    node.context.run(contextvars.ContextVar("variable").set, node)


gc.collect()
gc.disable()
for _ in range(int(sys.argv[1])):
    attributes()
    generators()
    errors()
    functions()
    classes()
    containers()
    others()
os.write(1, b"ready\n")
while os.read(0, 100):
    os.write(1, b"%d\n" % gc.collect())
