"""Carts through the shop's old routes while the clock is set, a server is stopped, and one killed.

Every process has the same clock, the vendors' stand-ins too, so that it is right for all of them.
"""

import signal
import sqlite3
from contextlib import closing, contextmanager

import httpx
import pytest

from engine.model.clock import from_iso
from tests.support.jumping import a_jumping_clock
from tests.support.processes import clean_environment, running, server_running, wait_until

pytestmark = pytest.mark.slow

AFTER_S = 45
AHEAD_S, BACK_S = 2 * 24 * 3600, -3 * 3600
WITHIN_S = AFTER_S + 60
CLOSE_MS = 1_500
"""How far off a moment may be for all that is measured of a clock that is set under a process."""

KEY = ("demo-write-key", "")
ON = {
    "DERIVED_MODE": "live",
    "SESSIONS_MODE": "off",
    "CART_ABANDONED_AFTER": f"{AFTER_S}s",
    "KLAVIYO_API_KEY": "pk_demo_klaviyo",
}
CONTEXT = {
    "consent": {
        "categoryPreferences": {"advertising": True, "analytics": True, "functional": True}
    },
    "userAgent": "Mozilla/5.0",
    "ip": "203.0.113.24",
    "fbp": "fb.1.1792328412345.1836294015",
    "ga_client_id": "1290837465.1792328412",
    "traits": {"email": "lucia@example.com"},
}


def of_google(body):
    return [(one["name"], one["params"]["event_id"]) for one in body["events"]]


def of_klaviyo(body):
    told = body["data"]["attributes"]
    return [(told["metric"]["data"]["attributes"]["name"], told["unique_id"])]


NAMES = {
    "meta": (
        "CartAbandoned",
        lambda body: [(one["event_name"], one["event_id"]) for one in body["data"]],
    ),
    "gtm": ("cart_abandoned", of_google),
    "ga4": ("cart_abandoned", of_google),
    "posthog": (
        "Cart Abandoned",
        lambda body: [(one["event"], one["uuid"]) for one in body.get("batch", [body])],
    ),
    "klaviyo": ("Abandoned Cart", of_klaviyo),
}
"""What an abandoned cart is called at each vendor, and the names and keys in what it got."""


@pytest.fixture
def clock(tmp_path):
    return a_jumping_clock(tmp_path)


@pytest.fixture
def sandbox(tmp_path, clock):
    env = clean_environment(**clock.env)
    with running(tmp_path / "sandbox.log", "/healthz", env, "sandbox") as one:
        yield one


@contextmanager
def serving(folder, sandbox, clock):
    with server_running(folder, sandbox, **ON, **clock.env) as shop:
        yield shop


def kill(shop):
    shop.server.process.send_signal(signal.SIGKILL)
    shop.server.process.wait()


def tell(shop, route, **body):
    url = f"{shop.server.url}/analytics/track/{route}"
    answer = httpx.post(url, json={**body, "context": CONTEXT}, auth=KEY, timeout=30)
    assert answer.status_code == 201, answer.text


def event(shop, name, session, metadata, **who):
    told = {"eventName": name, "eventCategory": "user_interaction", "eventAction": name}
    tell(shop, "event", **told, sessionId=session, metadata=metadata, **who)


def cart(shop, session, **who):
    product = {"productId": "A", "price": 50, "quantity": 2, "currency": "COP"}
    event(shop, "add_to_cart", session, product, **who)


def order(shop, order_id, session, **who):
    worth = {"conversionValue": 100, "currency": "COP", "productIds": ["A"]}
    told = {"conversionType": "purchase", "orderId": order_id, "sessionId": session}
    tell(shop, "conversion", **told, **worth, **who)


def logged(shop, name):
    events = [one["event"] for one in shop.lines("events", "--limit", "1000")]
    return {one["anonymousId"]: one for one in events if one.get("event") == name}


def waiting(shop):
    with closing(sqlite3.connect(f"file:{shop.data}/encamina.db?mode=ro", uri=True)) as file:
        return file.execute("SELECT count(due_ms) FROM derived_windows").fetchone()[0]


def abandoned(shop, count):
    """The carts that were abandoned, by their sessions, once there are so many and none waits."""
    wait_until(lambda: not waiting(shop) and len(logged(shop, "Cart Abandoned")) >= count, WITHIN_S)
    return logged(shop, "Cart Abandoned")


def times_at(shop, vendor):
    name, names_in = NAMES[vendor]
    items = [
        one for one in shop.received(vendor) if "/events" in one["path"] or vendor != "klaviyo"
    ]
    # After a kill a request may come once more: under the same key it counts once there.
    return len({key for one in items for named, key in names_in(one["body"]) if named == name})


def each_vendor_got(shop, count):
    def missing():
        return {vendor for vendor in NAMES if times_at(shop, vendor) < count}

    wait_until(lambda: not missing(), 60)
    assert {vendor: times_at(shop, vendor) for vendor in NAMES} == dict.fromkeys(NAMES, count)


def at(event, key="timestamp"):
    return from_iso(event[key])


def test_a_cart_is_abandoned_once_in_time_though_the_clock_is_set_while_it_waits(
    tmp_path, clock, sandbox
):
    with serving(tmp_path, sandbox, clock) as shop:
        cart(shop, "left")
        cart(shop, "paid", userId="cli-1")
        cart(shop, "nobody-yet")
        wait_until(lambda: waiting(shop) == 3)

        clock.jump(AHEAD_S)
        order(shop, "TE-1", "paid", userId="cli-1")
        wait_until(lambda: waiting(shop) == 2)
        clock.jump(BACK_S)
        # Who it is comes out now; of the payment nothing is known but who paid.
        event(shop, "login", "nobody-yet", {}, userId="cli-2")
        order(shop, "TE-2", "payments", userId="cli-2")
        cart(shop, "later")
        wait_until(lambda: waiting(shop) == 2)
        assert logged(shop, "Cart Abandoned") == {}
        kill(shop)

    with serving(tmp_path, sandbox, clock) as shop:
        made = abandoned(shop, 2)
        begun = logged(shop, "Product Added")
        each_vendor_got(shop, 2)
        kill(shop)

    with serving(tmp_path, sandbox, clock) as shop:
        clock.jump(0)
        # Who had a cart while the clock was wrong has one now that it is right.
        cart(shop, "paid", userId="cli-1")
        again = abandoned(shop, 3)
        each_vendor_got(shop, 3)
        assert "Traceback" not in shop.server.said()

    assert made.keys() == {"left", "later"}
    assert again.keys() == {"left", "later", "paid"}
    # In the clock that it fell due by, which had been set back meanwhile.
    due = at(begun["left"], "receivedAt") + (AFTER_S + BACK_S) * 1000
    assert abs(at(made["left"]) - due) < CLOSE_MS
    assert at(made["later"]) == at(begun["later"], "receivedAt") + AFTER_S * 1000
    assert {one["properties"]["value"] for one in again.values()} == {100}


def test_a_clock_that_was_set_while_nothing_ran_loses_no_cart_and_doubles_none(
    tmp_path, clock, sandbox
):
    with serving(tmp_path, sandbox, clock) as shop:
        cart(shop, "before")
        wait_until(lambda: waiting(shop) == 1)
        assert shop.server.ended() == 0

    clock.jump(BACK_S)
    with serving(tmp_path, sandbox, clock) as shop:
        [made] = abandoned(shop, 1).values()
        begun = logged(shop, "Product Added")["before"]
        cart(shop, "second")
        wait_until(lambda: waiting(shop) == 1)
        assert shop.server.ended() == 0

    clock.jump(AHEAD_S)
    with serving(tmp_path, sandbox, clock) as shop:
        both = abandoned(shop, 2)
        second = logged(shop, "Product Added")["second"]
        each_vendor_got(shop, 2)
        kill(shop)

    clock.jump(0)
    with serving(tmp_path, sandbox, clock) as shop:
        cart(shop, "third")
        all_three = abandoned(shop, 3)
        each_vendor_got(shop, 3)

    # In the clock that each fell due by, which had been set while nothing ran.
    due = at(begun, "receivedAt") + (AFTER_S + BACK_S) * 1000
    assert abs(at(made) - due) < CLOSE_MS
    due = at(second, "receivedAt") + (AFTER_S + AHEAD_S - BACK_S) * 1000
    assert abs(at(both["second"]) - due) < CLOSE_MS
    assert all_three.keys() == {"before", "second", "third"}
