"""Tens of thousands of changed requests: no fault, no hang, no leak, and the counts add up.

FUZZ_REQUESTS says how many, FUZZ_SEED from where; a failure prints the seed and the request.
"""

import os
import re
import secrets
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import httpx
import orjson
import pytest

from tests.support.chaos import scaled
from tests.support.mutate import requests
from tests.support.processes import sandbox_running, server_running
from tests.support.raw import Ended, Raw

pytestmark = pytest.mark.slow

REQUESTS = int(os.environ.get("FUZZ_REQUESTS") or scaled(50_000, 1_000_000))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or secrets.randbits(32)
THREADS = 6
NO_HANG_S = 20.0
"""An answer that takes longer is none."""

MOST_GROWTH_BYTES = 24 << 20
"""What the second half of the requests may add to the server's memory."""

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
VERDICTS = ("accepted", "duplicate", "suppressed", "quarantined", "rejected")
SHADOW = {"META_MODE": "shadow", "GA4_MODE": "shadow", "POSTHOG_MODE": "shadow"}
"""Everything is rendered and checked, nothing is sent: the vendors are not what is tried here."""


@dataclass
class Told:
    """What one thread was answered."""

    statuses: Counter = field(default_factory=Counter)
    verdicts: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)
    silent: int = 0
    """Answers that say nothing of an event: images, and those of a connection that was reset."""


class Client:
    """Sends the requests of one seed: good ones on a kept connection, broken ones on their own."""

    def __init__(self, url, seed):
        self.url = url
        self.requests = requests(seed)
        self.told = Told()
        self.kept = None

    def send(self, count):
        for number, (data, good) in enumerate(islice(self.requests, count)):
            try:
                statuses = self.ask(data) if good else self.throw(data)
            except (Ended, TimeoutError, ConnectionError, ValueError) as error:
                self.drop()
                self.told.wrong.append((number, repr(error)[:200], data[:600]))
                continue
            self.told.statuses.update(statuses)
            if any(status >= 500 for status in statuses):
                self.told.wrong.append((number, statuses, data[:600]))

    def ask(self, data):
        """The status of the one answer that has to come."""
        if self.kept is None:
            self.kept = Raw(self.url, NO_HANG_S)
        answer = self.kept.send(data).answer(head_only=data.startswith(b"HEAD"))
        self.read(answer.body)
        if answer.headers.get("connection") == "close":
            self.drop()
        return [answer.status]

    def throw(self, data):
        """The statuses of all answers until the server closes; there may be none."""
        with Raw(self.url, NO_HANG_S) as client:
            got = b""
            try:
                client.send(data)
                client.sock.shutdown(socket.SHUT_WR)
                while piece := client.sock.recv(65_536):
                    got += piece
            except ConnectionError:
                self.told.silent += 1
        for body in got.split(b"\r\n\r\n")[1:]:
            self.read(body.partition(b"HTTP/1.1 ")[0])
        return [int(one) for one in STATUS.findall(got)]

    def read(self, body):
        if body.startswith(b'{"success":true,"received"'):
            counts = orjson.loads(body)
            assert counts["received"] == sum(counts[one] for one in VERDICTS), counts
            self.told.verdicts.update({one: counts[one] for one in VERDICTS})
        elif body.startswith(b"GIF"):
            self.told.silent += 1

    def drop(self):
        if self.kept is not None:
            self.kept.sock.close()
            self.kept = None


def resident_bytes(process):
    [line] = [
        one
        for one in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if one.startswith("VmRSS:")
    ]
    return int(line.split()[1]) * 1024


def all_send(clients, count):
    threads = [threading.Thread(target=one.send, args=(count // THREADS,)) for one in clients]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def counted(url):
    """What the server's own counters say of each verdict."""
    counts = Counter()
    for line in httpx.get(f"{url}/metrics").text.splitlines():
        if found := re.match(r'encamina_events_total{.*verdict="(\w+)"} ([\d.e+]+)', line):
            counts[found[1]] += int(float(found[2]))
    return counts


def test_no_request_however_broken_does_harm(tmp_path):
    print(f"FUZZ_SEED={SEED} FUZZ_REQUESTS={REQUESTS}")
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, **SHADOW) as shop,
    ):
        clients = [Client(shop.server.url, SEED + number) for number in range(THREADS)]

        all_send(clients, REQUESTS // 2)
        half = resident_bytes(shop.server.process)
        all_send(clients, REQUESTS // 2)
        whole = resident_bytes(shop.server.process)
        for one in clients:
            one.drop()

        wrong = [(one_th, *told) for one_th, one in enumerate(clients) for told in one.told.wrong]
        assert wrong == [], f"seed {SEED}: {wrong[:5]}"
        statuses = sum((one.told.statuses for one in clients), Counter())
        verdicts = sum((one.told.verdicts for one in clients), Counter())
        print(f"{dict(statuses)}, {dict(verdicts)}, {(whole - half) / 2**20:.1f} MiB more")
        assert statuses.keys() >= {200, 400, 401, 404, 405}
        assert all(verdicts[one] for one in ("accepted", "quarantined", "rejected"))
        counts = counted(shop.server.url)
        assert not verdicts - counts
        assert sum((counts - verdicts).values()) <= sum(one.told.silent for one in clients)
        assert whole - half < MOST_GROWTH_BYTES, f"seed {SEED}: {half} -> {whole} bytes"
        answer = shop.post([{"type": "track", "event": "Good", "userId": "u"}])
        assert answer.json()["accepted"] == 1
        said = shop.server.said()
        assert "Traceback" not in said
        assert "fault" not in said.lower(), f"seed {SEED}: {said[-3000:]}"
