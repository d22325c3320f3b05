"""Thousands of connections that send nothing: the others are answered, and those are closed."""

import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import segment.analytics as segment

from tests.support.processes import (
    a_project,
    sandbox_running,
    server_running,
    wait_until,
)
from tests.support.raw import Raw, request

pytestmark = pytest.mark.slow

SILENT = 10_000
FEWEST = 3_000
OWN_FILES = 500
HEAD_S = 10
MEMORY_EACH_BYTES = 20_000
"""What a silent connection may cost the server; 8,160 were measured."""

HOLDER = """
import resource, socket, sys
from urllib.parse import urlsplit
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
url, count = urlsplit(sys.argv[1]), int(sys.argv[2])
held = []
for n in range(count):
    try:
        held.append(socket.create_connection((url.hostname, url.port), 30))
    except OSError as error:
        print("failed", n, error, flush=True)
        sys.exit(1)
print("held", len(held), flush=True)
for line in sys.stdin:
    still = 0
    for one in held:
        one.setblocking(False)
        try:
            still += one.recv(1) != b""
        except BlockingIOError:
            still += 1
        except OSError:
            pass
    print("open", still, flush=True)
"""


class Holder:
    """A process of its own, with as many files as the system lets it have, that keeps silent."""

    def __init__(self, url, count):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = self.process.stdout.readline().split()
        assert said == ["held", str(count)], said

    def still_open(self):
        """How many of its connections the server has not closed."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline().split()[1])


@contextmanager
def held(url, count):
    holder = Holder(url, count)
    try:
        yield holder
    finally:
        holder.process.kill()
        holder.process.communicate()


def as_many_as_allowed():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return SILENT if hard == resource.RLIM_INFINITY else min(SILENT, hard - OWN_FILES)


def resident_bytes(process):
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def a_project_with(folder, line):
    project = a_project(folder)
    settings = project / "encamina.yaml"
    settings.write_text(settings.read_text().replace("server:\n", f"server:\n  {line}\n"))
    return project


def sent_by_sdk(url, count):
    """How long Segment's own SDK needs to send so many events."""
    failed = []
    client = segment.Client("demo-write-key", host=url, on_error=lambda *told: failed.append(told))
    began = time.monotonic()
    for number in range(count):
        client.track("lucia", "Silent", {"n": number})
    client.flush()
    took_s = time.monotonic() - began
    client.join()
    assert failed == []
    return took_s


def test_ten_thousand_silent_connections_leave_the_server_answering_others(tmp_path):
    count = as_many_as_allowed()
    assert count >= FEWEST, "the system lets this test open too few files"
    with sandbox_running(tmp_path) as sandbox, server_running(tmp_path, sandbox) as shop:
        before = resident_bytes(shop.server.process)
        with held(shop.server.url, count) as holder:
            took_s = sent_by_sdk(shop.server.url, 100)
            cost = (resident_bytes(shop.server.process) - before) / count
            print(
                f"{count:,} silent connections: {cost:,.0f} bytes each; a batch took {took_s:.2f} s"
            )
            assert took_s < 5
            assert cost < MEMORY_EACH_BYTES

            wait_until(lambda: holder.still_open() == 0, HEAD_S + 10)
        assert len(shop.lines("events", "--limit", "1000")) == 100
        assert "Traceback" not in shop.server.said()


def test_over_the_bound_the_connection_that_waited_longest_gives_way(tmp_path):
    project = a_project_with(tmp_path, "max_connections: 50")
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project) as shop,
        Raw(shop.server.url) as kept,
    ):
        kept.send(request(method="GET", path="/healthz")).answer()
        with held(shop.server.url, 1_000) as holder:
            wait_until(lambda: holder.still_open() <= 50, 5)
            assert sent_by_sdk(shop.server.url, 100) < 5
        # A connection between two requests gives way only after those that never sent one.
        assert kept.send(request(method="GET", path="/healthz")).answer().status == 200


def test_where_every_connection_is_in_a_request_a_new_one_is_told_to_come_back(tmp_path):
    project = a_project_with(tmp_path, "max_connections: 10")
    with sandbox_running(tmp_path) as sandbox, server_running(tmp_path, sandbox, project) as shop:
        half = request(b"x" * 100, length=True)[:-50]
        wait_until(lambda: httpx.get(f"{shop.server.url}/healthz").status_code == 200)
        busy = [Raw(shop.server.url).send(half) for _ in range(10)]
        time.sleep(0.5)

        with Raw(shop.server.url) as late:
            answer = late.answer()
        for one in busy:
            one.sock.close()

        assert (answer.status, answer.json()["code"]) == (503, "too_many_connections")
        assert 1 <= int(answer.headers["retry-after"]) <= 300
        wait_until(lambda: httpx.get(f"{shop.server.url}/healthz").status_code == 200, 5)


def test_a_server_that_is_told_to_stop_waits_for_nobody_who_says_nothing(tmp_path):
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox) as shop,
        held(shop.server.url, 200),
    ):
        began = time.monotonic()
        assert shop.server.ended() == 0
        assert time.monotonic() - began < 5
