"""kill -9 again and again, at any moment of taking and delivering: nothing answered 200 is lost."""

import random
import signal
import threading
import time

import httpx
import pytest

from tests.support.chaos import (
    an_order,
    plain_project,
    scaled,
    set_faults,
    summary_of,
    taken,
    wait_while_it_moves,
)
from tests.support.processes import sandbox_running, server_running

pytestmark = pytest.mark.slow

ROUNDS = scaled(10, 200)
VENDORS = ("alpha", "beta")
LONGEST_S = 0.8
BATCH = 10


def test_kill_9_at_any_moment_loses_nothing_and_a_repeat_has_the_same_key(tmp_path):
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    project = plain_project(tmp_path, *VENDORS)
    answered: list[str] = []

    with sandbox_running(tmp_path) as sandbox:
        set_faults(sandbox, "503:0.1,reset:0.05", *VENDORS)
        for number in range(ROUNDS):
            with server_running(tmp_path, sandbox, project) as shop:
                arguments = (shop, f"round-{number}", answered)
                sender = threading.Thread(target=send_until_it_dies, args=arguments)
                sender.start()
                time.sleep(chance.uniform(0, LONGEST_S))
                shop.server.process.send_signal(signal.SIGKILL)
                shop.server.process.wait()
                sender.join()

        set_faults(sandbox, "", *VENDORS)
        with server_running(tmp_path, sandbox, project) as shop:
            wait_while_it_moves(lambda: all_delivered(shop), lambda: summary_of(shop))
            came = {vendor: taken(shop, vendor) for vendor in VENDORS}

    for vendor, found in came.items():
        lost = set(answered) - found.times.keys()
        assert not lost, f"{len(lost)} of {len(answered)} lost at {vendor} (seed {seed})"
        assert all(len(keys) == 1 for keys in found.orders.values())
        print(f"{vendor}: {len(found.times)} events, {ROUNDS} kills, {found.repeats} repeats")
    assert len(answered) >= ROUNDS * BATCH / 2, "too few were taken to tell anything"


def send_until_it_dies(shop, prefix, answered):
    for number in range(100_000):
        events = [an_order(f"{prefix}-{number}-{one}") for one in range(BATCH)]
        try:
            answer = shop.post(events)
        except httpx.TransportError:
            return
        assert answer.status_code == 200
        answered.extend(event["messageId"] for event in events)


def all_delivered(shop):
    counts = summary_of(shop)
    return all(set(counts[vendor]) - {"delivered"} <= zeros(counts[vendor]) for vendor in VENDORS)


def zeros(counts):
    return {state for state, count in counts.items() if not count}
