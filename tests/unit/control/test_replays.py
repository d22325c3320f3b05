"""What a replay may be asked for."""

import pytest

from engine.control.control import ControlError
from engine.control.verbs import perform
from engine.model.clock import to_iso
from engine.project.units import parse_rate
from tests.support.events import NOW

pytestmark = pytest.mark.trio


@pytest.mark.parametrize(
    "rate", [1e-300, 5e-324, 1 / 3_601, 1e10, float("inf"), float("nan"), 10**400]
)
async def test_a_rate_that_would_never_end_is_refused_with_the_least_that_may_be(control, rate):
    asked = {"destination": "hook", "since": to_iso(NOW), "rate": rate}

    with pytest.raises(ControlError, match=r"expected .*one an hour"):
        await perform(control, "replays/start", asked)

    assert await control.state.replays() == []


@pytest.mark.parametrize("rate", [0, -1, True, "50/s"])
async def test_what_is_no_rate_is_refused(control, rate):
    asked = {"destination": "hook", "since": to_iso(NOW), "rate": rate}

    with pytest.raises(ControlError, match="no number above 0"):
        await perform(control, "replays/start", asked)


async def test_the_least_as_a_command_may_write_it_is_taken(control):
    for rate in (0.000278, parse_rate("1/h")):
        asked = {"destination": "hook", "since": to_iso(NOW), "rate": rate}
        number = (await perform(control, "replays/start", asked))["replay"]
        await perform(control, "replays/stop", {"number": number})


async def test_one_event_an_hour_is_the_slowest(control):
    asked = {"destination": "hook", "since": to_iso(NOW), "rate": 1 / 3_600}

    assert (await perform(control, "replays/start", asked))["rate"] == 1 / 3_600
