"""Who gives way when there is no place left."""

import pytest
import trio

from engine.webserver.bounds import Bounds
from engine.webserver.places import Places

pytestmark = pytest.mark.trio


def full(silent, kept, busy):
    """Places that are all taken, and the scopes of each kind, in the order of their coming."""
    places = Places(Bounds(max_connections=silent + kept + busy))
    scopes = [trio.CancelScope() for _ in range(silent + kept + busy)]
    for number, scope in enumerate(scopes):
        assert places.enter()
        if number < silent + kept:
            places.waits(scope, kept=number >= silent)
    return places, scopes


async def test_the_oldest_that_never_sent_a_request_gives_way_first():
    places, scopes = full(silent=2, kept=1, busy=1)

    for _ in range(3):
        assert places.enter()

    assert [one.cancel_called for one in scopes] == [True, True, True, False]
    assert not places.enter()


async def test_a_connection_with_a_request_under_way_keeps_its_place():
    places, [scope] = full(silent=1, kept=0, busy=0)
    places.busy(scope)

    assert not places.enter()
    assert not scope.cancel_called


async def test_a_place_that_was_left_is_free():
    places, [scope] = full(silent=0, kept=0, busy=1)
    places.leave(scope)

    assert places.enter()
    assert places.count == 1


async def test_whoever_waits_when_it_stops_is_closed_now_and_later():
    places, scopes = full(silent=1, kept=1, busy=1)
    places.stop()
    places.waits(scopes[2], kept=True)

    assert [one.cancel_called for one in scopes] == [True, True, True]
