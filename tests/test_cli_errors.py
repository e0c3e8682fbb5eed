# SPDX-License-Identifier: Apache-2.0
"""Wrong usage ends with 2, a target that cannot be read with 3, each with one clear line."""

import os
import signal
import subprocess
import sys
import time

import pytest

from support.processes import ANSWER_LOOP


def the_line(result):
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("plumb: ")
    return lines[0]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "plumb PID"),
        (["frobnicate"], "no command frobnicate"),
        (["heap"], "process id"),
        (["heap", "abc"], "abc: not a process id"),
        (["heap", "0"], "0: not a process id"),
        (["heap", "99999999999999999999"], "not a process id"),
        (["heap", "1", "2"], "process id"),
        (["heap", "1", "--frob"], "no option --frob"),
        (["heap", "1", "--by", "colour"], "--by colour: choose one of type, module, size"),
        (["heap", "1", "--by"], "--by needs a value"),
        (["heap", "1", "--json=yes"], "takes no value"),
        (["heap", "1", "--top", "-3"], "--top -3: not a number"),
        (["heap", "1", "--dot", "x"], "no option --dot"),
        (["heap", "1", "--sort", "x"], "choose one of memory, bytes, objects, name"),
        (["heap", "1", "2", "3", "4"], "process id"),
        (["diff", *map(str, range(1, 18))], "17 is one word too many"),
        (["diff", "1"], "two targets"),
        (["diff", "1", "2", "--by", "size"], "choose one of type, path, container"),
        (["heap", "1", "-x"], "no option -x"),
        (["why", "1"], "a type or an address"),
        (["rss"], "process id"),
        (["rss", "abc"], "abc: not a process id"),
        (["rss", "1", "--by", "size"], "no option --by"),
        (["why", "1", ""], "a type or an address"),
        (["why", "1", "X", "--pause", "stop"], "choose one of fork, copy, none"),
        (["1", "--for", "soon"], "soon: not a duration"),
        (["1", "--for", "-1s"], "not a duration"),
        (["1", "--looks", "2"], "--looks 2: not a number from 3 to 15"),
        (["1", "--frob"], "no option --frob"),
        (["--json"], "plumb PID"),
    ],
)
def test_wrong_usage_is_one_line_and_2(plumb, arguments, words):
    assert words in the_line(plumb(*arguments, code=2))


@pytest.mark.parametrize("arguments", [["heap"], ["why", "{pid}", "dict"], ["verdict"]])
def test_no_such_process_is_one_line_and_3(plumb, arguments):
    child = subprocess.Popen(["true"])
    child.wait()
    if arguments[0] == "why":
        words = ["why", child.pid, "dict"]
    else:
        words = ["heap", child.pid] if arguments[0] == "heap" else [child.pid]
    assert str(child.pid) in the_line(plumb(*words, code=3))
    assert str(child.pid) in the_line(plumb(*words, "--json", code=3))


def test_a_process_that_is_just_ending_is_no_kernel_thread(plumb):
    # It has given back its memory, but is no zombie yet: so much takes a while to free.
    code = "import time; block = bytearray(b'x') * (200 << 20); print(flush=True); time.sleep(60)"
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            child.kill()
            for _ in range(6):
                result = plumb("heap", child.pid)
                if result.code:
                    assert "ended" in the_line(result)


@pytest.mark.skipif(not os.path.exists("/proc/2/status"), reason="no thread of the kernel to see")
def test_a_thread_of_the_kernel_is_told(plumb):
    with open("/proc/2/stat") as stat:
        flags = int(stat.read().rpartition(")")[2].split()[6])
    if not flags & 0x200000:
        pytest.skip("process 2 is an ordinary one here")
    assert the_line(plumb("heap", 2, code=3)) == "plumb: 2 is a thread of the kernel"


def test_a_process_that_is_not_python_is_named(plumb):
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            line = the_line(plumb("heap", child.pid, code=3))
            assert line.startswith(f"plumb: process {child.pid}: it runs ")
            assert "sleep, which is not Python" in line
        finally:
            child.kill()


@pytest.mark.parametrize("arguments", [["--help"], ["heap", "--help"], ["why", "-h"], ["1", "--help"]])
def test_help_has_examples_and_fits_a_terminal(plumb, arguments):
    result = plumb(*arguments, code=0)
    assert "examples:" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stderr == ""


def test_a_full_disk_is_said(plumb, python, start):
    target = start(python, ANSWER_LOOP)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [plumb.path, "heap", str(target.pid)], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 3
    assert done.stderr == "plumb: cannot write to standard output: No space left on device\n"


def test_a_target_that_ends_while_it_is_watched_is_said(plumb, python, start):
    target = start(python, ANSWER_LOOP)
    watching = plumb.popen(
        target.pid, "--for", "20s", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1.5)
    os.kill(target.pid, signal.SIGKILL)
    target.stop()
    stdout, stderr = watching.communicate(timeout=30)
    assert watching.returncode == 3
    assert stdout == ""
    assert stderr.startswith("plumb: after 1 look: ") and stderr.count("\n") == 1


def test_an_interrupt_before_the_third_look_ends_it(plumb, python, start):
    target = start(python, ANSWER_LOOP)
    watching = plumb.popen(
        target.pid, "--for", "60s", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1.5)
    watching.send_signal(signal.SIGINT)
    stdout, stderr = watching.communicate(timeout=30)
    assert (watching.returncode, stdout, stderr) == (130, "", "")
    assert target.ask("1 + 1") == "2"


def test_an_interrupt_after_two_looks_answers_with_what_was_seen(plumb, python, start):
    target = start(python, ANSWER_LOOP)
    watching = plumb.popen(
        target.pid,
        "--for",
        "15s",
        "--looks",
        "15",
        "--json",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(6)
    watching.send_signal(signal.SIGINT)
    stdout, stderr = watching.communicate(timeout=30)
    assert (watching.returncode, stderr) == (0, "")
    assert '"verdict":"none"' in stdout
    assert 3 <= stdout.count('"seconds"') - 1 < 15
