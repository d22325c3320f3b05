"""Pausing and resuming by hand, over a folder that nobody serves."""

import pytest

from engine.control.control import ControlError
from engine.control.verbs import perform
from engine.delivery.pauses import stored_pauses

pytestmark = pytest.mark.trio


async def paused(control, **asked):
    return await perform(control, "destinations/pause", {"destination": "hook", **asked})


async def test_a_pause_is_kept_with_its_reason(control):
    done = await paused(control, reason="the account moves")

    assert done == {"destination": "hook", "paused": 1}
    assert (await stored_pauses(control.state))["hook"].reason == "the account moves"


async def test_a_second_pause_says_so_and_keeps_when_it_began(control):
    await paused(control, reason="a")
    first = (await stored_pauses(control.state))["hook"]

    done = await paused(control, reason="b")

    kept = (await stored_pauses(control.state))["hook"]
    assert done["paused"] == 0
    assert (kept.reason, kept.since) == ("b", first.since)


async def test_what_goes_on_is_forgotten(control):
    await paused(control)

    first = await perform(control, "destinations/resume", {"destination": "hook"})
    again = await perform(control, "destinations/resume", {"destination": "hook"})

    assert (first["resumed"], again["resumed"]) == (1, 0)
    assert await stored_pauses(control.state) == {}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "destination is missing"),
        ({"destination": "hok"}, 'no destination "hok"; did you mean "hook"?'),
        ({"destination": "hook", "reasn": "x"}, 'did you mean "reason"?'),
        ({"destination": "hook", "reason": 3}, "reason is int; expected a text"),
        ({"destination": "hook", "reason": "x" * 301}, "at most 300"),
    ],
)
async def test_what_is_asked_wrongly_changes_nothing_and_says_why(control, asked, says):
    with pytest.raises(ControlError) as refused:
        await perform(control, "destinations/pause", asked)

    assert says in str(refused.value)
    assert await stored_pauses(control.state) == {}
