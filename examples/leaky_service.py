#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small order service over HTTP that leaks memory in whichever classic way it is told to.

    python3 examples/leaky_service.py --leak error-log --port 0

It stands in for the service that somebody has to restart every night: an asyncio program with
handlers, background tasks and caches spread over a few modules (the package `shop`), written for
the standard library of CPython 3.8 and later only.  Each switch turns one ordinary piece of it
into its leaking form, and each module says at its head what is wrong with it and by which chain of
names the memory is held:

    exception      shop/vouchers.py   one exception instance, raised again and again
    default-arg    shop/pricing.py    a cache in a default argument
    coroutine      shop/audit.py      a local list of a coroutine that never ends
    linked-list    shop/history.py    an endless doubly linked list of small dicts
    error-log      shop/errors.py     a log that keeps sys.exc_info(), and so frames and locals

and two that look suspicious and are healthy:

    bounded-cache  shop/sessions.py   a full cache that churns at a constant size
    warm-up        shop/catalogue.py  loads for a while after the start, then stays flat

It prints `ready PORT` when it listens, and ends cleanly on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import sys

from shop import settings
from shop.server import serve_until_signalled


def leak_names(text):
    names = {name for name in text.split(",") if name}
    unknown = names.difference(settings.SWITCHES, {"none"})
    if unknown:
        raise argparse.ArgumentTypeError(
            "unknown leak '%s' (there are: %s, none)"
            % (sorted(unknown)[0], ", ".join(settings.SWITCHES))
        )
    return names - {"none"}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description="An HTTP service that leaks on request.",
        epilog="example: leaky_service.py --leak exception --leak linked-list --port 8080",
    )
    parser.add_argument(
        "--leak",
        type=leak_names,
        action="append",
        default=[],
        metavar="NAME[,NAME...]",
        help="what to switch on: %s, or none (default); may be repeated"
        % ", ".join(settings.SWITCHES),
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=int, default=0, help="0 (default) takes a free one"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=0,
        help="check the bodies in so many worker threads (default: in the event loop)",
    )
    parser.add_argument(
        "--warm-up-seconds",
        type=float,
        default=settings.warm_up_seconds,
        help="how long the warm-up loads (default: %(default)s)",
    )
    parser.add_argument(
        "--cache-size",
        type=int,
        default=settings.cache_size,
        help="entries of the bounded cache (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    settings.leaks.update(*options.leak)
    settings.threads = options.threads
    settings.warm_up_seconds = options.warm_up_seconds
    settings.cache_size = options.cache_size
    asyncio.run(serve_until_signalled(options.host, options.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
