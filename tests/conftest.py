# SPDX-License-Identifier: Apache-2.0
"""What every test of the program stands on.

* `python`: an Interpreter; a test that takes it runs once on each CPython of
  the machine. `@pytest.mark.pythons("3.8", "3.15")` picks minors, and
  `@pytest.mark.packages("numpy")` those that the package is there for.
* `start`: start(python, CODE_OR_PATH, args) -> a running target, ended with
  the test. `python.start(...)` is the same as a context manager.
* `plumb`: plumb("heap", pid, "--json").json
* `newest`: the newest interpreter outside the private roots; `run`: any other command.

PLUMB_PYTHONS="3.8,3.13" restricts the interpreters. PLUMB_REQUIRE_PYTHONS names
those whose absence is a failure (1: every minor plumb supports, or those that
PLUMB_PYTHONS names). PLUMB names the program.
"""

import functools
import os
import signal
import subprocess

import pytest

from support import interpreters, packages, processes
from support.program import Plumb


class Python(interpreters.Interpreter):
    """An interpreter that tests can start programs with."""

    def start(self, program, args=(), **options):
        return processes.start(self, program, args, **options)


@functools.lru_cache(maxsize=None)
def available():
    minors = interpreters.wanted_minors()
    found = [one for one in interpreters.discover() if one.minor in minors]
    return tuple(Python(**vars(one)) for one in found)


def name_each(pythons):
    """The version where that is enough, else with a number: 3.13.5, 3.13.5-2."""
    seen, names = {}, []
    for python in pythons:
        seen[python.name] = count = seen.get(python.name, 0) + 1
        names.append(python.name if count == 1 else f"{python.name}-{count}")
    return names


def newest_of_each_minor(pythons):
    return tuple({python.minor: python for python in pythons}.values())


def pytest_addoption(parser):
    group = parser.getgroup("plumb")
    group.addoption(
        "--one-per-minor", action="store_true", help="only the newest build of each minor"
    )


def pytest_configure(config):
    # A shell that starts something in the background has it ignore SIGINT, and with it all that it
    # starts; tests of what SIGINT does need it as a terminal gives it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line(
        "markers",
        "pythons(*minors, newest=False): run on these minors only, as '3.8'; "
        "newest: on the newest build of each, for tests that watch for seconds",
    )
    config.addinivalue_line(
        "markers", "packages(*names): run on one Python of each minor that has these packages"
    )
    missing = interpreters.missing_minors(available(), interpreters.required_minors())
    if missing:
        raise pytest.UsageError(f"no CPython {', '.join(missing)} on this machine")


def pytest_report_header(config):
    lines = [f"plumb: {Plumb().path}"]
    lines += [f"target {python.describe()}" for python in available()]
    missing = interpreters.missing_minors(available(), interpreters.SUPPORTED_MINORS)
    if missing:
        lines.append(f"not tested: CPython {', '.join(missing)}")
    missing = packages.missing()
    if missing:
        lines.append(f"not tested: packages for {', '.join(missing)} (tools/fetch-packages)")
    return lines


def pytest_generate_tests(metafunc):
    if "python" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("pythons")
    pythons = available()
    if metafunc.config.getoption("--one-per-minor"):
        pythons = newest_of_each_minor(pythons)
    if marker and marker.kwargs.get("newest"):
        pythons = newest_of_each_minor(pythons)
    wanted = metafunc.definition.get_closest_marker("packages")
    if wanted:
        pythons = packages.pythons_with(pythons, wanted.args)
    if marker:
        chosen = interpreters.read_minors(",".join(marker.args))
        pythons = [python for python in pythons if python.minor in chosen]
    metafunc.parametrize("python", pythons, ids=name_each(pythons), scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """All tests of one Python stand together, file by file, so that what a file starts once for
    each Python is started once.

    pytest itself puts together what has the same number among the parameter sets of its own
    function: where there is another parameter, that is no Python's number. What is slow is begun
    first, as are the files that take no Python; single tests without one come last, since they
    may look back at the others.
    """
    place = {python: number for number, python in enumerate(available())}
    files = {}
    for item in items:
        files.setdefault(item.path, len(files))
    with_python = {item.path for item in items if "python" in item.fixturenames}

    def order(item):
        python = item.callspec.params.get("python") if hasattr(item, "callspec") else None
        number = place.get(python, len(place)) if item.path in with_python else -1
        return number, not item.get_closest_marker("slow"), files[item.path]

    items.sort(key=order)


@pytest.fixture(scope="session")
def pythons():
    """All interpreters of the run, oldest first."""
    return available()


@pytest.fixture(scope="session")
def newest(pythons):
    """The newest Python that lives on the machine itself."""
    return [python for python in pythons if not python.is_entered][-1]


@pytest.fixture
def run():
    """run(command): a Popen, ended with the test."""
    started = []

    def start_command(*command, **options):
        started.append(subprocess.Popen(list(map(str, command)), text=True, **options))
        return started[-1]

    yield start_command
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def start():
    """start(python, program, args, ...): a target that ends with the test."""
    targets = []

    def start_target(python, program, args=(), **options):
        targets.append(python.start(program, args, **options))
        return targets[-1]

    yield start_target
    for target in targets:
        target.stop()


@pytest.fixture(scope="session")
def plumb():
    program = Plumb()
    if not os.access(program.path, os.X_OK):
        pytest.fail(f"{program.path} is not built (ninja -C build, or set PLUMB)")
    return program
