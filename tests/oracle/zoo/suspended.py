# SPDX-License-Identifier: Apache-2.0
"""Generators, coroutines, asynchronous generators, asyncio, context variables."""
import asyncio
import contextlib
import contextvars
import types

from zoo import feature, fresh, text


def plain(argument):
    local = fresh("local")
    unset_at_first = None
    for item in [fresh("a"), fresh("b")]:
        unset_at_first = yield item
    return local


def delegating(argument):
    local = fresh("outer local")
    result = yield from plain(argument)
    return result


def handling():
    local = fresh("local")
    try:
        raise ValueError(fresh("handled"))
    except ValueError as error:
        yield error
        yield local


def closing_over():
    captured = fresh("captured")

    def inner():
        return captured, rest

    rest = 1
    yield inner
    yield inner


def stepped(generator, steps):
    for _ in range(steps):
        try:
            next(generator)
        except StopIteration:
            break
    return generator


@feature
def generators(keep):
    for name, function in (("plain", plain), ("delegating", delegating)):
        keep["generator.%s" % name] = [stepped(function(fresh("argument")), steps) for steps in (0, 1, 2, 9)]
    keep["generator.handling"] = [stepped(handling(), 1), stepped(handling(), 2)]
    keep["generator.closure"] = [stepped(closing_over(), steps) for steps in (0, 1, 3)]
    keep["generator.expression"] = [stepped((item for item in [fresh("a"), fresh("b")]), steps) for steps in (0, 1, 5)]
    closed = stepped(plain(fresh("argument")), 1)
    closed.close()
    keep["generator.closed"] = closed
    seen = stepped(plain(fresh("argument")), 1)
    keep["generator.frame_seen"] = [seen, seen.gi_frame]
    unstarted = plain(fresh("argument"))
    keep["generator.frame_seen_unstarted"] = [unstarted, unstarted.gi_frame]
    looked = stepped(delegating(fresh("argument")), 1)
    keep["generator.locals_seen"] = [looked, looked.gi_frame.f_locals]
    throw = stepped(plain(1), 1)
    try:
        throw.throw(KeyError(fresh("thrown")))
    except KeyError as error:
        keep["generator.thrown"] = [throw, error]
    deep = plain(fresh("innermost"))
    for _ in range(30):
        deep = wrap(deep)
    keep["generator.deep"] = stepped(deep, 1)
    renamed = plain(1)
    renamed.__name__ = text("renamed")
    keep["generator.renamed"] = renamed
    stack = stepped((left for left in [1, 2] for right in [fresh("r")]), 1)
    keep["generator.nested_loops"] = stack
    keep["generator.in_call"] = stepped(in_the_middle(), 1)


def in_the_middle():
    """Suspended with operands on its value stack."""
    return [fresh("first"), fresh("second"), (yield fresh("third")), fresh("fourth")]


def wrap(inner):
    local = fresh("wrapped")
    yield from inner


@types.coroutine
def suspend(value):
    return (yield value)


async def waiting(argument):
    local = fresh("local")
    await suspend(fresh("suspended"))
    return local


async def nested(argument):
    async with Manager() as entered:
        return await waiting(argument)


class Manager:
    async def __aenter__(self):
        return fresh("entered")

    async def __aexit__(self, *details):
        return None


async def producing(argument):
    local = fresh("local")
    yield fresh("produced")
    await suspend(fresh("between"))
    yield local


def sent(coroutine, steps):
    for _ in range(steps):
        try:
            coroutine.send(None)
        except StopIteration:
            break
    return coroutine


@feature
def coroutines(keep):
    import warnings
    warnings.simplefilter("ignore", RuntimeWarning)
    for name, function in (("waiting", waiting), ("nested", nested)):
        keep["coroutine." + name] = [sent(function(fresh("argument")), steps) for steps in (0, 1, 2)]
    keep["coroutine.wrapper"] = waiting(1).__await__()
    keep["coroutine.of_generator"] = sent(suspend(fresh("value")), 1)
    cr_frame = sent(waiting(1), 1)
    keep["coroutine.frame_seen"] = [cr_frame, cr_frame.cr_frame, cr_frame.cr_await]


@feature
def coroutine_origins(keep):
    import sys
    sys.set_coroutine_origin_tracking_depth(4)
    keep["coroutine.origin"] = sent(waiting(1), 1)
    sys.set_coroutine_origin_tracking_depth(0)


@feature
def asynchronous_generators(keep):
    fresh_one, begun, midway = producing(1), producing(fresh("argument")), producing(2)
    steps = [begun.asend(None), midway.asend(None)]
    for step in steps:
        try:
            step.send(None)
        except StopIteration:
            pass
    pending = midway.asend(None)
    pending.send(None)
    keep["asyncgen"] = [fresh_one, begun, midway, producing(3)]
    keep["asyncgen.asend"] = [pending, producing(4).asend(fresh("sent")), steps[0]]
    keep["asyncgen.athrow"] = [producing(5).athrow(ValueError), producing(6).aclose()]
    keep["asyncgen.expression"] = (item async for item in producing(7))


@feature
def asynchronous_iterator_builtins(keep):
    keep["anext"] = anext(producing(8), fresh("default"))  # noqa: F821 - 3.10
    keep["anext.awaitable"] = keep["anext"].__await__()


@feature
def context_managers(keep):
    @contextlib.contextmanager
    def managed(value):
        local = fresh("local")
        yield value

    entered = managed(fresh("value"))
    entered.__enter__()
    stack = contextlib.ExitStack()
    stack.enter_context(managed(fresh("in a stack")))
    stack.callback(print, fresh("argument"))
    keep["contextmanager"] = [managed(fresh("not entered")), entered, stack, contextlib.suppress(KeyError),
                              contextlib.nullcontext(fresh("null"))]


@feature
def context_variables(keep):
    variables = [contextvars.ContextVar(text("variable%d" % index)) for index in range(600)]
    variables.append(contextvars.ContextVar("with_default", default=fresh("default")))
    empty, few, many = contextvars.Context(), contextvars.Context(), contextvars.Context()
    tokens = []

    def fill(chosen):
        for variable in chosen:
            tokens.append(variable.set(fresh(variable.name)))
        for variable in chosen[:3]:
            variable.get()

    few.run(fill, variables[:5])
    many.run(fill, variables)

    def reset():
        variables[0].reset(variables[0].set(fresh("reset")))

    few.run(reset)
    keep["contextvar"] = variables
    keep["context"] = [empty, few, many, few.copy(), contextvars.copy_context()]
    keep["context.tokens"] = tokens[:20]
    keep["context.missing"] = contextvars.Token.MISSING
    iterators = [iter(many), iter(many.items()), iter(many.values()), iter(few)]
    for iterator in iterators:
        next(iterator)
    keep["context.iterators"] = iterators
    keep["context.views"] = [many.keys(), few.items(), few.values()]


@feature
def context_of_this_thread(keep):
    keep["context.current"] = variable = contextvars.ContextVar("current")
    keep["context.current.token"] = variable.set(fresh("value in the main thread"))
    variable.get()


@feature
def context_with_collisions(keep):
    """Collision nodes: hashes of context variables are ours to choose only through their name."""
    try:
        from _testinternalcapi import hamt as make
    except ImportError:
        from _testcapi import hamt as make
    hamt = make()

    class Collides:
        def __init__(self, number):
            self.number = number

        def __hash__(self):
            return 42

    for index in range(5):
        hamt = hamt.set(Collides(index), fresh("collides"))
    keep["hamt.collision"] = hamt


def done_callback(future):
    return future


@feature
def futures(keep):
    loop = asyncio.new_event_loop()
    keep["asyncio.loop"] = loop
    pending, callbacks = loop.create_future(), loop.create_future()
    callbacks.add_done_callback(done_callback)
    keep["asyncio.future.pending"] = pending
    keep["asyncio.future.one_callback"] = callbacks
    many = loop.create_future()
    for _ in range(4):
        many.add_done_callback(lambda future: future)
    keep["asyncio.future.callbacks"] = many
    done, failed, cancelled = loop.create_future(), loop.create_future(), loop.create_future()
    done.set_result(fresh("result"))
    failed.set_exception(ValueError(fresh("failed")))
    failed.exception()
    cancelled.cancel()
    keep["asyncio.future.done"] = [done, failed, cancelled]
    debugged = asyncio.new_event_loop()
    debugged.set_debug(True)
    keep["asyncio.future.debug"] = [debugged, debugged.create_future()]
    iterator = iter(loop.create_future())
    keep["asyncio.future.iterator"] = [iterator, next(iterator)]
    attributed = type("SubFuture", (asyncio.Future,), {})(loop=loop)
    attributed.attribute = fresh("attribute")
    keep["asyncio.future.subclass"] = attributed
    keep["asyncio.handle"] = [loop.call_soon(print, fresh("argument")), loop.call_later(1e6, print, fresh("later"))]


async def waits_for(future, argument):
    local = fresh("task local")
    return await future


async def chain(future, depth):
    if depth:
        return await chain(future, depth - 1)
    return await waits_for(future, fresh("innermost"))


async def returns(value):
    return value


async def fails():
    raise ValueError(fresh("failure of a task"))


@feature
def tasks(keep):
    loop = asyncio.new_event_loop()
    future = loop.create_future()

    async def scenario():
        made = [loop.create_task(waits_for(future, fresh("argument"))), loop.create_task(chain(future, 6)),
                loop.create_task(returns(fresh("result"))), loop.create_task(fails()),
                loop.create_task(waits_for(loop.create_future(), 1)), loop.create_task(asyncio.sleep(1e6))]
        for _ in range(3):
            await asyncio.sleep(0)
        made[4].cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        made[3].exception()
        return made

    made = loop.run_until_complete(scenario())
    unstarted = loop.create_task(waits_for(future, fresh("not started")))
    keep["asyncio.tasks"] = [loop, future, made, unstarted]
    inner = loop.create_task(waits_for(future, 2))
    keep["asyncio.gather"] = gathered = asyncio.gather(inner, future, return_exceptions=True) if False else inner
    keep["asyncio.shield"] = [inner, gathered]
    named = loop.create_task(waits_for(future, 3))
    named.set_name(text("named task"))
    keep["asyncio.task.named"] = named


@feature
def asyncio_primitives(keep):
    loop = asyncio.new_event_loop()
    kept = {}

    async def scenario():
        kept["queue"] = asyncio.Queue(maxsize=3)
        kept["lock"], kept["event"] = asyncio.Lock(), asyncio.Event()
        kept["semaphore"], kept["condition"] = asyncio.Semaphore(2), asyncio.Condition()
        await kept["queue"].put(fresh("queued"))
        await kept["lock"].acquire()
        kept["tasks"] = [loop.create_task(kept["lock"].acquire()), loop.create_task(kept["event"].wait()),
                         loop.create_task(kept["queue"].join())]
        kept["gather"] = asyncio.gather(*kept["tasks"], return_exceptions=True)
        kept["shield"] = asyncio.shield(kept["tasks"][1])
        kept["reader"] = asyncio.StreamReader()
        kept["reader"].feed_data(b"some data")
        kept["wait_for"] = loop.create_task(asyncio.wait_for(loop.create_future(), 1e6))
        kept["wait"] = loop.create_task(asyncio.wait(kept["tasks"][:2]))
        for _ in range(4):
            await asyncio.sleep(0)

    loop.run_until_complete(scenario())
    keep["asyncio.primitives"] = [loop, kept]


@feature
def awaited_by_several(keep):
    """3.14 keeps, per task, who waits for it: one waiter, or a set of them."""
    loop = asyncio.new_event_loop()
    kept = []

    async def scenario():
        inner = loop.create_task(waits_for(loop.create_future(), 1))
        kept.extend([inner] + [loop.create_task(waits_for(inner, index)) for index in range(4)])
        lonely = loop.create_task(waits_for(loop.create_future(), 2))
        kept.extend([lonely, loop.create_task(waits_for(lonely, 3))])
        for _ in range(4):
            await asyncio.sleep(0)

    loop.run_until_complete(scenario())
    keep["asyncio.awaited_by"] = [loop, kept]
