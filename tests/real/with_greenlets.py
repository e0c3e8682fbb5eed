# SPDX-License-Identifier: Apache-2.0
"""Greenlets that rest in the depth of calls: what they hold, only their saved stacks do.

While a list is sorted it has no items. These, and the keys so far, are known to the stack of C
alone, of which a resting greenlet has a copy.
"""

import greenlet


class Held:
    pass


def descend(depth, held):
    if depth:
        return descend(depth - 1, [held])
    pair = (held, Held())
    greenlet.getcurrent().parent.switch()
    return pair


def sort(length):
    keys = iter(range(length))

    def key(_):
        if next(keys) == length // 2:
            greenlet.getcurrent().parent.switch()
        return Held()

    [Held() for _ in range(length)].sort(key=key)


resting = [greenlet.greenlet(descend) for _ in range(50)]
for number, one in enumerate(resting):
    one.switch(number % 20, Held())
sorting = [greenlet.greenlet(sort) for _ in range(10)]
for one in sorting:
    one.switch(1000)
ended = [greenlet.greenlet(len) for _ in range(50)]
for one in ended:
    one.switch([])
