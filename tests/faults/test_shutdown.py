"""SIGTERM while every vendor is down: it ends in time, and all of it is there after the start."""

import time

import pytest

from tests.support.chaos import batches, plain_project, set_faults, summary_of, taken, wait_for
from tests.support.processes import sandbox_running, server_running

pytestmark = pytest.mark.slow

VENDORS = ("alpha", "beta", "gamma")
SHUTDOWN_S = 3.0
IDS = [f"stop-{number}" for number in range(200)]


@pytest.mark.parametrize("fault", ["503", "timeout", "close"])
def test_a_stop_with_every_vendor_down_ends_in_time_and_loses_nothing(tmp_path, fault):
    project = plain_project(tmp_path, *VENDORS)

    with sandbox_running(tmp_path) as sandbox:
        set_faults(sandbox, fault, *VENDORS)
        with server_running(tmp_path, sandbox, project) as shop:
            for batch in batches(IDS, 20):
                assert shop.post(batch).json()["accepted"] == len(batch)
            wait_for(lambda: all(shop.received(vendor) for vendor in VENDORS), within_s=20)
            begun = time.monotonic()
            code = shop.server.ended()
            lasted_s = time.monotonic() - begun
        before = {vendor: len(shop.received(vendor)) for vendor in VENDORS}

        set_faults(sandbox, "", *VENDORS)
        with server_running(tmp_path, sandbox, project) as shop:
            wait_for(lambda: all(has_all(shop, vendor) for vendor in VENDORS), within_s=60)
            counts = wait_for(lambda: finished(shop), within_s=30)

    assert code == 0
    assert "Traceback" not in shop.server.said()
    assert lasted_s < SHUTDOWN_S + 3
    print(f"{fault}: ended after {lasted_s:.1f} s with {sum(before.values())} requests tried")
    for vendor in VENDORS:
        assert {state: n for state, n in counts[vendor].items() if n} == {"delivered": len(IDS)}


def test_a_stop_while_every_vendor_refuses_the_token_keeps_everything(tmp_path):
    project = plain_project(tmp_path, *VENDORS)

    with sandbox_running(tmp_path) as sandbox:
        set_faults(sandbox, "401", *VENDORS)
        with server_running(tmp_path, sandbox, project) as shop:
            for batch in batches(IDS, 20):
                shop.post(batch)
            wait_for(lambda: paused(shop) == len(IDS) * len(VENDORS), within_s=30)
            code = shop.server.ended()
        with server_running(tmp_path, sandbox, project) as shop:
            still = paused(shop)

    assert code == 0
    assert still == len(IDS) * len(VENDORS)


def paused(shop):
    """What is kept: recorded as paused, or not read yet."""
    counts = summary_of(shop)
    return sum(counts[one].get("paused", 0) + counts[one].get("waiting", 0) for one in VENDORS)


def has_all(shop, vendor):
    return set(taken(shop, vendor).times) == set(IDS)


def finished(shop):
    counts = summary_of(shop)
    return counts if all(one.get("delivered") == len(IDS) for one in counts.values()) else None
