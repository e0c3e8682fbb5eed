# SPDX-License-Identifier: Apache-2.0
"""What every benchmark here needs: to run a program to its end, whatever happens, and to know what
it took; an interpreter with the tools that plumb is measured against; how busy the machine is."""

import collections
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

LIMIT_SECONDS = 900  # for any one measurement


class BenchError(Exception):
    """A measurement, or what it needs, did not work."""


def progress(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def run_quietly(command):
    """Runs a command to its end and returns what it said.  If it fails, or we are told to stop, it
    ends with all that it started: venv and pip start others, that would write on."""
    try:
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise BenchError(str(error)) from None
    try:
        output, _ = child.communicate(timeout=LIMIT_SECONDS)
    except BaseException as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchError(str(error)) from None
        raise
    if child.returncode != 0:
        raise BenchError("%s: %s" % (os.path.basename(command[0]), last_line(output)))
    return output


def real_interpreter(python):
    """The interpreter itself, where `python` is a shim that chooses one."""
    return last_line(run_quietly([python, "-c", "import sys; print(sys.executable)"]))


def make_environment(python, folder, packages):
    """A virtual environment with the other tools; returns its interpreter."""
    progress("making a virtual environment with %s" % ", ".join(packages))
    run_quietly([python, "-m", "venv", folder])
    inside = os.path.join(folder, "bin", "python")
    run_quietly([inside, "-m", "pip", "install", "--quiet", *packages])
    return inside


def package_versions(python, packages):
    code = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    )
    return json.loads(run_quietly([python, "-c", code, *packages]))


# What one run of a program took.  The peak is of this child alone, but never less than this
# process's own (some 20 MB), from which it was started.
Run = collections.namedtuple("Run", "seconds cpu_seconds peak")


def timed_run(command):
    """Runs a command to its end: (stdout, Run)."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        try:
            child = subprocess.Popen(command, stdout=output, stderr=errors)
        except OSError as error:
            raise BenchError(str(error)) from None
        usage = wait_for_usage(child)
        seconds = time.perf_counter() - started
        output.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            said = last_line(errors.read().decode(errors="replace"))
            raise BenchError("exit code %d: %s" % (child.returncode, said))
        cpu_seconds = usage.ru_utime + usage.ru_stime
        return output.read().decode(), Run(seconds, cpu_seconds, usage.ru_maxrss * 1024)


def wait_for_usage(child):
    """Waits for a child and returns what it used.  It does not outlive us, nor its time."""
    watchdog = threading.Timer(LIMIT_SECONDS, child.kill)
    watchdog.start()
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        watchdog.cancel()
    child.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    return usage


def busy_seconds():
    """What all processors have worked since the machine started."""
    with open("/proc/stat") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    idle, waiting_for_disks = ticks[3:5]
    return (sum(ticks) - idle - waiting_for_disks) / os.sysconf("SC_CLK_TCK")


def busy_cores():
    """How many others use, over a second: the load knows nothing yet of what has just begun."""
    started, before = time.perf_counter(), busy_seconds()
    time.sleep(1)
    return (busy_seconds() - before) / (time.perf_counter() - started)
