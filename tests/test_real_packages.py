# SPDX-License-Identifier: Apache-2.0
"""`plumb leaks` on programs that use what services use: no false alarm, and what is lost in them
on purpose is found as anywhere.

What these packages really lose is named below with the reason. It was held against valgrind's
memcheck with PYTHONMALLOC=malloc, which reports the same: the definite blocks of malloc, and of
lost objects at least as many as plumb does.
"""

from pathlib import Path

import pytest

from support import packages
from support.processes import ANSWER_LOOP

PROGRAMS = Path(__file__).parent / "real"

# {program: {minor: {(type, cause) or (size class, kind): how many at most}}}
#
# Cython before 3.0 made the code objects and some tuples of a module for variables that
# nothing reads. The C compiler leaves such variables out, and the references are lost.
KNOWN = {
    "with_numpy": {(3, 8): {("code", "refcount"): 11, ("tuple", "refcount"): 22}},
    # TextReader takes a reference to the name of how errors are handled, for the address of its
    # text, and has no place that remembers it (pandas/_libs/parsers.pyx, encoding_errors).
    "with_pandas": {
        (3, 8): {
            ("code", "refcount"): 349,
            ("tuple", "refcount"): 578,
            ("bytes", "refcount"): 1,
        }
    },
    # PyO3 hands the members of a class to PyType_FromSpec in an array that it leaks, and CPython
    # copies them (PyTypeBuilder::push_raw_vec_slot).
    "with_pydantic": {
        (3, 8): {(88, "definite"): 2},
        (3, 11): {(88, "definite"): 3},
        (3, 15): {(88, "definite"): 3},
    },
}


def lost(document):
    """{(type, cause) or (size class, kind): how many} of what no collection brings back."""
    found = {
        (row["type"], row["cause"]): row["objects"]
        for row in document["islands"]
        if row["cause"] in ("refcount", "cycle-without-gc")
    }
    for row in document["native"]:
        if row["kind"] == "definite":
            found[row["size_class"], row["kind"]] = row["blocks"]
    return found


def assert_no_false_alarm(plumb, python, program, pid):
    found = lost(plumb("leaks", pid, "--json", code=0).json)
    # 3.8 never gives back the reference to _warnings that it has from its start
    # (_PyWarnings_Init in Python/pylifecycle.c).
    known = {("module", "refcount"): 7} if python.minor == (3, 8) else {}
    known.update(KNOWN.get(program, {}).get(python.minor, {}))
    assert {what: count for what, count in found.items() if count > known.get(what, 0)} == {}


def start_program(python, name, lose="", beside=()):
    code = (PROGRAMS / f"{name}.py").read_text() + lose + ANSWER_LOOP
    return python.start(code, env=packages.environment(python), beside=beside)


@pytest.mark.packages("numpy")
def test_numpy_has_lost_nothing(python, plumb):
    with start_program(python, "with_numpy") as target:
        target.wait_for_rest()
        assert_no_false_alarm(plumb, python, "with_numpy", target.pid)


@pytest.mark.packages("pandas")
def test_pandas_has_lost_nothing(python, plumb):
    with start_program(python, "with_pandas") as target:
        target.wait_for_rest()
        assert_no_false_alarm(plumb, python, "with_pandas", target.pid)


@pytest.mark.packages("pydantic")
def test_pydantic_has_lost_nothing(python, plumb):
    with start_program(python, "with_pydantic") as target:
        target.wait_for_rest()
        assert_no_false_alarm(plumb, python, "with_pydantic", target.pid)


@pytest.mark.packages("Django")
def test_a_django_service_has_lost_nothing(python, plumb):
    with start_program(python, "with_django") as target:
        target.wait_for_rest()
        assert_no_false_alarm(plumb, python, "with_django", target.pid)


@pytest.mark.packages("greenlet")
def test_greenlets_have_lost_nothing(python, plumb):
    with start_program(python, "with_greenlets") as target:
        target.wait_for_rest()
        assert_no_false_alarm(plumb, python, "with_greenlets", target.pid)


@pytest.mark.pythons(newest=True)
def test_the_whole_library_has_lost_nothing(python, plumb):
    program = (PROGRAMS / "whole_library.py").read_text() + ANSWER_LOOP
    with python.start(program) as target:
        assert int(target.ask("loaded")) > 400
        target.wait_for_rest()
        assert_no_false_alarm(plumb, python, "whole_library", target.pid)
