# SPDX-License-Identifier: Apache-2.0
"""Runs the sample service inside this process, sends it orders, and measures what is left behind.

usage: service_probe.py SWITCH[,SWITCH...] REQUESTS

test_service.py starts it under each interpreter.  It is the ground truth for what the service is
said to do: it looks from inside, with gc, tracemalloc and plain attribute access, along the very
chain of names by which each module says that it leaks.  It sends REQUESTS orders over a real socket
three times, and before and after each time notes `held`, what each chain leads to, and the totals.
The result is one JSON document: {"looks": [{"held": {...}, "tracked": n, "traced": bytes}, ...]}.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import tracemalloc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "examples"))

import leaky_service  # noqa: E402
import load  # noqa: E402
from shop import (  # noqa: E402
    audit,
    catalogue,
    database,
    errors,
    history,
    pricing,
    server,
    sessions,
    settings,
    vouchers,
)

ROUNDS = 3


def traceback_chain(entry):
    while entry is not None:
        yield entry
        entry = entry.tb_next


def is_body(value):
    return isinstance(value, bytes) and len(value) > 3000


def held_by_exception():
    """Distinct bodies in the frames of the traceback of vouchers.UNKNOWN_VOUCHER."""
    chain = traceback_chain(vouchers.UNKNOWN_VOUCHER.__traceback__)
    frames = [entry.tb_frame for entry in chain if entry.tb_frame.f_code.co_name == "percent_off"]
    return len({id(frame.f_locals["body"]) for frame in frames if is_body(frame.f_locals["body"])})


def held_by_default_arg():
    (known,) = pricing.quote.__defaults__
    return sum(isinstance(value, pricing.Quote) for value in known.values())


def held_by_coroutine():
    """Big strings in the local list of the coroutine that writes the audit trail."""
    pending = audit.writer.get_coro().cr_frame.f_locals["pending"]
    return sum(isinstance(text, str) and len(text) > 3000 for text in pending)


def held_by_linked_list():
    """Events counted by walking forward; walking backward must find the same ones."""
    forward, event = [], history.events.first
    while event is not None:
        forward.append(id(event))
        event = event["next"]
    backward, event = [], history.events.last
    while event is not None:
        backward.append(id(event))
        event = event["previous"]
    assert forward == backward[::-1], "the list is not the same in both directions"
    return len(forward)


def held_by_error_log():
    """Kept errors whose frames hold both a body and an open database handle."""
    kept = 0
    for _, _, (_, _, entry) in errors.log:
        frames = {found.tb_frame.f_code.co_name: found.tb_frame for found in traceback_chain(entry)}
        handle = frames["take"].f_locals["handle"]
        assert isinstance(handle, database.DatabaseHandle)
        assert (handle.connection is None) == (database.sqlite3 is None)
        kept += is_body(frames["reserve"].f_locals["body"])
    return kept


def held_by_bounded_cache():
    return len(sessions.cache.entries) if sessions.cache else 0


def held_by_warm_up():
    return len(catalogue.products)


CHAINS = {
    "exception": held_by_exception,
    "default-arg": held_by_default_arg,
    "coroutine": held_by_coroutine,
    "linked-list": held_by_linked_list,
    "error-log": held_by_error_log,
    "bounded-cache": held_by_bounded_cache,
    "warm-up": held_by_warm_up,
}


def look():
    gc.collect()
    return {
        "held": {name: count() for name, count in CHAINS.items()},
        "tracked": len(gc.get_objects()),
        "traced": tracemalloc.get_traced_memory()[0],
    }


async def send(port, first, count):
    """Sends orders number first ... first + count - 1, one after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(first, first + count):
        await load.exchange(reader, writer, "probe", load.order(number, 4096))
    writer.close()
    while server.connections:  # until the service has seen the end of it
        await asyncio.sleep(0.01)


async def port_of(service):
    while not server.listening:
        await asyncio.sleep(0.01)
        if service.done():
            service.result()
    return server.listening[0].getsockname()[1]


async def probe(requests):
    stop = asyncio.Event()
    service = asyncio.ensure_future(server.serve("127.0.0.1", 0, stop))
    port = await port_of(service)
    # A first round that is not counted: what the interpreter and the service keep once.
    await send(port, 0, 400)
    while settings.leaking("warm-up") and not catalogue.loader.done():
        await asyncio.sleep(0.05)
    looks = [look()]
    for turn in range(ROUNDS):
        await send(port, 1000 + turn * requests, requests)
        looks.append(look())
    stop.set()
    await service
    return looks


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("switches", type=leaky_service.leak_names)
    parser.add_argument("requests", type=int)
    options = parser.parse_args()
    settings.leaks.update(options.switches)
    settings.warm_up_seconds = 0.5
    settings.cache_size = 300
    tracemalloc.start()
    looks = asyncio.run(probe(options.requests))
    print(json.dumps({"python": sys.version.split()[0], "looks": looks}))


if __name__ == "__main__":
    main()
