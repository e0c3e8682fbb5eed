# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 over asyncio streams, as little of it as the shop needs.

Connections are kept alive.  On SIGTERM the service stops listening, closes the connections that
wait for a request, lets those that are in the middle of one finish it, and returns.
"""

import asyncio
import concurrent.futures
import json
import os
import signal
import threading

from shop import audit, catalogue, orders, sessions, settings

MAX_BODY = 1 << 20
GRACE_SECONDS = 3.0

connections = {}  # the task of each connection -> its Connection
listening = []  # the sockets, once it listens
served = 0
stopping = False


class BadRequest(Exception):
    """Something that is no HTTP request that we understand."""


class Connection:
    """One client: reads requests and writes replies until either side has enough."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.idle = True

    async def serve(self):
        keep = True
        while keep and not stopping:
            self.idle = True
            head = await self.reader.readuntil(b"\r\n\r\n")
            self.idle = False
            keep = await self.answer(head)

    async def answer(self, head):
        global served
        try:
            method, path, fields = parse_head(head)
            body = await self.reader.readexactly(body_length(fields))
            status, reply = await route(method, path, body)
        except BadRequest as error:
            status, reply, fields = "400 Bad Request", error_reply(error), {"connection": "close"}
        keep = fields.get("connection", "").lower() != "close" and not stopping
        self.writer.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            b"Connection: %s\r\n\r\n%s"
            % (status.encode(), len(reply), b"keep-alive" if keep else b"close", reply)
        )
        await self.writer.drain()
        served += 1
        return keep


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest("not an HTTP/1 request")
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields[name.strip().lower()] = value.strip()
    return words[0], words[1], fields


def body_length(fields):
    text = fields.get("content-length", "0")
    if not text.isdigit() or int(text) > MAX_BODY:
        raise BadRequest("a body of at most %d bytes with its length, please" % MAX_BODY)
    return int(text)


def error_reply(error):
    return json.dumps({"error": str(error)}).encode()


async def route(method, path, body):
    if (method, path) == ("POST", "/orders"):
        try:
            return "200 OK", await orders.place_order(body)
        except ValueError as error:
            return "422 Unprocessable Entity", error_reply(error)
    if (method, path) == ("GET", "/health"):
        return "200 OK", json.dumps(health()).encode()
    return "404 Not Found", error_reply("nothing at %s %s" % (method, path))


def health():
    return {
        "pid": os.getpid(),
        "served": served,
        "connections": len(connections),
        "switched_on": sorted(settings.leaks),
    }


async def handle(reader, writer):
    task = asyncio.current_task()
    connections[task] = connection = Connection(reader, writer)
    try:
        await connection.serve()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass  # the client went away, or never spoke HTTP
    finally:
        del connections[task]
        writer.close()


def start_workers(count):
    """A pool whose threads all exist from the start, so that none appears later."""
    pool = concurrent.futures.ThreadPoolExecutor(count, thread_name_prefix="worker")
    everybody = threading.Barrier(count + 1)
    for _ in range(count):
        pool.submit(everybody.wait)
    everybody.wait()
    return pool


def start_parts():
    audit.start()
    if settings.leaking("bounded-cache"):
        sessions.start()
    if settings.leaking("warm-up"):
        catalogue.start()
    if settings.threads > 0:
        orders.use_workers(start_workers(settings.threads))


async def stop_parts():
    await audit.stop()
    if settings.leaking("warm-up"):
        await catalogue.stop()


async def close_connections():
    for connection in list(connections.values()):
        if connection.idle:
            connection.writer.close()
    if connections:
        _, late = await asyncio.wait(list(connections), timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def serve(host, port, stop):
    """Listens, and serves until `stop` (an asyncio.Event) is set."""
    global stopping
    start_parts()
    server = await asyncio.start_server(handle, host, port, limit=MAX_BODY, backlog=512)
    listening.extend(server.sockets)
    await stop.wait()
    stopping = True
    server.close()
    await close_connections()
    await stop_parts()


async def serve_until_signalled(host, port):
    """What the program does: says where it listens, and serves until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = loop.create_task(serve(host, port, stop))
    while not listening and not service.done():
        await asyncio.sleep(0.01)
    if listening:
        print("ready %d" % listening[0].getsockname()[1], flush=True)
    await service
