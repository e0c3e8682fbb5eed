# SPDX-License-Identifier: Apache-2.0
"""The audit trail.  Leak (c): a coroutine that appends big strings to a local list.

`write_trail` waits for entries and collects them, to write them in one go, and the condition that
should write them is never met.  The list is a local variable of a coroutine that never ends; no
module and no object has it as an attribute.

    shop.audit.writer (a Task) -> its coroutine -> its frame -> local `pending`[*]
"""

import asyncio

from shop.settings import leaking

BATCH = 50

writer = None  # the background task
_entries = None  # what it still has to take
written = 0


async def write_trail(entries):
    global written
    pending = []
    while True:
        number, body, reply = await entries.get()
        pending.append("%d <- %s -> %s" % (number, body.decode(), reply.decode()))
        if len(pending) >= BATCH and not leaking("coroutine"):
            written += len(pending)
            pending.clear()


def record(number, body, reply):
    _entries.put_nowait((number, body, reply))


def start():
    global writer, _entries
    _entries = asyncio.Queue()
    writer = asyncio.get_running_loop().create_task(write_trail(_entries))


async def stop():
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
