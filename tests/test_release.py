# SPDX-License-Identifier: Apache-2.0
"""Whatever plumb stops it releases, however plumb ends.

A service with 20 threads answers requests while pictures of it are taken, and
whoever takes them is killed at random moments: by SIGKILL, by SIGINT as Ctrl-C
sends it (to the whole process group), and by SIGKILL to the group.
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from support import pictures
from support.program import Plumb

THREADS = 20
# What is killed, how often, and up to how many seconds after its start.
KILLS = {"fork": (300, 0.03), "copy": (100, 0.03), "heap": (100, 0.4)}
SEED = 20240229

SERVICE = f"""
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
kept = [[i, str(i)] for i in range(200000)]

def serve():
    while True:
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(100)
            junk = [bytes(i) for i in range(300)]
            connection.sendall(b"answer to " + request + b" of %d" % len(junk))

for _ in range({THREADS}):
    threading.Thread(target=serve, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    print(listener.getsockname()[1], flush=True)
"""

LOAD = """
import select, socket, sys, threading
port, counts, failures, running = int(sys.argv[1]), [0] * 4, [], True

def ask(worker):
    while running:
        request = b"%d-%d" % (worker, counts[worker])
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                connection.sendall(request)
                answer = b""
                while chunk := connection.recv(100):
                    answer += chunk
            if answer != b"answer to " + request + b" of 300":
                failures.append(repr(answer))
        except Exception as error:
            failures.append(repr(error))
        counts[worker] += 1

workers = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
for worker in workers:
    worker.start()
for line in sys.stdin:
    print(sum(counts), len(failures), failures[:3], flush=True)
running = False
for worker in workers:
    worker.join()
print(sum(counts), len(failures), failures[:3], flush=True)
"""


class Load:
    """Asks the service all the time, from a process of its own."""

    def __init__(self, port):
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOAD, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answered(self):
        """How many requests were made so far; none of them failed."""
        print(file=self.process.stdin, flush=True)
        return self._read()

    def finish(self):
        self.process.stdin.close()
        return self._read()

    def _read(self):
        count, failed, examples = self.process.stdout.readline().split(" ", 2)
        assert failed == "0", examples
        return int(count)


@pytest.fixture
def load():
    loads = []

    def start_load(port):
        loads.append(Load(port))
        return loads[-1]

    yield start_load
    for one in loads:
        one.process.kill()
        one.process.wait()


def kill_by_signal(process):
    process.kill()


def kill_group(process):
    signal_group(process, signal.SIGKILL)


def interrupt_group(process):
    signal_group(process, signal.SIGINT)


def signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        assert process.poll() == 0


WAYS = [kill_by_signal, kill_group, interrupt_group]


def kill_one(process, moment, way):
    time.sleep(moment)
    way(process)
    process.communicate()
    # `heap` may have been done before; the others go on until they are killed.
    assert process.returncode in (-signal.SIGKILL, -signal.SIGINT, 0), process.returncode
    assert pictures.wait_for_guardians(), "a guardian goes on"


def start_looking(what, pid):
    if what == "heap":
        null = subprocess.DEVNULL
        return Plumb().popen("heap", pid, stdout=null, stderr=null, start_new_session=True)
    return pictures.start_picture(
        pid, "--mode", what, "--hold", 3, "--repeat", 1000, stdout=subprocess.DEVNULL
    )


@pytest.mark.slow
@pytest.mark.parametrize("what", KILLS)
def test_killed_at_any_moment(pythons, start, load, what):
    kills, seconds = KILLS[what]
    choose = random.Random(SEED)
    pictures.adopt_orphans()
    service = start(pythons[-1], SERVICE)
    clients = load(service.ask("port"))
    threads = len(os.listdir(f"/proc/{service.pid}/task"))
    files = len(os.listdir(f"/proc/{service.pid}/fd"))
    answered = clients.answered()
    for i in range(kills):
        process = start_looking(what, service.pid)
        kill_one(process, choose.uniform(0, seconds), WAYS[i % len(WAYS)])
        assert pictures.traces(service.pid) == []
        if i % 20 == 19:
            before, answered = answered, clients.answered()
            assert answered > before, "it does not serve any more"
    assert clients.finish() > answered
    assert len(os.listdir(f"/proc/{service.pid}/task")) == threads
    time.sleep(0.1)
    assert len(os.listdir(f"/proc/{service.pid}/fd")) <= files
