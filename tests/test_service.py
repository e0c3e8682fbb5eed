# SPDX-License-Identifier: Apache-2.0
"""The sample service leaks as each of its modules says, and only then.

What plumb answers about the service is compared with what the service is said to do; here it is
made sure that it really does so, seen from inside (service_probe.py).  The figures are counts of
objects per request, not times, so they are exact.
"""

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from support import processes, service

pytestmark = pytest.mark.without_plumb

REQUESTS = 200
PROBE = service.PROJECT / "tests" / "service_probe.py"

# What each switch keeps for one request: (objects by its chain, least bytes).  Of the orders that
# the load sends every second one asks for an item that is out of stock.
LEAKS = {
    "exception": (1, 4096),
    "default-arg": (1, 150),
    "coroutine": (1, 4096),
    "linked-list": (3, 500),
    "error-log": (0.5, 2048),
}
HEALTHY = {"none": {}, "bounded-cache": {"bounded-cache": 300}, "warm-up": {"warm-up": 30000}}


# The probe takes seconds each time; the ends of the range and the big changes between them will do.
probed = pytest.mark.pythons("3.8", "3.11", "3.13", "3.15", newest=True)


def probe(python, switches):
    folder, seen_as = service.place(python, service.EXAMPLES)
    try:
        (folder / "tests").mkdir()
        shutil.copy(PROBE, folder / "tests")
        command = python.command(f"{seen_as}/tests/{PROBE.name}", switches, REQUESTS)
        result = subprocess.run(
            command, env=service.environment(), capture_output=True, text=True, timeout=120
        )
    finally:
        shutil.rmtree(folder)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)["looks"]


def differences(looks, value):
    values = [value(look) for look in looks]
    return [after - before for before, after in zip(values, values[1:])]


@probed
@pytest.mark.parametrize("switch", LEAKS)
def test_each_leak_keeps_every_request_by_the_chain_it_names(python, switch):
    per_request, least_bytes = LEAKS[switch]
    looks = probe(python, switch)
    held = differences(looks, lambda look: look["held"][switch])
    assert held == [REQUESTS * per_request] * 3
    for growth in differences(looks, lambda look: look["traced"]):
        assert growth > REQUESTS * least_bytes
    for other in set(LEAKS) - {switch}:
        assert differences(looks, lambda look: look["held"][other]) == [0, 0, 0]


@probed
@pytest.mark.parametrize("switch", HEALTHY)
def test_a_healthy_service_does_not_grow_after_its_warm_up(python, switch):
    looks = probe(python, switch)
    for name, length in HEALTHY[switch].items():
        assert [look["held"][name] for look in looks] == [length] * 4
    for name in looks[0]["held"]:
        assert differences(looks, lambda look: look["held"][name]) == [0, 0, 0]
    # The probe itself keeps a look or two; 200 requests must not leave even a fifth of one each.
    objects = differences(looks[1:], lambda look: look["tracked"])
    assert all(abs(growth) <= 10 for growth in objects)
    assert all(growth < 8000 for growth in differences(looks[1:], lambda look: look["traced"]))


@probed
def test_several_leaks_at_once_all_leak(python):
    looks = probe(python, ",".join(LEAKS))
    for switch, (per_request, _) in LEAKS.items():
        held = differences(looks, lambda look: look["held"][switch])
        assert held == [REQUESTS * per_request] * 3


def test_a_leaking_service_answers_every_request_and_ends_cleanly(python):
    with service.start(python, ",".join(LEAKS), "--threads", 20) as shop:
        assert len(processes.thread_states(shop.pid)) == 21
        before = shop.resident_kib()
        with shop.load("--connections", 8, "--requests", 2000) as load:
            summary = load.wait()
        assert (summary["answered"], summary["failed"]) == (2000, 0)
        # A body of 4 KiB is kept by the tracebacks, and once more as text by the coroutine.
        assert shop.resident_kib() - before > 2000 * 2 * 4
        shop.process.send_signal(signal.SIGTERM)
        assert shop.process.wait(timeout=30) == 0
        assert shop.stderr() == ""


def test_it_ends_cleanly_under_load(python):
    with service.start(python, "none") as shop, shop.load("--rate", 400) as load:
        asked = 0  # by ourselves: /health counts as served too
        while served(shop.port) - asked < 50:
            asked += 1
            time.sleep(0.02)
        shop.process.send_signal(signal.SIGTERM)
        assert shop.process.wait(timeout=30) == 0
        assert shop.stderr() == ""
    assert load.summary["answered"] >= 40


def served(port):
    reply = exchange(port, b"GET /health HTTP/1.1\r\n\r\n")
    return json.loads(reply.partition(b"\r\n\r\n")[2])["served"]


def exchange(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        reply = b""
        while True:
            chunk = client.recv(65536)
            if not chunk:
                return reply
            reply += chunk


@pytest.mark.parametrize(
    "request_bytes, status",
    [
        (b"GET /health HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /nothing HTTP/1.1\r\n\r\n", b"404"),
        (b"no request\r\n\r\n", b"400"),
        (b"POST /orders HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /orders HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"422"),
        (b"POST /orders HTTP/1.1\r\nContent-Length: 2\r\n\r\n\xff\xff", b"422"),
    ],
)
def test_odd_requests_get_a_reply_and_not_a_traceback(pythons, request_bytes, status):
    for python in (pythons[0], pythons[-1]):
        with service.start(python, "none") as shop:
            assert exchange(shop.port, request_bytes).split(b" ")[1] == status
            shop.process.send_signal(signal.SIGTERM)
            assert shop.process.wait(timeout=30) == 0
            assert shop.stderr() == ""


def answer_badly(listener):
    """A server that breaks every second connection and answers nonsense to the others."""
    for number in range(1000):
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            client.recv(65536)
            if number % 2:
                head = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"
                client.sendall(head + b'{"sha256": "0"}')


def test_the_load_counts_what_fails():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer_badly, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        with service.Load(port, ["--connections", 1, "--requests", 4, "--body-size", 100]) as load:
            summary = load.wait()
        assert load.process.returncode == 1
        listener.shutdown(socket.SHUT_RDWR)
    assert (summary["answered"], summary["failed"]) == (0, 4)
    assert summary["failures"]["the reply belongs to another request"] == 2


def test_the_load_counts_a_refused_connection():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with service.Load(port, ["--connections", 1, "--requests", 1]) as load:
        assert load.wait()["failed"] == 1


def test_orders_are_of_the_size_asked_for_and_no_two_are_alike():
    sys.path.insert(0, str(service.EXAMPLES))
    try:
        import load
    finally:
        sys.path.pop(0)
    bodies = [load.order(number, 4096) for number in range(50)]
    assert len(set(bodies)) == 50
    assert all(4000 <= len(body) <= 4200 for body in bodies)
    schedule = load.Schedule(0.0, 10.0, None, 3)
    assert [schedule.next() for _ in range(4)] == [(0, 0.0), (1, 0.1), (2, 0.2), None]
