# SPDX-License-Identifier: Apache-2.0
"""Runs build/plumb and returns what it said."""

import json
import os
import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


# What tools/run-tests has the sanitizers exit with; no command of plumb does.
SANITIZER_EXIT_CODE = 99


@dataclass(frozen=True)
class Result:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        """The document on stdout; what `--json` promises is exactly one."""
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"no JSON document ({error}):\n{self}") from None

    def __str__(self):
        return f"exit code {self.code}\nstdout:\n{self.stdout}\nstderr:\n{self.stderr}"


class Plumb:
    """The program under test: build/plumb, or what PLUMB names."""

    def __init__(self):
        self.path = Path(os.environ.get("PLUMB") or REPOSITORY / "build" / "plumb").resolve()

    def __call__(self, *arguments, timeout=120, env=None, code=None):
        """Runs it to its end. With `code`, that has to be the exit code."""
        done = subprocess.run(
            [self.path, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **(env or {})},
            check=False,
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        # Whatever a test expects, it is not a crash.
        assert result.code >= 0 and result.code != SANITIZER_EXIT_CODE, str(result)
        if code is not None:
            assert result.code == code, str(result)
        return result

    def end_at_some_moment(self, arguments, number, takes, look):
        """Runs it again and again, each time ended by a signal, and looks what is left. `takes` is
        how many seconds it took undisturbed. At least one was ended before it was done."""
        ended = tries = 0
        while tries < 12 or (not ended and tries < 100):
            with self.popen(
                *arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                time.sleep(random.uniform(0, takes))
                process.send_signal(number)
            tries += 1
            if process.returncode == -number:
                ended += 1
            else:
                takes *= 0.8  # it was measured on a busier machine
            look()
        assert ended

    def popen(self, *arguments, **options):
        """Starts it and returns the Popen; whoever calls ends it."""
        return subprocess.Popen([self.path, *map(str, arguments)], **options)
