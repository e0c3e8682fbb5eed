# SPDX-License-Identifier: Apache-2.0
"""What the command line chose.  Every module asks `leaking("its name")`."""

SWITCHES = (
    "exception",
    "default-arg",
    "coroutine",
    "linked-list",
    "error-log",
    "bounded-cache",
    "warm-up",
)

leaks = set()
threads = 0
warm_up_seconds = 6.0
cache_size = 5000


def leaking(name):
    return name in leaks
