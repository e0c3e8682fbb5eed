# SPDX-License-Identifier: Apache-2.0
"""What looks like a leak for a while and is none, all at once."""

import collections
import functools
import importlib
import itertools
import math
import time

PERIOD = 0.01


class Request:
    def __init__(self, number):
        self.number = number
        self.body = "body of request %d" % number * 10
        self.peer = None


def full_cache():
    @functools.lru_cache(maxsize=200)
    def load(number):
        return Request(number)

    for number in range(-200, 0):
        load(number)
    return load


full_ring = collections.deque(maxlen=300)


def ring():
    full_ring.extend(map(Request, range(300)))
    return lambda number: full_ring.append(Request(number))


warm = {}


def warm_up():
    for number in range(2000):
        warm[number] = Request(number)

    def step(number):
        # The last ones come late, and ever more seldom.
        if math.log2(number + 1).is_integer():
            warm[-number] = Request(number)

    return step


batch = []


def batch_that_is_flushed():
    def step(number):
        batch.append(Request(number))
        if len(batch) >= 70:
            batch.clear()

    return step


queue = collections.deque()


def queue_that_swings():
    def step(number):
        wanted = int(150 + 100 * math.sin(number / 40))
        while len(queue) < wanted:
            queue.append(Request(number))
        while len(queue) > wanted:
            queue.popleft()
        queue.append(Request(number))
        queue.popleft()

    return step


expiring = collections.OrderedDict()


def entries_that_expire():
    def step(number):
        expiring[number] = (number + 60, Request(number))
        while next(iter(expiring.values()))[0] < number:
            expiring.popitem(last=False)

    return step


def garbage_that_waits_for_the_collector():
    def step(number):
        for _ in range(3):
            first, second = Request(number), Request(number)
            first.peer, second.peer = second, first

    return step


latest = []


def rebuilt_each_time():
    def step(number):
        global latest
        latest = [Request(number + entry) for entry in range(50)]

    return step


page = ""


def text_of_varying_length():
    lengths = itertools.cycle([9000, 30000, 12000, 50000, 20000])

    def step(number):
        global page
        page = "." * next(lengths)

    return step


def imports_at_the_start():
    names = iter("json email.message csv decimal fractions difflib".split())

    def step(number):
        name = next(names, None) if number % 5 == 0 else None
        if name:
            importlib.import_module(name)

    return step


HEALTHY = [
    full_cache,
    ring,
    warm_up,
    batch_that_is_flushed,
    queue_that_swings,
    entries_that_expire,
    garbage_that_waits_for_the_collector,
    rebuilt_each_time,
    text_of_varying_length,
    imports_at_the_start,
]


def main():
    steps = [healthy() for healthy in HEALTHY]
    for number in range(10**9):
        for step in steps:
            step(number)
        if number == 100:
            print("ready", flush=True)
        time.sleep(PERIOD)


main()
