#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends orders to the sample service and counts every request that is not answered as it should be.

    python3 examples/load.py --port 8080 --connections 8 --rate 300 --duration 10

Each connection is kept alive and carries one request at a time.  With `--rate` the requests are
due at fixed moments and a free connection takes the next one that is due; without it, each
connection sends as fast as it gets answers.  A request has failed if the connection broke, if the
reply is not 200 with a whole JSON body that repeats the checksum of what was sent, or if it took
longer than `--timeout`.  After a failure the connection is made anew, so one broken connection is
one failure and not a thousand.

It ends after `--duration`, or on SIGTERM or SIGINT, prints a summary, and exits with 0 if nothing
failed and something was answered, else 1.  It needs the standard library of CPython 3.8 or later.
"""

import argparse
import asyncio
import hashlib
import json
import signal
import sys
import time

RETRY_SECONDS = 0.1
SLOWEST_KEPT = 1000000  # latencies kept for the percentiles; later ones only count for the extremes


class Failure(Exception):
    """A request that was not answered as it should be."""


# A broken connection, a reply that is late, cut off, or not what HTTP and JSON say.
FAILED = (Failure, OSError, asyncio.TimeoutError, EOFError, ValueError, KeyError)


class Tally:
    """What happened so far, over all connections."""

    def __init__(self):
        self.answered = 0
        self.failures = {}
        self.latencies = []
        self.slowest = 0.0
        self.last_answer = None
        self.longest_gap = 0.0

    def success(self, started, now):
        self.answered += 1
        latency = now - started
        self.slowest = max(self.slowest, latency)
        if len(self.latencies) < SLOWEST_KEPT:
            self.latencies.append(latency)
        if self.last_answer is not None:
            self.longest_gap = max(self.longest_gap, now - self.last_answer)
        self.last_answer = now

    def failure(self, error):
        text = str(error) or type(error).__name__
        self.failures[text] = self.failures.get(text, 0) + 1

    def summary(self, seconds):
        ordered = sorted(self.latencies)

        def percentile(share):
            if not ordered:
                return None
            return round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)

        return {
            "answered": self.answered,
            "failed": sum(self.failures.values()),
            "failures": self.failures,
            "seconds": round(seconds, 3),
            "per_second": round(self.answered / seconds, 1) if seconds else 0.0,
            "median_ms": percentile(0.5),
            "p99_ms": percentile(0.99),
            "slowest_ms": round(1000 * self.slowest, 3),
            "longest_gap_ms": round(1000 * self.longest_gap, 3),
        }


class Schedule:
    """Hands out the moments at which requests are due; never more than `limit` of them."""

    def __init__(self, start, rate, end, limit):
        self.start = start
        self.rate = rate
        self.end = end
        self.limit = limit
        self.given = 0

    def next(self):
        """The number of the next request and when to send it, or None when it is over."""
        if self.limit is not None and self.given >= self.limit:
            return None
        number = self.given
        due = self.start + number / self.rate if self.rate else time.monotonic()
        if self.end is not None and max(due, time.monotonic()) >= self.end:
            return None
        self.given += 1
        return number, due


def order(number, size):
    """The body of one order: about `size` bytes, and no two alike."""
    lines = [
        {"item": "item-%d" % ((number * 3 + n) % 20), "count": 1 + number % 5, "cents": 995}
        for n in range(2)
    ]
    start = {"customer": "customer-%d" % number, "voucher": "CODE-%d" % number, "lines": lines}
    text = json.dumps(start)
    filler = ("note %d, " % number) * (size // 8 + 1)
    return json.dumps(dict(start, note=filler[: max(0, size - len(text) - 12)])).encode()


async def exchange(reader, writer, host, body):
    head = (
        "POST /orders HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
        "Content-Length: %d\r\n\r\n" % (host, len(body))
    )
    writer.write(head.encode() + body)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = head[0].split(" ", 1)[-1]
    fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    reply = await reader.readexactly(int(fields["content-length"]))
    if not status.startswith("200"):
        raise Failure("status %s" % status)
    if json.loads(reply.decode()).get("sha256") != hashlib.sha256(body).hexdigest():
        raise Failure("the reply belongs to another request")


async def keep_sending(options, schedule, tally):
    """One connection's worth of requests."""
    reader = writer = None
    try:
        while True:
            turn = schedule.next()
            if turn is None:
                return
            number, due = turn
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            started = time.monotonic()
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection(options.host, options.port)
                body = order(number, options.body_size)
                await asyncio.wait_for(
                    exchange(reader, writer, options.host, body), options.timeout
                )
                tally.success(started, time.monotonic())
            except FAILED as error:
                tally.failure(error)
                if writer is not None:
                    writer.close()
                    reader = writer = None
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        if writer is not None:
            writer.close()


async def run(options):
    """Sends what the options ask for and returns the summary as a dict."""
    tally = Tally()
    start = time.monotonic()
    end = None if options.duration is None else start + options.duration
    schedule = Schedule(start, options.rate, end, options.requests)
    senders = [
        asyncio.ensure_future(keep_sending(options, schedule, tally))
        for _ in range(options.connections)
    ]

    def stop():
        schedule.limit = 0  # what is under way is finished, and nothing more is sent

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.gather(*senders)
    return tally.summary(time.monotonic() - start)


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(description="A load generator for the sample service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=4, metavar="K")
    parser.add_argument(
        "--rate", type=float, default=0.0, metavar="N", help="requests a second (default: no limit)"
    )
    parser.add_argument(
        "--duration", type=float, metavar="SECONDS", help="default: until it is told to stop"
    )
    parser.add_argument(
        "--requests", type=int, metavar="COUNT", help="stop after so many requests"
    )
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--body-size", type=int, default=4096, metavar="BYTES")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    result = asyncio.run(run(options))
    if options.json:
        print(json.dumps(result))
    else:
        print(
            "{answered} answered, {failed} failed in {seconds} s ({per_second}/s); "
            "median {median_ms} ms, 99% under {p99_ms} ms, slowest {slowest_ms} ms".format(**result)
        )
        for text, count in sorted(result["failures"].items()):
            print("  %6d x %s" % (count, text))
    return 0 if result["answered"] and not result["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
