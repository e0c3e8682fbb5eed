# SPDX-License-Identifier: Apache-2.0
"""The target of the oracle tests: a still process that holds one of everything, and can be asked.

    python3 oracle_program.py [--no-imports] [--subinterpreter] [--verbose]

It builds the zoo, prints "ready", and then blocks in one read of its standard input. Commands,
one a line, each answered by one line on standard output, and by "still" when the process is back
in its read (but for a few instructions):

    dump FILE        write the truth (oracle_truth.py) to FILE           -> dumped COUNT
    eval EXPR ID     does EXPR evaluate to the object at address ID?     -> yes | no ADDRESS | error ...
    rehearse         take the steps of a dump without one                -> rehearsed
    labels FILE OUT  resolve [from, kind, label, to] lines of FILE       -> labels COUNT
    quit             end

Every command runs in a forked copy; the process itself only forks and reads again, so that what
was dumped is what an outside reader sees afterwards. Between commands it runs no Python code.
"""
import sys

sys.dont_write_bytecode = True

import ctypes  # noqa: E402
import gc  # noqa: E402
import os  # noqa: E402
import traceback  # noqa: E402

import oracle_eval  # noqa: E402
import oracle_truth  # noqa: E402
import zoo  # noqa: E402

# Looked up now: a lookup of an attribute would show in the counts, see oracle_truth.rehearse().
take, rehearse_look = oracle_truth.take, oracle_truth.rehearse
KEEP = {}
FEATURES = {}
COMMANDS = {}


def command(function):
    COMMANDS[function.__name__] = function
    return function


@command
def dump(objects, argument):
    take(objects, argument, FEATURES)
    return "dumped %d" % len(objects)


@command
def rehearse(objects, argument):
    rehearse_look(objects)
    return "rehearsed"


@command
def labels(objects, argument):
    source, output = argument.split()
    return "labels %d" % oracle_eval.resolve_labels(objects, source, output)


def evaluate(objects, argument):
    expression, address = argument.rsplit(None, 1)
    return oracle_eval.evaluate(expression, int(address, 0))


COMMANDS["eval"] = evaluate


def answer(objects, line):
    word, _, argument = line.decode().strip().partition(" ")
    return COMMANDS[word](objects, argument)


def answer_in_child(objects, line):
    """Runs in the forked copy, which must not survive this call."""
    try:
        reply = answer(objects, line)
    except BaseException as error:  # noqa: B902 - it must not return
        reply = "error %s: %s" % (type(error).__name__, error)
        traceback.print_exc()
    os.write(1, reply.encode() + b"\n")
    os._exit(0)


def serve(fork, read, write, wait, get_objects):
    """Block, fork, block. No object is made between two reads but the line and the child's id."""
    answer([], b"rehearse\n")
    write(1, b"ready\n")
    while True:
        line = read(0, 65536)
        if line[:4] in (b"", b"quit"):
            return
        child = fork()
        if child == 0:
            answer_in_child(get_objects(), line)
        wait(child, 0)
        write(1, b"still\n")


def serve_in_generator(arguments):
    local = zoo.fresh("local of the running generator in the main thread")
    serve(*arguments)
    yield local


def serve_deep(depth, arguments):
    local = zoo.fresh("local of the main thread")
    if depth:
        return serve_deep(depth - 1, arguments)
    for _ in serve_in_generator(arguments):
        pass
    return local


def build_zoo(verbose, imports):
    """In a call of its own, so that no specimen refers to the frames that serve."""
    def report(name, problem):
        FEATURES[name] = problem
        if problem and verbose:
            sys.stderr.write("skipped %s: %s\n" % (name, problem))

    import importlib
    for name in ("instances", "containers", "iterators", "callables", "suspended", "library", "threads"):
        importlib.import_module("zoo." + name)
    if not imports:
        zoo.FEATURES[:] = [function for function in zoo.FEATURES if function.__name__ != "imports"]
    zoo.build(KEEP, report)


def build_subinterpreter():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            module = __import__(name)
            interpreter = module.create()
            run = getattr(module, "run_string", None) or module.exec
            run(interpreter, "kept = {'in': ['a', 'subinterpreter']}\nimport json, re")
            KEEP["subinterpreter"] = interpreter
            return
        except Exception as error:
            FEATURES["subinterpreter"] = "%s: %s" % (type(error).__name__, error)


def settle():
    """Let the collector see everything old, and leave some of every generation young."""
    zoo.fresh("settle")
    for _ in range(3):
        gc.collect()
    KEEP["young.old"] = [{"number": 1}, (1, 2), [zoo.fresh("old")]]
    gc.collect(0)
    KEEP["young.middle"] = [{"number": 1}, (1, 2), [zoo.fresh("middle")]]
    gc.collect(0)
    KEEP["young.new"] = [{"number": 1}, (1, 2), {}, [], [zoo.fresh("new")], zoo.instances.Plain("young")]
    gc.disable()


def main():
    verbose = "--verbose" in sys.argv
    build_zoo(verbose, "--no-imports" not in sys.argv)
    if "--subinterpreter" in sys.argv:
        build_subinterpreter()
    fork = ctypes.PyDLL(None).fork
    arguments = (fork, os.read, os.write, os.waitpid, gc.get_objects)
    built = sorted(name for name, problem in FEATURES.items() if problem is None)
    sys.stderr.write("%s\nbuilt %d of %d features: %s\n" % (sys.version, len(built), len(FEATURES), " ".join(built)))
    skipped = sorted(set(FEATURES) - set(built))
    if skipped:
        sys.stderr.write("skipped: %s\n" % " ".join(skipped))
    del built, skipped
    sys.stderr.flush()
    settle()
    serve_deep(10, arguments)
    os._exit(0)


if __name__ == "__main__":
    main()
