# SPDX-License-Identifier: Apache-2.0
"""What happened lately.  Leak (d): an endless doubly linked list of small dicts.

Every request adds three events.  Each is linked to the one before and the one after it, so there is
no container that grows: only a chain that gets longer, here and there by one dict.

    shop.history.events.first(['next'])*      shop.history.events.last(['previous'])*

In its healthy form the list drops its oldest event when it has `KEEP` of them, and takes care to
cut both links: an event that is cut on one side only would keep all that came before it.
"""

from shop.settings import leaking

KEEP = 300


class EventList:
    """A doubly linked list; `first` is the oldest event, `last` the newest."""

    def __init__(self):
        self.first = None
        self.last = None
        self.length = 0

    def append(self, number, what):
        event = {"order": number, "what": what, "previous": self.last, "next": None}
        if self.last is None:
            self.first = event
        else:
            self.last["next"] = event
        self.last = event
        self.length += 1

    def drop_first(self):
        oldest = self.first
        self.first = oldest["next"]
        self.first["previous"] = None
        oldest["next"] = None
        self.length -= 1


events = EventList()


def note(number, what):
    events.append(number, what)
    if not leaking("linked-list") and events.length > KEEP:
        events.drop_first()
