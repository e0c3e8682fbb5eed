# SPDX-License-Identifier: Apache-2.0
"""Finds the CPythons of this machine that plumb has to understand.

An interpreter counts only once it has been run and has said what it is; what a
file is called proves nothing. Looked at are python3.8 to python3.15 on PATH,
the folders of pyenv, and the private roots of tools/fetch-sid-python, whose
programs are entered by chroot because they need the libc they came with.

The same build found by two ways is one interpreter.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUPPORTED_MINORS = tuple((3, minor) for minor in range(8, 16))

PROBE = """
import json, platform, sys, sysconfig
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": list(sys.version_info[:3]),
    "build": sys.version,
    "abiflags": sys.abiflags,
    "debug": bool(sysconfig.get_config_var("Py_DEBUG")),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "executable": sys.executable,
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """One CPython: what it is, where it is, and how to start it."""

    version: tuple
    build: str  # sys.version, one line
    abiflags: str
    executable: str  # as seen inside `root`
    root: str = ""  # "" is the machine itself
    debug: bool = False
    free_threaded: bool = False

    @property
    def minor(self):
        return self.version[:2]

    @property
    def name(self):
        return ".".join(map(str, self.version)) + self.abiflags

    @property
    def is_entered(self):
        """It lives in a root of its own, not in the machine's file system."""
        return bool(self.root)

    @property
    def host_executable(self):
        return self.root + self.executable

    def command(self, *arguments):
        """The argv that starts it. Every step replaces the one before (exec),
        so the process that is started is the Python process itself."""
        return [*enter(self.root), self.executable, *map(str, arguments)]

    def describe(self):
        how = f"chroot {self.root}" if self.root else "direct"
        return f"{self.name:8} {self.executable} ({how})"


def enter(root):
    """What goes before a command that runs inside `root`."""
    if not root:
        return []
    if os.geteuid() == 0:
        return ["chroot", root]
    # A user namespace gives an ordinary user the right to chroot, and no more.
    return ["unshare", "--map-root-user", "chroot", root]


def roots_folder():
    """Where tools/fetch-sid-python puts its roots."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("PLUMB_ROOTS") or Path(cache) / "plumb" / "roots")


def private_roots():
    roots = set(roots_folder().glob("*/.plumb-root"))
    sid = os.environ.get("PLUMB_SID_ROOT")
    if sid:
        roots.add(Path(sid) / ".plumb-root")
    return sorted(stamp.parent.resolve() for stamp in roots if stamp.exists())


def candidates():
    """(root, executable) of everything worth a try, best known place first."""
    pyenvs = [os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")]
    for pyenv in filter(None, pyenvs):
        for path in sorted(Path(pyenv).glob("versions/3.*/bin/python3")):
            yield "", str(path)
    for _, minor in SUPPORTED_MINORS:
        for folder in os.get_exec_path():
            path = Path(folder) / f"python3.{minor}"
            if path.exists() and folder != os.path.join(pyenvs[0] or pyenvs[1], "shims"):
                yield "", str(path)
    for root in private_roots():
        for path in sorted(root.glob("usr/bin/python3.*")):
            if path.suffix[1:].isdigit():
                yield str(root), "/" + str(path.relative_to(root))


def probe(root, executable):
    """Runs it and returns the Interpreter, or None for what is none of ours."""
    command = [*enter(root), executable, "-I", "-c", PROBE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        said = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    version = tuple(said["version"])
    if said["implementation"] != "CPython" or version[:2] not in SUPPORTED_MINORS:
        return None
    return Interpreter(
        version=version,
        build=" ".join(said["build"].split()),
        abiflags=said["abiflags"],
        executable=said["executable"] or executable,
        root=root,
        debug=said["debug"],
        free_threaded=said["free_threaded"],
    )


def discover():
    """All interpreters, oldest first, each build once."""
    found = {}
    for root, executable in candidates():
        interpreter = probe(root, executable)
        if interpreter:
            key = (interpreter.version, interpreter.build, interpreter.abiflags)
            found.setdefault(key, interpreter)
    return sorted(found.values(), key=lambda one: (one.version, one.build))


def read_minors(text):
    """ "3.8, 3.13" -> ((3, 8), (3, 13)); nothing -> all that are supported."""
    words = text.replace(",", " ").split()
    if not words:
        return SUPPORTED_MINORS
    minors = tuple(tuple(int(part) for part in word.split(".")) for word in words)
    unknown = set(minors) - set(SUPPORTED_MINORS)
    if unknown:
        raise ValueError(f"{text}: plumb supports no such CPython: {sorted(unknown)}")
    return minors


def wanted_minors():
    """What PLUMB_PYTHONS="3.8,3.13" names."""
    return read_minors(os.environ.get("PLUMB_PYTHONS", ""))


def required_minors():
    """What has to be there: PLUMB_REQUIRE_PYTHONS names it; 1 is all wanted."""
    text = os.environ.get("PLUMB_REQUIRE_PYTHONS", "")
    if text in ("", "0"):
        return ()
    return wanted_minors() if text == "1" else read_minors(text)


def missing_minors(interpreters, minors):
    have = {interpreter.minor for interpreter in interpreters}
    return [f"{major}.{minor}" for major, minor in minors if (major, minor) not in have]
