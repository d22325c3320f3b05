"""``/readyz`` is open to anybody: it says how things stand, and nothing of a person."""

import io

import httpx
import pytest
from starlette.applications import Starlette

from engine.api.health import LONGEST_REASON, Health
from engine.delivery.gate import Standing
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.releases import a_release

pytestmark = pytest.mark.trio

PERSONAL = "bad user_data: ana.perez@gmail.com, phone 601 7654321, +573007654321"
SHOWN = "bad user_data: [email], phone [number], [number]"


async def ready(tmp_path, standing, pulls=None):
    """What ``/readyz`` answers where the one destination stands so."""
    release = a_release(tmp_path)
    [name] = [one.name for one in release.destinations]
    notices = Notices(make_logger(as_json=True, stream=io.StringIO()))
    health = Health(
        "live",
        lambda: release,
        lambda: {name: standing},
        lambda: pulls or {},
        lambda: False,
        notices,
    )
    transport = httpx.ASGITransport(app=Starlette(routes=health.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://ready.example") as client:
        told = (await client.get("/readyz")).json()
    return told["destinations"][name], told["pulls"]


@pytest.mark.parametrize("state", ["paused", "slowed", "open", "half-open"])
async def test_the_reason_of_a_standstill_tells_of_nobody(tmp_path, state):
    told, _ = await ready(tmp_path, Standing(state, f"HTTP 401: {PERSONAL}"))

    assert (told["state"], told["reason"]) == (state, f"HTTP 401: {SHOWN}")


async def test_the_reason_of_a_pull_tells_of_nobody(tmp_path):
    _, pulls = await ready(
        tmp_path, Standing(), {"clarity": {"state": "failing", "reason": PERSONAL}}
    )

    assert pulls == {"clarity": {"state": "failing", "reason": SHOWN}}


async def test_a_reason_is_one_short_line_that_steers_no_terminal(tmp_path):
    told, _ = await ready(tmp_path, Standing("paused", "a\n\x1b[2J\u202e" + "x" * 5_000))

    assert told["reason"].startswith(r"a\n\x1b[2J\u202exx")
    assert len(told["reason"]) == LONGEST_REASON
