# SPDX-License-Identifier: Apache-2.0
"""Greenlets that rest in the depth of calls: what they hold, only their saved stacks do."""

import greenlet


class Held:
    pass


def descend(depth, held):
    if depth:
        return descend(depth - 1, [held])
    pair = (held, Held())
    greenlet.getcurrent().parent.switch()
    return pair


resting = [greenlet.greenlet(descend) for _ in range(50)]
for number, one in enumerate(resting):
    one.switch(number % 20, Held())
ended = [greenlet.greenlet(len) for _ in range(50)]
for one in ended:
    one.switch([])
