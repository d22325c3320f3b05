"""A control over the small project, and the clock that it goes by."""

import pytest

from tests.support.controls import HandClock, a_control


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def control(tmp_path, clock):
    async with a_control(tmp_path, clock) as control:
        yield control
