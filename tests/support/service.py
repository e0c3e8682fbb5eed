# SPDX-License-Identifier: Apache-2.0
"""Starts the sample service of `examples/` under any interpreter, with a load on it or without.

    with service.start(python, "exception", "--threads", 20) as shop:
        shop.pid, shop.port
        with shop.load("--connections", 8) as load:
            ...
        load.summary["failed"]

The service and its load end with the `with`, whatever happens in it.  `start` takes the switches
separated by commas ("none" for a healthy service); what follows is passed on as it is.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support import processes

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"


def place(interpreter, *paths):
    """A new folder that the interpreter can see, with copies of `paths` in it.  Returns the folder
    and what the interpreter calls it."""
    parent = Path(interpreter.root) / "tmp" if interpreter.root else None
    folder = Path(tempfile.mkdtemp(prefix="plumb-service-", dir=parent))
    folder.chmod(0o755)
    ignore = shutil.ignore_patterns("__pycache__")
    for path in paths:
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=ignore)
        else:
            shutil.copy(path, folder)
    seen_as = "/" + str(folder.relative_to(interpreter.root or "/"))
    return folder, seen_as


def environment():
    chosen = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("PYTHONHOME", "PYTHONPATH", "PYENV_VERSION"):
        chosen.pop(name, None)
    return chosen


class Load:
    """examples/load.py at work; `summary` is there after the `with`."""

    def __init__(self, port, arguments):
        self.summary = None
        self.process = subprocess.Popen(
            [sys.executable, EXAMPLES / "load.py", "--json", "--port", str(port)]
            + [str(argument) for argument in arguments],
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait(self):
        """Waits until it ends by itself, as `--requests` or `--duration` say."""
        output, _ = self.process.communicate(timeout=120)
        self.summary = json.loads(output)
        return self.summary

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.summary is not None:
            return
        if kind is None:
            self.process.terminate()
            self.wait()
        else:
            self.process.kill()
            self.process.communicate()


class Service(processes.Target):
    """The sample service.  `port` is where it listens."""

    def __init__(self, interpreter, switches, arguments):
        folder, seen_as = place(interpreter, EXAMPLES)
        program = f"{seen_as}/examples/leaky_service.py"
        try:
            command = interpreter.command(program, "--leak", switches, *arguments)
            super().__init__(command, environment(), folder, timeout=60)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        try:
            word, _, port = self.read_line().partition(" ")
            if word != "ready":
                raise processes.TargetError(f"the service said {word!r}, not 'ready'")
            self.port = int(port)
        except BaseException:
            self.stop()
            raise

    def load(self, *arguments):
        return Load(self.port, arguments)

    def resident_kib(self):
        fields = Path(f"/proc/{self.pid}/status").read_text().split()
        return int(fields[fields.index("VmRSS:") + 1])


def start(interpreter, switches, *arguments):
    return Service(interpreter, switches, arguments)
