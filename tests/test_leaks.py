# SPDX-License-Identifier: Apache-2.0
"""Leaks as they are met in services: each is a suspect with its type, path and container, once.

One process leaks in all these ways at once (tests/leaks/leaking.py), so it is watched only once on
each Python.  Another (tests/leaks/healthy.py) does all that looks like a leak and is none.
"""

import re
from pathlib import Path

import pytest

LEAKS = Path(__file__).parent / "leaks"

# leak -> pattern of "type, path, container"; of one that grows itself "size of type, path".
ANSWERS = {
    "receivers": r"method, __main__\.order_saved\.receivers\[\*\], list __main__\.order_saved\.receivers",
    "handlers": r"logging\.StreamHandler, .*\['app'\]\.handlers\[\*\], list .*\['app'\]\.handlers",
    "tasks": r"_asyncio\.Task, __main__\.running\.<element>, set __main__\.running",
    "lru_cache": r"tuple, __main__\.Service\.lookup\.<cache>\[\*\], dict __main__\.Service\.lookup\.<cache>",
    "class list": r"__main__\.Plugin, __main__\.Plugin\.instances\[\*\], list __main__\.Plugin\.instances",
    "threads": r"threading\.Thread, threads\[\*\].*, \(roots\) threads\[\*\]",
    "query log": r"dict, (thread \d+ \(MainThread\)|__main__\.connections)\..*\.queries_log\[\*\], list .*\.queries_log",
    "generators": r"generator, __main__\.open_generators\[\*\], list __main__\.open_generators",
    "atexit": r"(function|tuple|cell), .*atexit.*",
    "tokens": r".*Token, __main__\.tokens\[\*\], list __main__\.tokens",
    "list for each user": r"str, __main__\.by_user\[\*\]\[\*\], 40 list __main__\.by_user\[\*\]",
    "errors": r"ValueError, __main__\.errors\[\*\], list __main__\.errors",
    "modules": r"module, sys\.modules\[\*\], \(roots\) sys\.modules\[\*\]",
    "counters": r"collections\.Counter, __main__\.metrics\.counters\[\*\], dict __main__\.metrics\.counters",
    "local of a thread": r"__main__\.Request, thread \d+ \(collector\) > .*: batch\[\*\], list thread \d+ \(collector\) > .*: batch",
    "replaced tuple": r"str, __main__\.seen\[\*\], tuple __main__\.seen",
    "text": r"size of str, __main__\.output",
    "bytearray": r"size of bytearray, __main__\.received",
    "same entries": r"size of list, __main__\.search_path, list __main__\.search_path",
}


def in_words(suspect):
    words = [suspect["type"], suspect["path"]]
    if suspect["growth"] == "size":
        words[0] = "size of " + words[0]
    container = suspect["container"]
    if container:
        assert container["length_last"] > container["length_first"]
        count = container["containers"]
        words.append(
            ("%d " % count if count > 1 else "") + "%(type)s %(path)s" % container
        )
    return ", ".join(words)


def missing(answers):
    return [
        name
        for name, pattern in ANSWERS.items()
        if not any(re.fullmatch(pattern, answer) for answer in answers)
    ]


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15", newest=True)
def test_leaks_as_in_services_are_each_named_once(plumb, python):
    with python.start(LEAKS / "leaking.py") as target:
        # Where other tests take the processor, a leak may rest for a look.
        for _ in range(3):
            document = plumb(target.pid, "--for", "4s", "--looks", 5, "--json", code=0).json
            answers = [in_words(suspect) for suspect in document["suspects"]]
            if not missing(answers):
                break
    assert missing(answers) == [], answers
    for pattern in ANSWERS.values():
        assert len([answer for answer in answers if re.fullmatch(pattern, answer)]) == 1
    # The registry of weak references to the plugins follows them, and is not what holds them.
    assert not [answer for answer in answers if "registry" in answer or "_handlerList" in answer]


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15", newest=True)
def test_what_only_looks_like_a_leak_is_none(plumb, python):
    with python.start(LEAKS / "healthy.py") as target:
        # So many that what goes up and down does not only go up by chance.
        document = plumb(target.pid, "--for", "5s", "--looks", 8, "--json", code=0).json
    assert [in_words(suspect) for suspect in document["suspects"]] == []
    assert document["verdict"] == "none"
