# SPDX-License-Identifier: Apache-2.0
"""Who is logged in.  Healthy: a cache with a limit, that is full from the start.

Every request brings a customer that is not in it, so every request makes a new session and drops
the oldest.  All addresses change, the length never does: busy, but no leak.
"""

import collections

from shop import settings


class Session:
    """What is remembered of a customer."""

    def __init__(self, customer, number):
        self.customer = customer
        self.number = number
        self.token = ("%s/%d/" % (customer, number)) * 20
        self.seen = [number]


class BoundedCache:
    """Keeps the `limit` entries that were used last."""

    def __init__(self, limit):
        self.limit = limit
        self.entries = collections.OrderedDict()

    def get(self, key, make):
        if key in self.entries:
            self.entries.move_to_end(key)
            return self.entries[key]
        while len(self.entries) >= self.limit:
            self.entries.popitem(last=False)
        value = self.entries[key] = make()
        return value


cache = None


def start():
    global cache
    cache = BoundedCache(settings.cache_size)
    for number in range(settings.cache_size):
        visit("regular-%d" % number, number)


def visit(customer, number):
    return cache.get(customer, lambda: Session(customer, number))
