# SPDX-License-Identifier: Apache-2.0
"""On a terminal of 80 columns nothing wraps, and no name can do anything to it."""

import fcntl
import os
import pty
import re
import struct
import termios
import unicodedata

import pytest

from support.processes import ANSWER_LOOP
from support.program import REPOSITORY

LEAKS = REPOSITORY / "tests" / "leaks"

CODE = (
    r"""
import sys, threading, time

def new(name):
    return type(name, (), {})

Evil = new('Evil\x1b[31mRed\x07\n\rline"quote\\\'')
Csi = new('Csi\x9b2J\x85')
Turned = new('Turned\u202egnp.exe\u2066\u200b')
Wide = new('\u732b' * 60)
Long = new('Long' + 'o' * 500)
a_rather_long_name_of_an_attribute = type("Holder", (), {})()
a_rather_long_name_of_an_attribute.another_quite_long_name_to_follow = {
    'key\x1b[2J\n\u202e\x9b': [Evil()],
    'k' * 3000: [Csi()],
    b'\xff\x1b': [Turned(), Wide(), Long()],
    '\udcff': [Evil()],
}
setattr(sys.modules['__main__'], 'glo\x1bbal\x9b', [Csi()])
leak = {}
def grow():
    for number in range(10**6):
        holder = Evil()
        holder.__dict__['attri\x1b\x9bbute'] = [Turned()]
        leak[('\x1b[31m', number)] = holder
        time.sleep(0.002)
threading.Thread(target=grow, daemon=True).start()
"""
    + ANSWER_LOOP
)


@pytest.fixture(scope="module")
def target(python):
    with python.start(CODE) as target:
        yield target


def on_a_terminal(path, *arguments):
    """What the program shows on a terminal of 80 columns, without its colours."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(path, [str(path), *map(str, arguments)])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) in (0, 3)
    text = shown.decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[012]m|\r\x1b\[K[^\n\r]*(?=\r\x1b\[K)|\r\x1b\[K", "", text)


def assert_harmless(text):
    controls = {letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf", "Cs")}
    assert controls <= {"\n"}


def assert_fits(text):
    assert_harmless(text)
    for line in text.splitlines():
        columns = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)
        assert columns <= 80, line


@pytest.mark.parametrize("by", ["type", "module", "size"])
def test_tables_fit_whatever_types_are_called(plumb, target, by):
    text = on_a_terminal(plumb.path, "heap", target.pid, "--top", 0, "--by", by)
    assert_fits(text)
    assert by != "type" or all(word in text for word in ("...", "\u732b", "gnp.exe"))


def test_the_account_fits(plumb, target):
    assert_fits(on_a_terminal(plumb.path, "rss", target.pid))


def test_paths_fit_whatever_is_on_them(plumb, target):
    rows = plumb("heap", target.pid, "--json", code=0).json["rows"]
    names = [row["type"] for row in rows if row["type"].startswith("__main__.")]
    assert len(names) >= 6
    for name in names:
        text = on_a_terminal(plumb.path, "why", target.pid, name, "--top", 0)
        # The selector is the user's own word, and may be long.
        assert_fits("\n".join(text.splitlines()[1:]))
        assert_harmless(text)


def test_the_verdict_fits(plumb, target):
    text = on_a_terminal(plumb.path, target.pid, "--for", "2s", "--looks", 4)
    assert text.startswith("Python objects pile up: ")
    assert_fits(text)


def test_the_verdict_on_many_leaks_fits(plumb, pythons):
    with pythons[-1].start(LEAKS / "leaking.py") as leaking:
        text = on_a_terminal(plumb.path, leaking.pid, "--for", "3s", "--looks", 4)
    assert_fits(text)


def test_documents_and_pictures_are_harmless_too(plumb, target, tmp_path):
    result = plumb("heap", target.pid, "--json", code=0)
    assert_harmless(result.stdout)
    names = [row["type"] for row in result.json["rows"]]
    evil = next(name for name in names if "Evil" in name)
    assert "\x1b[31m" in evil and "\n" in evil
    result = plumb("why", target.pid, evil, "--json", "--dot", tmp_path / "why.dot", code=0)
    assert_harmless(result.stdout)
    assert result.json["objects"] > 0
    assert_harmless((tmp_path / "why.dot").read_text().replace("\t", ""))


def test_complaints_are_harmless_too(plumb, target):
    result = plumb("why", target.pid, "Evil", code=3)
    assert "did you mean __main__.Evil?[31mRed" in result.stderr
    assert_harmless(result.stderr)
    assert result.stderr.count("\n") == 1
