"""The bridge's snippet in a real browser, and the whole way from a back-end event to a page."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import SNIPPET
from tests.support.events import an_event
from tests.support.processes import wait_until

pytestmark = pytest.mark.slow

ASKED = re.compile(r"^http://[^/]+/v1/mailbox/")
CALLS = "Array.from(clarity.q || [], (one) => Array.from(one))"
PAYLOAD = {
    "calls": [
        {"op": "event", "name": "purchase"},
        {"op": "set", "key": "checkout", "value": "started"},
        {"op": "consentv2", "ad_Storage": "denied", "analytics_Storage": "granted"},
        {"op": "upgrade", "reason": "checkout"},
        {"op": "identify", "id": "u1", "session": "s1", "page": "p1"},
        {"op": "identify", "id": "u2", "session": "s2"},
    ]
}
IN_ORDER = [
    ["consentv2", {"ad_Storage": "denied", "analytics_Storage": "granted"}],
    ["identify", "u1", "s1", "p1"],
    ["identify", "u2", "s2"],
    ["set", "checkout", "started"],
    ["event", "purchase"],
    ["upgrade", "checkout"],
]


@pytest.fixture
def session():
    return str(uuid.uuid4())


def event_of(session, name="Order Completed", *, analytics=True, **overrides):
    return an_event(
        name,
        messageId=str(uuid.uuid4()),
        timestamp=datetime.now(UTC).isoformat(),
        context={
            "sessionId": session,
            "consent": {"categoryPreferences": {"advertising": True, "analytics": analytics}},
        },
        **overrides,
    )


def address(shop, site, session):
    asked = {"mailbox": f"{shop.server.url}/v1/mailbox/clarity", "session": session}
    return f"{site}/?{urlencode(asked)}"


def calls(page):
    return page.evaluate(CALLS)


def calls_once_there_are(page, count):
    page.wait_for_function(f"(clarity.q || []).length >= {count}")
    return calls(page)


def deliveries(shop, *events):
    found = {one["message_id"]: one for one in shop.deliveries("--destination", "clarity")}
    return [found.get(one["messageId"], {}) for one in events]


def are_in(shop, state, *events):
    wait_until(lambda: all(one.get("state") == state for one in deliveries(shop, *events)))


class Mailbox:
    """Plays the server where a test says what it hands out; keeps what was asked."""

    def __init__(self, page, *answers):
        self.answers = list(answers)
        self.fetched = 0
        self.acknowledged = []
        page.route(ASKED, self.answer)

    def answer(self, route):
        if route.request.method == "POST":
            self.acknowledged.append(json.loads(route.request.post_data))
            route.fulfill(json={"success": True})
            return
        self.fetched += 1
        status, items = self.answers.pop(0) if self.answers else (200, [])
        route.fulfill(status=status, json={"items": items} if status == 200 else {})


def item(payload, number=1):
    return {"id": f"m{number}", "payload": payload}


def opened(page, sites):
    page.goto(f"{sites[0]}/?mailbox=/v1/mailbox/clarity&session=01a1f90e-2be1-7f2a")


def test_the_snippet_is_at_most_a_kilobyte_and_runs_no_text_as_code():
    text = SNIPPET.read_text()

    assert len(text.encode()) <= 1024
    assert not {"eval", "Function(", "innerHTML", "import("} & set(text.split())


def test_back_end_events_become_calls_in_the_page_in_order(shop, sites, page, session):
    seen = event_of(session, "Checkout Started", properties={"value": 150_000, "currency": "COP"})
    paid = event_of(session)
    shop.post([seen, paid])
    are_in(shop, "waiting", seen, paid)

    page.goto(address(shop, sites[0], session))

    assert calls_once_there_are(page, 6) == [
        ["set", "cart_value_band", "50k-200k"],
        ["set", "checkout", "started"],
        ["set", "order_value_band", "1m-3m"],
        ["event", "begin_checkout"],
        ["event", "purchase"],
        ["upgrade", "checkout"],
    ]
    are_in(shop, "delivered", seen, paid)
    assert {one["reason"] for one in deliveries(shop, seen, paid)} == {"handed to the browser"}


def test_what_was_acknowledged_is_not_called_on_the_next_page(shop, sites, page, session):
    event = event_of(session)
    shop.post([event])
    are_in(shop, "waiting", event)
    page.goto(address(shop, sites[0], session))
    calls_once_there_are(page, 2)
    are_in(shop, "delivered", event)

    with page.expect_response(ASKED) as fetched:
        page.goto(address(shop, sites[0], session))

    assert fetched.value.json() == {"items": []}
    assert calls(page) == []


def test_where_analytics_is_refused_the_page_calls_nothing(shop, sites, page, session):
    event = event_of(session, analytics=False)
    shop.post([event])
    are_in(shop, "skipped", event)

    with page.expect_response(ASKED) as fetched:
        page.goto(address(shop, sites[0], session))

    assert fetched.value.json() == {"items": []}
    assert calls(page) == []


def test_a_page_of_another_site_gets_nothing_and_takes_nothing(shop, sites, page, session):
    event = event_of(session)
    shop.post([event])
    are_in(shop, "waiting", event)

    with page.expect_event("requestfailed") as refused:
        page.goto(address(shop, sites[1], session))
    page.wait_for_timeout(300)

    assert ASKED.match(refused.value.url)
    assert calls(page) == []
    are_in(shop, "waiting", event)


def test_every_kind_of_call_arrives_as_clarity_takes_it_consent_first(sites, page):
    mailbox = Mailbox(page, (200, [item(PAYLOAD)]))

    opened(page, sites)

    assert calls_once_there_are(page, len(IN_ORDER)) == IN_ORDER
    wait_until(lambda: page.wait_for_timeout(20) or mailbox.acknowledged)
    assert mailbox.acknowledged == [{"ids": ["m1"]}]


def test_any_other_call_is_left_out_and_acknowledged(sites, page):
    others = ["stop", "metadata", "constructor", "__proto__", "consent", "", None]
    payload = {"calls": [{"op": op, "name": "alert(1)"} for op in others] + PAYLOAD["calls"][:1]}
    mailbox = Mailbox(page, (200, [item(payload)]))

    opened(page, sites)

    assert calls_once_there_are(page, 1) == [["event", "purchase"]]
    wait_until(lambda: page.wait_for_timeout(20) or mailbox.acknowledged)


def test_a_page_that_stays_open_asks_again_whatever_was_answered(sites, page):
    faults = []
    page.on("pageerror", lambda fault: faults.append(fault))  # noqa: PLW0108 - it is marked
    page.clock.install()
    mailbox = Mailbox(page, (503, []), (200, []), (200, [item(PAYLOAD)]))

    opened(page, sites)
    for asked in (1, 2, 3):
        wait_until(lambda asked=asked: page.wait_for_timeout(20) or mailbox.fetched == asked)
        page.clock.run_for(15_000)

    assert calls(page) == IN_ORDER
    assert faults == []


def test_after_a_change_of_route_identify_and_tags_are_told_again(sites, page):
    page.clock.install()
    Mailbox(page, (200, [item(PAYLOAD)]))
    opened(page, sites)
    calls_once_there_are(page, len(IN_ORDER))
    # An installed clock still goes on by itself.
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=5))

    page.evaluate("history.pushState({}, '', '/otra')")
    page.clock.run_for(450)
    too_early = calls(page)
    page.clock.run_for(300)

    assert too_early == IN_ORDER
    assert calls(page)[len(IN_ORDER) :] == [
        ["identify", "u1", "s1", "p1"],
        ["identify", "u2", "s2"],
        ["set", "checkout", "started"],
    ]


def test_without_clarity_on_the_page_nothing_is_fetched(sites, page):
    mailbox = Mailbox(page, (200, [item(PAYLOAD)]))
    page.add_init_script("Object.defineProperty(window, 'clarity', { value: undefined })")

    opened(page, sites)
    page.wait_for_timeout(300)

    assert (mailbox.fetched, mailbox.acknowledged) == (0, [])
