# SPDX-License-Identifier: Apache-2.0
"""Leaks as they are met in services, all at once; tests/test_leaks.py says what plumb has to answer.

Each leak is a function that sets it up and returns what one request does.
"""

import asyncio
import atexit
import collections
import contextvars
import functools
import io
import logging
import sys
import threading
import time
import types
import weakref

PERIOD = 0.01


class Request:
    def __init__(self, number):
        self.number = number
        self.body = "body of request %d" % number * 10


class Signal:
    def __init__(self):
        self.receivers = []


class View:
    def __init__(self, number):
        self.page = "page %d" % number * 30

    def on_saved(self, order):
        return self.page


order_saved = Signal()


def receivers_never_disconnected():
    return lambda number: order_saved.receivers.append(View(number).on_saved)


def handler_for_each_request():
    return lambda number: logging.getLogger("app").addHandler(logging.StreamHandler(io.StringIO()))


running = set()


def tasks_that_wait_for_ever():
    async def handle(number):
        request = Request(number)
        await asyncio.Event().wait()
        return request

    async def serve():
        for number in range(10**9):
            running.add(asyncio.ensure_future(handle(number)))
            await asyncio.sleep(PERIOD)

    def run():
        loop = asyncio.new_event_loop()
        loop.run_until_complete(serve())

    threading.Thread(target=run, name="loop", daemon=True).start()


class Service:
    def __init__(self, number):
        self.text = "service %d" % number * 20

    @functools.lru_cache(maxsize=None)
    def lookup(self, key):
        return (self, key)


def cache_on_a_method():
    return lambda number: Service(number).lookup("key %d" % number)


registry = weakref.WeakValueDictionary()


class Plugin:
    instances = []

    def __init__(self, number):
        self.name = "plugin %d" % number
        self.config = {"path": "/plugins/%d" % number * 5}
        Plugin.instances.append(self)
        registry[self.name] = self


def list_on_a_class():
    return Plugin


local = threading.local()


def threads_that_never_end():
    never = threading.Event()

    def work(number):
        local.buffers = [Request(number) for _ in range(5)]
        never.wait()

    threading.stack_size(1 << 18)

    def step(number):
        if number % 8 == 0:
            threading.Thread(target=work, args=(number,), daemon=True).start()

    return step


class Database:
    def __init__(self):
        self.queries_log = []


connections = threading.local()


def query_log():
    connections.default = Database()

    def step(number):
        sql = "SELECT * FROM orders WHERE id = %d" % number
        connections.default.queries_log.append({"sql": sql, "time": "%.6f" % time.time()})

    return step


open_generators = []


def generators_never_finished():
    def rows(number):
        request = Request(number)
        while True:
            yield request

    def step(number):
        generator = rows(number)
        next(generator)
        open_generators.append(generator)

    return step


def callbacks_at_exit():
    def step(number):
        request = Request(number)
        atexit.register(lambda: request)

    return step


tokens = []


def tokens_never_reset():
    variable = contextvars.ContextVar("request")
    return lambda number: tokens.append(variable.set(Request(number)))


by_user = collections.defaultdict(list)


def list_for_each_user():
    for user in range(40):
        by_user["user %d" % user] = ["first visit"]

    def step(number):
        for visit in range(number * 5, number * 5 + 5):
            by_user["user %d" % (visit % 40)].append("visit %d, and what was bought" % visit)

    return step


errors = []


def errors_with_their_tracebacks():
    def handle(number):
        request = Request(number)
        raise ValueError(request.number)

    def step(number):
        try:
            handle(number)
        except ValueError as error:
            errors.append(error)

    return step


def module_for_each_request():
    def step(number):
        module = types.ModuleType("generated_%d" % number)
        exec("def handle(request): return request", module.__dict__)
        sys.modules[module.__name__] = module

    return step


class Metrics:
    def __init__(self):
        self.counters = {}


metrics = Metrics()


def counter_for_each_address():
    def step(number):
        counter = metrics.counters.setdefault(
            ("GET", "/orders/%d" % number), collections.Counter()
        )
        counter["hits"] += 1

    return step


def local_list_of_a_thread():
    def collect():
        batch = []
        for number in range(10**9):
            batch.append(Request(number))
            time.sleep(PERIOD)

    threading.Thread(target=collect, name="collector", daemon=True).start()


seen = ()


def tuple_replaced_by_a_longer_one():
    def step(number):
        global seen
        seen = seen + ("id %d" % number * 20,)

    return step


output = ""


def text_that_is_appended_to():
    def step(number):
        global output
        output += "line %d" % number + "." * 4000

    return step


received = bytearray()


def buffer_never_emptied():
    return lambda number: received.extend(b"." * 5000)


search_path = []


def the_same_entries_again_and_again():
    folders = ["/plugins/%d" % folder for folder in range(10)]
    return lambda number: search_path.extend(folders * 60)


LEAKS = [
    receivers_never_disconnected,
    handler_for_each_request,
    tasks_that_wait_for_ever,
    cache_on_a_method,
    list_on_a_class,
    threads_that_never_end,
    query_log,
    generators_never_finished,
    callbacks_at_exit,
    tokens_never_reset,
    list_for_each_user,
    errors_with_their_tracebacks,
    module_for_each_request,
    counter_for_each_address,
    local_list_of_a_thread,
    tuple_replaced_by_a_longer_one,
    text_that_is_appended_to,
    buffer_never_emptied,
    the_same_entries_again_and_again,
]


def main():
    steps = [step for step in (leak() for leak in LEAKS) if step]
    for number in range(10**9):
        for step in steps:
            step(number)
        if number == 20:
            print("ready", flush=True)
        time.sleep(PERIOD)


main()
