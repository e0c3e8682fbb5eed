# SPDX-License-Identifier: Apache-2.0
"""Threads that stand still, each blocked in another way with locals on its stack.

A thread says that it is about to block by appending to `arrived`; nothing wakes it any more.
"""
import asyncio
import concurrent.futures
import contextvars
import os
import queue
import select
import socket
import threading
import time

from zoo import feature, fresh, text

arrived = []


def forever():
    """Block for good, with the GIL released."""
    gate = threading.Lock()
    gate.acquire()
    arrived.append(threading.get_ident())
    gate.acquire()


def start(keep, name, function, *arguments):
    before = len(arrived)
    thread = threading.Thread(target=function, args=arguments, name=name, daemon=True)
    thread.start()
    keep["thread." + name] = thread
    limit = time.monotonic() + 10
    while len(arrived) == before and time.monotonic() < limit:
        time.sleep(0.001)


def simple(argument):
    local, number, string = fresh("local"), 10 ** 25, text("local")
    deleted = fresh("deleted")
    del deleted
    forever()
    return never_set  # noqa: F821 - a local that is unbound


def deep(count, argument):
    local = fresh("level %d" % count)
    if count:
        deep(count - 1, local)
    forever()


def with_cells(argument, captured_argument):
    cell = fresh("cell")

    def inner():
        inner_local = fresh("inner local")
        forever()
        return cell, captured_argument, unset

    inner()
    unset = 1


def handling_exception(depth=3):
    try:
        raise ValueError(fresh("handled"))
    except ValueError:
        if depth:
            handling_exception(depth - 1)
        forever()


def finishing():
    try:
        raise KeyError(fresh("propagating"))
    finally:
        forever()


def inside_generator():
    def generator():
        local = fresh("running generator local")
        forever()
        yield local

    for _ in generator():
        pass


def inside_delegation():
    def inner():
        local = fresh("inner")
        yield 1
        forever()
        yield local

    def outer():
        local = fresh("outer")
        yield from inner()

    for _ in outer():
        pass


def inside_c_call():
    """Python called from C: sorted() calls the key function."""
    def key(value):
        local = fresh("key local")
        if value == 2:
            forever()
        return value

    sorted([fresh and 1, 2, 3], key=key)


def inside_comprehension():
    outer = fresh("outer")
    return [(forever(), item, outer) for item in [fresh("item")]]


def inside_class_body():
    class Body:
        attribute = fresh("class body local")
        forever()


def inside_exec():
    namespace = {"forever": forever, "value": fresh("global of exec")}
    exec("local = [value]\nforever()\n", namespace, {"separate": fresh("local of exec")})


class Warm:
    """Specialised calls: __init__, properties and __getitem__ inlined after some warm-up."""

    def __init__(self, block):
        self.attribute = fresh("attribute")
        if block == "init":
            forever()

    @property
    def prop(self):
        local = fresh("property local")
        if self.block == "property":
            forever()
        return local

    def __getitem__(self, key):
        local = fresh("item local")
        if key == "block":
            forever()
        return local


def inside_init():
    for index in range(200):
        Warm("init" if index == 199 else "go")


def inside_property():
    warm = Warm("go")
    for index in range(200):
        warm.block = "property" if index == 199 else "go"
        warm.prop


def inside_subscript():
    warm = Warm("go")
    for index in range(200):
        warm["block" if index == 199 else "go"]


def inside_call_with_stars(*rest, **options):
    def receiving(first, *others, option, **more):
        local = fresh("local")
        forever()

    receiving(*[fresh("a"), fresh("b")], option=fresh("option"), extra=fresh("extra"))


def in_operands():
    """Blocked in the middle of an expression, operands on the value stack."""
    return [fresh("operand"), fresh("operand"), (fresh("operand"), forever())]


local_data = threading.local()


class LocalSubclass(threading.local):
    def __init__(self, *arguments):
        self.started = fresh("in __init__ of a local")


local_subclass = LocalSubclass(fresh("argument"))
variable = contextvars.ContextVar("of_thread")


def with_thread_local():
    local_data.value = fresh("thread local value")
    local_data.other = [text("other")]
    local_subclass.attribute = fresh("subclass attribute")
    variable.set(fresh("context value"))
    forever()


def in_event_loop():
    async def sleeper(depth):
        local = fresh("task local")
        if depth:
            return await sleeper(depth - 1)
        await asyncio.get_running_loop().create_future()

    async def main():
        children = [asyncio.ensure_future(sleeper(depth)) for depth in range(4)]
        await asyncio.sleep(0)
        arrived.append(1)
        await asyncio.gather(*children)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())


def in_coroutine_step():
    """A task that is executing, and blocks inside it."""
    async def inner():
        local = fresh("running coroutine local")
        forever()

    async def main():
        await inner()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())


@feature
def blocked_threads(keep):
    for function in (inside_generator, inside_delegation, inside_c_call, inside_comprehension, inside_class_body,
                     inside_exec, inside_init, inside_property, inside_subscript, inside_call_with_stars,
                     in_operands, finishing, handling_exception, with_thread_local, in_event_loop, in_coroutine_step):
        start(keep, function.__name__, function)
    start(keep, "simple", simple, fresh("argument"))
    start(keep, "deep", deep, 150, fresh("argument"))
    start(keep, "with_cells", with_cells, fresh("argument"), fresh("captured argument"))
    local_data.value = fresh("thread local value of main")
    keep["thread.local"] = [local_data, local_subclass, threading.local()]


@feature
def waiting_threads(keep):
    def run(wait):
        local = fresh("local")
        arrived.append(1)
        wait()

    left, right = socket.socketpair()
    poll = select.epoll()
    poll.register(right.fileno(), select.EPOLLIN)
    reader, writer = os.pipe()
    kept = {"queue": queue.Queue(), "simple": queue.SimpleQueue(), "event": threading.Event(),
            "condition": threading.Condition(), "semaphore": threading.Semaphore(0), "barrier": threading.Barrier(3),
            "sockets": (left, right), "poll": poll, "pipe": (reader, writer)}

    def in_condition():
        with kept["condition"]:
            kept["condition"].wait()

    waits = {"queue": kept["queue"].get, "simple_queue": kept["simple"].get, "event": kept["event"].wait,
             "condition": in_condition, "semaphore": kept["semaphore"].acquire, "barrier": kept["barrier"].wait,
             "recv": lambda: left.recv(10), "epoll": poll.poll, "select": lambda: select.select([reader], [], []),
             "read": lambda: os.read(reader, 10)}
    keep["thread.waiting"] = kept
    for name, wait in waits.items():
        start(keep, "wait_" + name, run, wait)


@feature
def finished_threads(keep):
    thread = threading.Thread(target=print, args=(), kwargs={"end": ""})
    keep["thread.unstarted"] = threading.Thread(target=print, args=(fresh("argument"),))
    thread.start()
    thread.join()
    keep["thread.finished"] = thread
    keep["thread.timer"] = threading.Timer(1e6, print)


@feature
def locks(keep):
    held, recursive = threading.Lock(), threading.RLock()
    held.acquire()
    recursive.acquire()
    recursive.acquire()
    keep["lock"] = [held, threading.Lock(), recursive, threading.RLock(), threading.Condition(threading.Lock()),
                    threading.Event(), threading.BoundedSemaphore(3), threading.Barrier(2, action=print)]
    simple_queue = queue.SimpleQueue()
    for index in range(10):
        simple_queue.put(fresh("queued"))
    simple_queue.get()
    filled = queue.Queue()
    filled.put(fresh("queued"))
    priority = queue.PriorityQueue()
    priority.put((1, text("queued")))
    keep["queue"] = [simple_queue, queue.SimpleQueue(), filled, priority]


@feature
def executors(keep):
    pool = concurrent.futures.ThreadPoolExecutor(2)
    done = pool.submit(fresh, "result")
    done.result()
    stuck = pool.submit(forever)
    waiting = [pool.submit(fresh, "never") for _ in range(0)]
    failed = pool.submit(int, "not a number")
    failed.exception()
    keep["executor"] = [pool, done, stuck, waiting, failed, concurrent.futures.Future()]
    time.sleep(0.05)
