# SPDX-License-Identifier: Apache-2.0
"""Builds the heap that the benchmark measures on, then does as it is told, a line at a time.

usage: heap.py OBJECTS

The heap is that of a shop that keeps everything in one dict: `orders`, with one entry for every 60
objects.  Behind an entry stand

    20 the garbage collector knows   10 instances of five classes, 6 lists, 3 tuples, 1 dict
    40 it does not                   20 ints, 10 floats, 10 strings

and all are made anew, none is shared or cached (3.15 caches ints up to 1024), so 15,000,000 objects
are 250,000 entries and 5,000,000 tracked ones, about 930 MiB on CPython 3.11.  (Before 3.11 each
instance has a dict of its own, which is not in these figures.)  Nothing is random: two heaps of one
size are the same.

When it is built, one line of JSON says what it is.  Then each line on stdin is a command, answered
by one line of JSON; bench/run sends them:

    reset           forget the longest gap
    gap             the longest time that a thread of this process did not get to run
    fork            how long this process takes to fork itself
    run NAME        run one of the measurements of `RIVALS` here and time it
"""

import ctypes
import gc
import io
import json
import os
import statistics
import sys
import threading
import time

PER_ENTRY = 60
TRACKED_PER_ENTRY = 20
PR_SET_PTRACER = 0x59616D61  # linux/prctl.h
TICK_SECONDS = 0.001
FORKS = 5


class Line:
    def __init__(self, item, cents, weight):
        self.item = item
        self.cents = cents
        self.weight = weight


class Address:
    def __init__(self, street, code):
        self.street = street
        self.code = code


class Customer:
    def __init__(self, name, address, visits, rating):
        self.name = name
        self.address = address
        self.visits = visits
        self.rating = rating


class Invoice:
    def __init__(self, key, sums, number):
        self.key = key
        self.sums = sums
        self.number = number


class Order:
    def __init__(self, number, lines, customer, invoice, n):
        self.number = number
        self.lines = lines
        self.customer = customer
        self.weight = n * 0.75 + 0.125
        self.note = "note on order %d" % n
        self.history = [n * 3 + 2000, n * 3 + 2001, n * 3 + 2002, n * 3 + 2003]
        self.tags = ["tag-%d" % n]
        self.parts = [lines[4], lines[5]]
        self.first = (lines[0], n * 5 + 3000)
        self.last = (lines[3], n * 5 + 3001)
        self.options = {"invoice": invoice, "points": n * 19 + 10000}


def make_order(n):
    lines = [
        Line("item-%d-%d" % (n, k), n * 8 + k + 10000, n * 1.5 + k + 0.25) for k in range(6)
    ]
    address = Address("%d High Street" % n, n + 100000)
    visits = [n * 7 + 10000, n * 7 + 10001]
    customer = Customer("customer %d" % n, address, visits, n * 0.25 + 0.5)
    sums = [n * 3.5 + 0.1, n * 3.5 + 0.2]
    invoice = Invoice((customer, n * 11 + 10000), sums, n * 13 + 10000)
    return Order(n * 17 + 10000, lines, customer, invoice, n)


def build(entries):
    gc.disable()  # its work grows with the heap; what it would do is done once at the end
    built = {n + 1000000: make_order(n) for n in range(entries)}
    gc.enable()
    gc.collect()
    return built


orders = {}


class Ticker:
    """Notes the longest time between two turns of its thread: how long the process stood still."""

    def __init__(self):
        self.longest = 0.0

    def start(self):
        self.is_wanted = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def stop(self):
        self.is_wanted = False
        self.thread.join()

    def run(self):
        last = time.perf_counter()
        while self.is_wanted:
            time.sleep(TICK_SECONDS)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last)
            last = now


def status_bytes(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise KeyError(field)


def reset_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # proc(5): resets the peak resident size


# The rivals.  What is imported is imported before the clock starts.


def prepare_objgraph_growth():
    import objgraph

    return lambda: objgraph.show_growth(limit=10, file=io.StringIO())


def prepare_objgraph_types():
    import objgraph

    return lambda: objgraph.most_common_types(limit=10)


def prepare_objgraph_path():
    import objgraph

    one = some_customer()
    return lambda: check_path(objgraph.find_backref_chain(one, objgraph.is_proper_module))


def check_path(chain):
    assert len(chain) > 1, "found no chain"


def prepare_guppy_heap():
    import guppy

    heapy = guppy.hpy()
    return lambda: str(heapy.heap())


def prepare_guppy_path():
    import guppy

    heapy = guppy.hpy()
    one = some_customer()
    return lambda: str(heapy.iso(one).sp)


def prepare_pympler():
    from pympler import muppy, summary

    return lambda: summary.summarize(muppy.get_objects())


RIVALS = {
    "objgraph-growth": prepare_objgraph_growth,
    "objgraph-types": prepare_objgraph_types,
    "objgraph-path": prepare_objgraph_path,
    "guppy-heap": prepare_guppy_heap,
    "guppy-path": prepare_guppy_path,
    "pympler-summary": prepare_pympler,
}


def some_customer():
    return orders[1000000 + len(orders) // 2].customer


def run_rival(name, ticker):
    work = RIVALS[name]()
    reset_peak()
    before = status_bytes("VmRSS")
    ticker.longest = 0.0
    started, cpu_started = time.perf_counter(), time.process_time()
    work()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    time.sleep(20 * TICK_SECONDS)  # the ticker has its turn
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "gap_ms": 1000 * ticker.longest,
        "added_bytes": max(0, status_bytes("VmHWM") - before),
    }


def fork_once():
    """Milliseconds in which the kernel copies the page tables of this process.

    No other thread may want the interpreter then: the child would give it away before it exits,
    and wait forever for a thread that it does not have.
    """
    fork = ctypes.PyDLL(None).fork  # with the GIL held, and without os.fork()'s handlers
    started = time.perf_counter()
    child = fork()
    if child == 0:
        os._exit(0)
    seconds = time.perf_counter() - started
    os.waitpid(child, 0)
    return 1000 * seconds


def answer(command, ticker):
    word, _, name = command.partition(" ")
    if word == "reset":
        ticker.longest = 0.0
        return {}
    if word == "gap":
        return {"gap_ms": 1000 * ticker.longest}
    if word == "fork":
        ticker.stop()
        median = statistics.median(fork_once() for _ in range(FORKS))
        ticker.start()
        return {"fork_ms": median}
    if word == "run":
        return run_rival(name, ticker)
    raise ValueError("unknown command %r" % command)


def describe(entries, seconds):
    return {
        "python": sys.version.split()[0],
        "objects": entries * PER_ENTRY,
        "tracked": len(gc.get_objects()),
        "resident": status_bytes("VmRSS"),
        "build_seconds": seconds,
        "customer": "0x%x" % id(some_customer()),
    }


def say(document):
    print(json.dumps(document), flush=True)


def main():
    # plumb is a sibling of this process; where Yama lets only ancestors look, let anybody.
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
    entries = max(1, round(int(sys.argv[1]) / PER_ENTRY))
    started = time.perf_counter()
    orders.update(build(entries))
    ticker = Ticker()
    ticker.start()
    say(describe(entries, time.perf_counter() - started))
    for line in sys.stdin:
        try:
            say(answer(line.strip(), ticker))
        except Exception as error:  # whatever a rival throws is its result
            say({"error": "%s: %s" % (type(error).__name__, error)})


if __name__ == "__main__":
    main()
