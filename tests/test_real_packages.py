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


@pytest.mark.slow
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


@pytest.mark.slow
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


LOSE_ARRAYS = """
import ctypes

forget = ctypes.pythonapi.Py_IncRef
forget.argtypes = [ctypes.py_object]
forget.restype = None

def lose():
    for _ in range(1000):
        forget(numpy.arange(500.0))

lose()
"""


@pytest.mark.packages("numpy")
def test_an_array_that_is_lost_has_its_numbers(python, plumb):
    with start_program(python, "with_numpy", LOSE_ARRAYS) as target:
        target.wait_for_rest()
        document = plumb("leaks", target.pid, "--json", code=0).json
    (row,) = [row for row in document["islands"] if row["type"] == "numpy.ndarray"]
    assert row["cause"] == "refcount" and 900 < row["objects"] <= 1000
    # An address left somewhere holds an array, or the numbers of one, that nobody uses any more.
    assert row["bytes"] > 0.9 * row["objects"] * 500 * 8


LOSE_CYCLES = """
def lose():
    for _ in range(1000):
        own = numpy.empty(1, object)
        own[0] = own

lose()
"""


@pytest.mark.packages("numpy")
def test_an_array_that_holds_itself_is_never_collected(python, plumb):
    with start_program(python, "with_numpy", LOSE_CYCLES) as target:
        target.wait_for_rest()
        found = lost(plumb("leaks", target.pid, "--json", code=0).json)
    assert 900 < found["numpy.ndarray", "cycle-without-gc"] <= 1000


LOSE_VIEWS = """
class Own(numpy.ndarray):
    pass

def lose():
    for _ in range(1000):
        own = numpy.empty(3).view(Own)
        own.me = own.view()

lose()
"""


@pytest.mark.packages("numpy")
def test_a_subclass_of_an_array_with_a_view_of_itself_is_never_collected(python, plumb):
    # The collector tracks an instance, but numpy shows it not what the view holds.
    with start_program(python, "with_numpy", LOSE_VIEWS) as target:
        target.wait_for_rest()
        document = plumb("leaks", target.pid, "--json", code=0).json
    (row,) = [row for row in document["islands"] if row["type"] == "__main__.Own"]
    assert row["cause"] == "cycle-without-gc" and 900 < row["islands"] <= 1000
    assert row["objects"] >= 3 * row["islands"]  # an array, its dict, and the view


LOSSY = """
import gc
import lossy

def lose():
    for _ in range(1000):
        lossy.forget(lossy.Record([]))
    for _ in range(1000):
        link = lossy.Link()
        link.other = link

kept = [lossy.Link() for _ in range(100)]
kept += [lossy.Record(one) for one in kept]
lose()
gc.collect()
gc.disable()
for _ in range(500):
    record = lossy.Record(None)
    record.value = record
"""


@pytest.mark.slow
@pytest.mark.pythons("3.8", "3.11", "3.13")
@pytest.mark.packages("Cython")
def test_classes_of_cython(python, plumb, tmp_path):
    built = packages.build_cython(python, "lossy", tmp_path)
    with python.start(LOSSY + ANSWER_LOOP, beside=[built]) as target:
        target.wait_for_rest()
        document = plumb("leaks", target.pid, "--json", code=0).json
    found = {
        (row["type"], row["cause"]): row["islands"]
        for row in document["islands"]
        if row["type"].startswith("lossy.")
    }
    expected = {
        ("lossy.Record", "refcount"): 1000,
        ("lossy.Link", "cycle-without-gc"): 1000,
        ("lossy.Record", "awaiting-collection"): 499,  # one is held
    }
    assert set(found) == set(expected)
    for what, count in expected.items():
        assert 0.9 * count < found[what] <= count, found


@pytest.mark.slow
@pytest.mark.pythons(newest=True)
def test_the_whole_library_has_lost_nothing(python, plumb):
    program = (PROGRAMS / "whole_library.py").read_text() + ANSWER_LOOP
    with python.start(program) as target:
        assert int(target.ask("loaded")) > 400
        target.wait_for_rest()
        assert_no_false_alarm(plumb, python, "whole_library", target.pid)
