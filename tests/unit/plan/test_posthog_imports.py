"""PostHog: what is older than 48 hours goes by the way for imports, apart from the rest."""

from dataclasses import replace

import httpx
import pytest
import trio

from engine.model.clock import to_iso
from engine.pipeline.batch import Batcher
from engine.sandbox.app import build_app
from tests.support.events import NOW, an_event
from tests.unit.pipeline.test_batch import an_item
from tests.unit.plan.posthog_payloads import HOUR_MS, decisions, destination, payload, sent


def of_age(age_ms: int, number: int = 1) -> dict:
    return an_event(timestamp=to_iso(NOW - age_ms), messageId=f"m-{number}")


@pytest.mark.parametrize(
    ("age_ms", "is_import"),
    [
        (0, False),
        (47 * HOUR_MS, False),
        (48 * HOUR_MS, False),
        (48 * HOUR_MS + 1000, True),
        (900 * HOUR_MS, True),
    ],
)
def test_an_event_is_an_import_when_it_is_over_48_hours_old(age_ms, is_import):
    body = sent([of_age(age_ms)])

    assert body["historical_migration"] is is_import
    assert "historical_migration" not in body["batch"][0]


def test_an_event_that_is_replayed_later_is_an_import_then():
    event = of_age(HOUR_MS)

    assert "historical_migration" not in payload(event)
    assert payload(event, now=NOW + 72 * HOUR_MS)["historical_migration"] is True


def test_an_import_goes_in_requests_of_its_own():
    batcher = Batcher(destination().batch)
    ages = [0, 100 * HOUR_MS, HOUR_MS, 99 * HOUR_MS]

    for number, age_ms in enumerate(ages):
        (one,) = decisions(of_age(age_ms, number))
        batcher.add(replace(an_item(number), payload=one.payload), NOW)

    batches = batcher.take(NOW, all_of_them=True)
    assert sorted(len(batch) for batch in batches) == [2, 2]
    assert all(len({item.payload.group for item in batch}) == 1 for batch in batches)


def test_the_flag_changes_nothing_of_what_posthog_knows_a_repeat_by():
    event = of_age(HOUR_MS)

    now, later = (sent([event], now=NOW + wait)["batch"][0] for wait in (0, 72 * HOUR_MS))

    key = ("uuid", "event", "timestamp", "distinct_id")
    assert [now[one] for one in key] == [later[one] for one in key]


@pytest.mark.parametrize(("flag", "noted"), [(True, set()), (False, {"not_historical"})])
def test_the_sandbox_notes_an_old_event_outside_an_import(flag, noted):
    body = {**sent([of_age(60 * HOUR_MS)]), "historical_migration": flag}

    assert trio.run(_noted, body) == noted


async def _noted(body: dict) -> set[str]:
    app = build_app(now=lambda: NOW / 1000)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://sandbox"
    ) as client:
        assert (await client.post("/posthog/batch/", json=body)).status_code == 200
        (item,) = (await client.get("/received")).json()["items"]
    return {one["code"] for one in item["diagnostics"]}
