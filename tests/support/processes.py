# SPDX-License-Identifier: Apache-2.0
"""Starts target programs, talks to them, and leaves none behind.

A target prints the line `ready` when there is something to look at, then
answers one line for each line it is asked:

    with python.start(CODE) as target:
        target.pid                      # of the Python process itself
        target.ask("len(everything)")   # -> "12"

What the code does with a line is its own business; `ANSWER_LOOP` is a ready
made end for programs that evaluate what they are asked.
"""

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# Evaluates each line in the program's globals and prints the result.
ANSWER_LOOP = """
import sys as _sys
print("ready", flush=True)
for _line in _sys.stdin:
    print(eval(_line), flush=True)
"""

# How /proc/PID/syscall begins when the main thread is in read(0, ...), on x86-64.
READS_STDIN = "0 0x0 "


class TargetError(AssertionError):
    """A target did not do what the test needs; says what it wrote to stderr."""


def files_of_threads(pid, name):
    """What /proc says of each thread of a process, by its id; nothing of those that have ended."""
    texts = {}
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return texts
    for thread in threads:
        try:
            texts[int(thread)] = Path(f"/proc/{pid}/task/{thread}/{name}").read_text()
        except OSError:
            continue
    return texts


def children_of(pid):
    """All descendants of a process, nearest first."""
    found, todo = [], [pid]
    while todo:
        for text in files_of_threads(todo.pop(), "children").values():
            pids = [int(word) for word in text.split()]
            found += pids
            todo += pids
    return found


def thread_states(pid):
    """The state letter of each thread: 'S', 'R', 't' when traced and stopped."""
    stats = files_of_threads(pid, "stat")
    return {thread: text.rpartition(")")[2].split()[0] for thread, text in stats.items()}


class Target:
    """A running program. `pid` is the pid this machine knows it by."""

    def __init__(self, command, environment, folder, timeout):
        self.folder = folder
        self.timeout = timeout
        self._buffer = b""
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.process.stdout, selectors.EVENT_READ)

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process.poll() is None

    def stderr(self):
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def read_line(self, timeout=None):
        """The next line of its stdout, without the newline."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                raise TargetError(f"target {self.pid} said nothing in time\n{self.stderr()}")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                code = self.process.wait()
                raise TargetError(f"target {self.pid} ended (code {code})\n{self.stderr()}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    def wait_ready(self):
        line = self.read_line()
        if line != "ready":
            raise TargetError(f"target {self.pid} said {line!r}, not 'ready'\n{self.stderr()}")

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, line, timeout=None):
        """Sends one line and returns the line that comes back."""
        self.tell(line)
        return self.read_line(timeout)

    def wait_for_rest(self):
        """Until it blocks in reading its next line: what it does after an answer is done."""
        deadline = time.monotonic() + self.timeout
        while not Path(f"/proc/{self.pid}/syscall").read_text().startswith(READS_STDIN):
            if time.monotonic() > deadline:
                raise TargetError(f"target {self.pid} does not come to rest\n{self.stderr()}")
            time.sleep(0.005)

    def stop(self):
        """Kills it and all that it started. May be called twice."""
        for pid in [*children_of(self.pid), self.pid] if self.is_running else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        try:
            # What outlived its parent is still in the session's group.
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._selector.close()
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            try:
                stream.close()
            except BrokenPipeError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def place_program(interpreter, program, beside):
    """Puts the program where the interpreter can see it; returns the host's
    folder and the program's path as the interpreter sees it."""
    parent = Path(interpreter.root or tempfile.gettempdir())
    if interpreter.root:
        parent = parent / "tmp"
    folder = Path(tempfile.mkdtemp(prefix="plumb-test-", dir=parent))
    folder.chmod(0o755)
    if isinstance(program, Path):
        path = folder / program.name
        shutil.copy(program, path)
    else:
        path = folder / "target.py"
        path.write_text(program)
    for extra in map(Path, beside):
        copy = shutil.copytree if extra.is_dir() else shutil.copy
        copy(extra, folder / extra.name)
    return folder, "/" + str(path.relative_to(interpreter.root or "/"))


def start(interpreter, program, args=(), *, env=None, options=(), beside=(), timeout=60):
    """Starts `program` (text, or the Path of a file) and waits for `ready`.

    `options` go before the program (-X ..., -S), `beside` are further files or
    folders it imports, `env` is added to the environment. Programs of an own root are
    copied into it.
    """
    folder, path = place_program(interpreter, program, beside)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    for name in ("PYTHONHOME", "PYTHONPATH", "PYENV_VERSION"):
        if name not in (env or {}):
            environment.pop(name, None)
    try:
        target = Target(
            interpreter.command(*options, path, *args), environment, folder, timeout
        )
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        target.wait_ready()
    except BaseException:
        target.stop()
        raise
    return target
