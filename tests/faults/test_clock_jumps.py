"""The clock of a real server jumps while it runs, a month back and a year ahead, and right again."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.chaos import an_order, plain_project, set_faults, summary_of, taken, wait_for
from tests.support.jumping import a_jumping_clock
from tests.support.processes import sandbox_running, server_running

pytestmark = pytest.mark.slow

VENDOR = "alpha"
DAY_S = 24 * 3600
BACK, AHEAD = -30 * DAY_S, 400 * DAY_S
WITHIN_S = 60


def an_order_at(message_id, ahead_s):
    at = datetime.now(UTC) + timedelta(seconds=ahead_s)
    return an_order(message_id, timestamp=at.isoformat())


def is_taken(shop, *ids):
    wait_for(lambda: set(ids) <= taken(shop, VENDOR).times.keys(), WITHIN_S)


def received_at(shop):
    """How far ahead the clock was when each event came, in days."""
    events = [one["event"] for one in shop.lines("events", "--limit", "1000")]
    now = datetime.now(UTC)
    return {
        one["messageId"]: (datetime.fromisoformat(one["receivedAt"]) - now) / timedelta(days=1)
        for one in events
    }


def test_a_server_goes_on_through_jumps_of_its_clock_and_keeps_what_it_took(tmp_path):
    clock = a_jumping_clock(tmp_path)
    project = plain_project(tmp_path, VENDOR)
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project, **clock.env) as shop,
    ):

        def send(name, ahead_s):
            events = [an_order_at(f"{name}-{number}", ahead_s) for number in range(5)]
            assert shop.post(events).json()["accepted"] == len(events)
            return [one["messageId"] for one in events]

        before = send("before", 0)
        is_taken(shop, *before)
        set_faults(sandbox, "503", VENDOR)
        waits = send("waits", 0)
        wait_for(lambda: summary_of(shop)[VENDOR].get("retrying") == len(waits), WITHIN_S)

        clock.jump(BACK)
        back = send("back", BACK)
        repeated = shop.post([an_order_at("before-0", BACK)]).json()
        set_faults(sandbox, "", VENDOR)
        is_taken(shop, *back, *waits)
        clock.jump(AHEAD)
        ahead = send("ahead", AHEAD)
        is_taken(shop, *ahead)
        clock.jump(0)
        right = send("right", 0)
        is_taken(shop, *right)

        found = received_at(shop)
        requests = len(shop.received(VENDOR))
        states = summary_of(shop)[VENDOR]
        assert shop.server.ended() == 0
        said = shop.server.said()

    sent = {*before, *waits, *back, *ahead, *right}
    # The clock did jump.
    assert all(-31 < found[one] < -29 for one in back)
    assert all(399 < found[one] < 401 for one in ahead)
    assert found.keys() == sent
    assert {name: count for name, count in states.items() if count} == {"delivered": len(sent)}
    assert repeated["duplicate"] == 1
    # A jump makes nothing be tried again and again: some a second at the most, and no thousands.
    assert requests < 1_000
    assert "Traceback" not in said
