#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold plumb's reading of one process against what that process says of itself.

    python3 tests/oracle/compare.py                          every Python of the machine
    python3 tests/oracle/compare.py --python 3.12            the ones of that minor
    python3 tests/oracle/compare.py --python /path/python3   that one
    python3 tests/oracle/compare.py --python 3.12 --type deque --examples 20
    python3 tests/oracle/compare.py --python 3.12 --labels   names, followed by Python itself

Prints a summary, a table of the types that differ, and examples. Exit code 1 if any differ.
"""
import argparse
import collections
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from oracle import comparison, session  # noqa: E402
from support import interpreters  # noqa: E402

TOP = Path(__file__).resolve().parent.parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="columns: " + "; ".join(f"{name}: {text}" for name, text in comparison.COLUMNS))
    parser.add_argument("--python", help="a minor (3.12), a version (3.13.5) or an executable; default: all")
    parser.add_argument("--tool", default=TOP / "build/tests/tools/dump_graph", help="what prints the graph of a pid")
    parser.add_argument("--type", help="only this type: qualname or module.qualname")
    parser.add_argument("--examples", type=int, default=3, help="how many to keep per type and column")
    parser.add_argument("--limit", type=int, default=40, help="rows of the table")
    parser.add_argument("--labels", action="store_true", help="also let Python follow the name of every edge")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="as PYTHONMALLOC=debug")
    parser.add_argument("--option", action="append", default=[], metavar="-X...", help="an option of the interpreter")
    parser.add_argument("--no-imports", action="store_true", help="a small target: without the standard library")
    parser.add_argument("--subinterpreter", action="store_true", help="with a second interpreter (precision not checked)")
    parser.add_argument("--show-truth", type=lambda text: int(text, 0), metavar="ADDRESS", help="print one object of both")
    parser.add_argument("--guessed", action="store_true", help="list the types with conservative references")
    return parser.parse_args()


def chosen(wanted):
    if wanted and "/" in wanted:
        found = interpreters.probe("", wanted)
        if not found:
            sys.exit(f"{wanted}: not a CPython between 3.8 and 3.15")
        return [found]
    found = [one for one in interpreters.discover()
             if not wanted or one.name == wanted or ".".join(map(str, one.minor)) == wanted]
    if not found:
        sys.exit(f"no CPython {wanted or ''} on this machine")
    return found


def compare(python, options):
    program = [name for name, wanted in (("--no-imports", options.no_imports),
                                         ("--subinterpreter", options.subinterpreter)) if wanted]
    environment = dict(pair.split("=", 1) for pair in options.env)
    print(f"== {python.describe()} {' '.join(options.env)}")
    with session.Session(python, program, environment, options.option) as running:
        truth = running.truth()
        graph = running.graph(options.tool)
        result = comparison.Comparison(truth, graph, options.examples, whole=not options.subinterpreter)
        print(result.summary())
        print(result.table(options.type, options.limit))
        for line in result.example_lines(options.type) + result.thread_problems[:options.limit]:
            print(line)
        if options.guessed:
            for name in result.guessed_types():
                print(f"guessed {result.rows[name]['guessed']:>7} {name}")
        if options.show_truth:
            show(options.show_truth, truth, graph, result)
        wrong = labels(running, graph, truth, options) if options.labels else []
    return bool(result.failures() or wrong)


def labels(running, graph, truth, options):
    count, wrong = running.wrong_labels(graph, truth)
    print(f"names      {count:>9} asked, {len(wrong)} not followed to the same object")
    kinds = collections.Counter((truth.type_name(truth.objects[line[1]][0]), line[2], line[0]) for line in wrong)
    for (name, kind, verdict), times in kinds.most_common(options.limit):
        example = next(line for line in wrong if (truth.type_name(truth.objects[line[1]][0]), line[2], line[0])
                       == (name, kind, verdict))
        print(f"{times:>7} {name} {kind}: {verdict}: {example[1]:#x} {example[3]!r} -> {example[4]:#x}")
    return wrong


def show(address, truth, graph, result):
    known = truth.objects.get(address)
    if known:
        kind, tracked, size, count, referents = known
        print(f"truth {address:#x} {truth.type_name(kind)} tracked={tracked} size={size} count={count}")
        for referent in referents:
            print(f"    -> {result.describe(referent)}")
    line = graph.objects.get(address)
    if line:
        print(f"graph {address:#x} {line['type']} tracked={line['tracked']} size={line['size']} count={line['refcount']}")
        for kind, label, to, flags in line["edges"]:
            print(f"    {kind} {label} {flags} -> {result.describe(to)}")


def main():
    options = arguments()
    failed = [compare(python, options) for python in chosen(options.python)]
    return 1 if any(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
