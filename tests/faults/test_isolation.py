"""A vendor that is down for a whole run: the others keep their pace, memory stays flat."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.support.chaos import (
    batches,
    memory_mib,
    pace_of,
    plain_project,
    scaled,
    set_faults,
    summary_of,
    taken,
    wait_for,
)
from tests.support.processes import sandbox_running, server_running

pytestmark = pytest.mark.slow

EVENTS = scaled(3_000, 100_000)
BATCH = 100
FELLOW, DOWN = "fellow", "fallen"
WARM = 500
PORTION, PORTIONS = 2_500, 14
MOST_EACH_BYTES = 256
"""What each event of two portions in a row may add to memory, when the caches are full. Measured
on a machine with four times the work it can do: nothing from the eighth portion on, and 1,000 bytes
at the least where 1,000 of each event are kept."""

SLOWER_BY = 3.0
"""Machines that run tests are noisy: the figures are printed, and only a collapse fails."""


def test_a_vendor_that_is_down_slows_no_other_and_fills_no_memory(tmp_path):
    with_all_up = a_run(tmp_path / "up", fault="")
    with_one_down = a_run(tmp_path / "down", fault="503")

    print(f"\n{EVENTS} events at {FELLOW}: all up {with_all_up}; one down {with_one_down}")
    assert with_one_down.per_s > with_all_up.per_s / SLOWER_BY
    assert with_one_down.median_s < with_all_up.median_s * SLOWER_BY + 1


def a_run(folder, fault):
    """The pace at the vendor that is well; with ``fault``, memory stays flat while it lasts."""
    folder.mkdir()
    project = plain_project(folder, FELLOW, DOWN, most=100)
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, project) as shop:
        set_faults(sandbox, fault, DOWN)
        post_all(shop, [f"warm-{number}" for number in range(WARM)])
        wait_for(lambda: len(taken(shop, FELLOW).times) == WARM, within_s=60)
        before_mib = memory_mib(shop.server)

        sent_at = post_all(shop, [f"event-{number}" for number in range(EVENTS)])
        all_of_them = WARM + EVENTS
        wait_for(lambda: delivered(shop, FELLOW) == all_of_them, within_s=60 + EVENTS / 50)
        grown_mib = memory_mib(shop.server) - before_mib
        print(f"\nmemory grew by {grown_mib:.1f} MiB with {fault or 'no fault'} at {DOWN}")
        came = taken(shop, FELLOW)
        if fault:
            all_of_them = until_memory_is_flat(shop, all_of_them)
            assert delivered(shop, DOWN) == 0
            drain(sandbox, shop, all_of_them)
    return pace_of(sent_at, came)


def until_memory_is_flat(shop, sent):
    """How many were sent when memory grew no more; fails where each event goes on adding to it."""
    sizes_mib = [memory_mib(shop.server)]
    for number in range(PORTIONS):
        post_all(shop, [f"portion-{number}-{one}" for one in range(PORTION)])
        sent += PORTION
        wait_for(partial(has_delivered, shop, FELLOW, sent), within_s=60 + PORTION / 50)
        sizes_mib.append(memory_mib(shop.server))
        if number and (sizes_mib[-1] - sizes_mib[-3]) * 2**20 < 2 * PORTION * MOST_EACH_BYTES:
            print(f"memory is flat after {sent} events, at {sizes_mib[-1]:.1f} MiB")
            return sent
    pytest.fail(f"memory grows with each event, MiB: {[round(one, 1) for one in sizes_mib]}")


def drain(sandbox, shop, expected):
    """The vendor is back: everything that waited for it comes."""
    set_faults(sandbox, "", DOWN)
    begun = time.monotonic()
    wait_for(lambda: delivered(shop, DOWN) == expected, within_s=120 + expected / 50)
    lasted_s = time.monotonic() - begun
    print(f"\nthe backlog of {expected} drained within {lasted_s:.1f} s")


def delivered(shop, vendor):
    return summary_of(shop).get(vendor, {}).get("delivered", 0)


def has_delivered(shop, vendor, count):
    return delivered(shop, vendor) == count


def post_all(shop, ids):
    """The moment at which each was posted."""
    sent_at = {}

    def post(events):
        sent_at.update({event["messageId"]: time.time() for event in events})
        assert shop.post(events).json()["accepted"] == len(events)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, batches(ids, BATCH)))
    return sent_at
