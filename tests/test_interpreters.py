# SPDX-License-Identifier: Apache-2.0
"""The ground the other tests stand on: each interpreter is what it says, the
pid is that of the Python process itself, and nothing outlives a test."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import interpreters, processes

pytestmark = pytest.mark.without_plumb

ECHO = "import os, sys\n" + processes.ANSWER_LOOP

WITH_CHILD = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
orphan = subprocess.Popen(
    [sys.executable, "-c", "import os, time; os.fork() and os._exit(0); time.sleep(600)"])
orphan.wait()
""" + processes.ANSWER_LOOP


def wait_until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def processes_in_group(group):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def test_the_interpreter_that_runs_is_the_one_that_was_found(python, start):
    target = start(python, ECHO)
    assert target.ask("sys.version_info[:3]") == str(python.version)
    assert target.ask("' '.join(sys.version.split())") == python.build


def test_the_pid_is_that_of_the_python_process(python, start):
    target = start(python, ECHO)
    link = os.readlink(f"/proc/{target.pid}/exe")
    assert os.path.realpath(link) == os.path.realpath(python.host_executable)
    # Entered by chroot only, so the process agrees about its own number.
    assert target.ask("os.getpid()") == str(target.pid)


def test_arguments_options_environment_and_files_beside_arrive(python, start, tmp_path):
    helper = tmp_path / "helper_beside.py"
    helper.write_text("VALUE = 'seen'\n")
    package = tmp_path / "package_beside"
    package.mkdir()
    (package / "inner.py").write_text("VALUE = 'inside'\n")
    program = tmp_path / "program_of_its_own.py"
    program.write_text("import helper_beside, package_beside.inner, os, sys\n" + ECHO)
    target = start(
        python,
        program,
        ["one", "two"],
        options=["-B"],
        env={"PLUMB_X": "y"},
        beside=[helper, package],
    )
    assert target.ask("sys.argv[1:]") == "['one', 'two']"
    assert target.ask("os.environ['PLUMB_X'], helper_beside.VALUE") == "('y', 'seen')"
    assert target.ask("package_beside.inner.VALUE") == "inside"
    assert target.ask("os.path.basename(__file__)") == "program_of_its_own.py"


def test_stop_leaves_no_process_and_no_file(python):
    with python.start(WITH_CHILD) as target:
        child = int(target.ask("child.pid"))
        group = processes_in_group(target.pid)
        assert len(group) == 3 and child in group
        folder = target.folder
        assert folder.exists()
    # The orphan is no child of ours: it is killed, but we cannot wait for it.
    wait_until(lambda: processes_in_group(target.pid) == [])
    assert not folder.exists()


def test_a_target_that_fails_says_why(pythons):
    python = pythons[-1]
    with pytest.raises(processes.TargetError, match="NameError"):
        python.start("no_such_name\n")
    with pytest.raises(processes.TargetError, match="'something else'"):
        python.start("print('something else', flush=True)\ninput()\n")


def test_a_silent_target_is_given_up_and_killed(pythons):
    with pytest.raises(processes.TargetError, match="in time") as failure:
        pythons[-1].start("import time\ntime.sleep(600)\n", timeout=0.5)
    pid = int(str(failure.value).split()[1])
    assert not Path(f"/proc/{pid}").exists()


def test_stopped_threads_are_seen(pythons, start):
    target = start(pythons[-1], ECHO)
    os.kill(target.pid, signal.SIGSTOP)
    wait_until(lambda: processes.thread_states(target.pid) == {target.pid: "T"})
    os.kill(target.pid, signal.SIGCONT)
    assert target.ask("1 + 1") == "2"


def test_each_build_is_found_once(pythons):
    assert pythons, "no CPython between 3.8 and 3.15 was found"
    builds = [(python.version, python.build, python.abiflags) for python in pythons]
    assert len(set(builds)) == len(builds)
    assert list(pythons) == sorted(pythons, key=lambda one: one.version)


def test_what_is_no_cpython_is_not_taken(tmp_path):
    liar = tmp_path / "python3.12"
    liar.write_text("#!/bin/sh\necho not json\n")
    liar.chmod(0o755)
    pypy = tmp_path / "python3.10"
    pypy.write_text(
        "#!/bin/sh\necho '{\"implementation\": \"PyPy\", \"version\": [3, 10, 1]}'\n"
    )
    pypy.chmod(0o755)
    assert interpreters.probe("", str(liar)) is None
    assert interpreters.probe("", str(pypy)) is None
    assert interpreters.probe("", str(tmp_path / "missing")) is None


def test_minors_are_read_from_text():
    assert interpreters.read_minors("3.8, 3.13") == ((3, 8), (3, 13))
    assert interpreters.read_minors("") == interpreters.SUPPORTED_MINORS
    with pytest.raises(ValueError):
        interpreters.read_minors("3.7")


@pytest.mark.parametrize("required, code", [("0", 0), ("", 0), ("1", 4), ("3.8,3.15", 4)])
def test_a_missing_minor_that_is_required_ends_the_run(tmp_path, required, code):
    empty = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    for name in ("PYENV_ROOT", "PLUMB_ROOTS", "PLUMB_SID_ROOT", "PLUMB_PYTHONS"):
        empty.pop(name, None)
    empty.update(PATH="/nowhere", PLUMB_REQUIRE_PYTHONS=required)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, __file__], env=empty, capture_output=True, check=False)
    assert done.returncode == code


def test_plumb_runs_and_names_itself(plumb):
    result = plumb("--version", code=0)
    assert result.stdout.startswith("plumb ")
    assert result.stderr == ""
