"""The shop's day meets the tracking plan, but for the events that its page calls broken."""

import json
import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from tests.unit.plan.tracking_plan import EVENT_SCHEMAS, ROOT, refusals, stem_of

LINES = (ROOT / "tests/data/shop-day.jsonl").read_text("utf-8").splitlines()
PAGE = (ROOT / "tests/data/README.md").read_text("utf-8")
DAY = [json.loads(line) for line in LINES]


MADE = {
    *("first-purchase", "repeat-purchase", "cart-abandoned", "session-started", "session-ended"),
    "clarity-insights-imported",
}
"""What nobody sends: made from other events, or asked for at the vendor's."""


def rows_of(heading: str) -> list[list[str]]:
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(heading))
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def why_broken(event: dict[str, Any]) -> str | None:
    return event["context"].get("test", {}).get("broken")


@pytest.mark.parametrize(
    "event", [e for e in DAY if not why_broken(e)], ids=lambda e: e["messageId"]
)
def test_every_good_event_of_the_day_meets_its_schema(event):
    assert stem_of(event)
    assert refusals(event) == set()


def test_each_broken_event_of_the_day_is_refused_as_its_page_says():
    told = {why: {(where, keyword)} for why, _, where, keyword in rows_of("Broken")}

    found = {why: refusals(event) for event in DAY if (why := why_broken(event))}

    assert found == told


def test_the_day_is_in_order_has_twenty_shoppers_every_planned_event_and_one_duplicate():
    times = [datetime.fromisoformat(event["timestamp"]) for event in DAY]
    shoppers = {event["anonymousId"] for event in DAY if "anonymousId" in event}
    repeated = [count for count in Counter(e["messageId"] for e in DAY).values() if count > 1]

    assert times == sorted(times)
    assert len(shoppers) == 20
    assert {stem_of(event) for event in DAY if not why_broken(event)} == set(EVENT_SCHEMAS) - MADE
    assert repeated == [2]


def test_the_days_page_counts_its_events():
    told = {name: int(count) for name, count in rows_of("Counts")}

    found = Counter(event.get("event") or event["type"] for event in DAY if not why_broken(event))

    assert told == dict(found)


def test_the_days_orders_add_up():
    orders = [
        e["properties"] for e in DAY if e.get("event") == "Order Completed" and not why_broken(e)
    ]

    for order in orders:
        amount = {k: float(order[k]) for k in ("discount", "subtotal", "tax", "shipping", "total")}
        lines = sum(float(line["price"]) * line["quantity"] for line in order["products"])
        assert lines - amount["discount"] == amount["subtotal"] == float(order["revenue"])
        assert amount["subtotal"] + amount["tax"] + amount["shipping"] == amount["total"]
