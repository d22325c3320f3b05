"""A mailbox over HTTP: a back-end event waits for a browser session, which fetches and tells."""

import signal
import uuid
from datetime import UTC, datetime

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

SITE = "https://tienda.ejemplo.co"
BRIDGE = {"CLARITY_BRIDGE_MODE": "live", "CLARITY_BRIDGE_ORIGINS": f"{SITE}, https://m.ejemplo.co"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bridge")
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, **BRIDGE) as running:
        yield running


@pytest.fixture
def session():
    return str(uuid.uuid4())


def order(session, *, analytics=True, **overrides):
    return an_event(
        messageId=str(uuid.uuid4()),
        timestamp=datetime.now(UTC).isoformat(),
        context={
            "sessionId": session,
            "consent": {"categoryPreferences": {"advertising": True, "analytics": analytics}},
        },
        **overrides,
    )


def fetch(shop, session, **headers):
    return httpx.get(
        f"{shop.server.url}/v1/mailbox/clarity", params={"session": session}, headers=headers
    )


def waiting(shop, session):
    return fetch(shop, session).json()["items"]


def acknowledge(shop, session, ids, **headers):
    return httpx.post(
        f"{shop.server.url}/v1/mailbox/clarity/ack",
        params={"session": session},
        json={"ids": ids},
        headers=headers,
    )


def fate(shop, event):
    """The one delivery of the event here, as (state, reason)."""
    [one] = shop.deliveries("--destination", "clarity", "--message-id", event["messageId"])
    return one["state"], one["reason"]


def test_an_order_waits_for_its_session_until_the_page_says_that_it_has_it(shop, session):
    event = order(session)
    shop.post([event])

    [item] = wait_until(lambda: waiting(shop, session))
    before = fate(shop, event)
    answer = fetch(shop, session)
    acknowledged = [acknowledge(shop, session, [item["id"]]).json()["taken"] for _ in range(2)]

    assert answer.json()["items"] == [item]
    assert answer.headers["cache-control"] == "no-store"
    assert item["id"] == event["messageId"]
    assert item["payload"]["calls"] == [
        {"op": "set", "key": "order_value_band", "value": "1m-3m"},
        {"op": "event", "name": "purchase"},
    ]
    assert before == ("waiting", "")
    assert acknowledged == [1, 0]
    assert waiting(shop, session) == []
    assert fate(shop, event) == ("delivered", "handed to the browser")


def test_another_session_sees_nothing_and_takes_nothing(shop, session):
    shop.post([order(session)])
    [item] = wait_until(lambda: waiting(shop, session))
    other = str(uuid.uuid4())

    assert fetch(shop, other).json() == {"items": []}
    assert acknowledge(shop, other, [item["id"]]).json()["taken"] == 0
    assert waiting(shop, session) == [item]


def test_without_consent_nothing_waits(shop, session):
    event = order(session, analytics=False)
    shop.post([event])

    wait_until(lambda: shop.recorded(message_id=event["messageId"]))
    assert wait_until(lambda: fate(shop, event)) == ("skipped", "consent")
    assert waiting(shop, session) == []


@pytest.mark.parametrize("key", ["", "1afj2k", "1790000000.1790000000", "' OR 1=1 --1234567"])
def test_a_key_that_could_be_guessed_is_refused_by_its_form(shop, key):
    refused = fetch(shop, key)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_session")
    assert acknowledge(shop, key, []).status_code == 400


@pytest.mark.parametrize("name", ["meta", "nothing"])
def test_only_a_mailbox_can_be_asked(shop, session, name):
    answer = httpx.get(f"{shop.server.url}/v1/mailbox/{name}", params={"session": session})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"ids": "a"}', '{"ids": [' + ",".join(['"a"'] * 101) + "]}", "no json"]
)
def test_an_acknowledgement_of_another_shape_is_refused(shop, session, body):
    answer = httpx.post(
        f"{shop.server.url}/v1/mailbox/clarity/ack", params={"session": session}, content=body
    )

    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_shape", "invalid_json")


@pytest.mark.parametrize("origin", [SITE, "https://m.ejemplo.co"])
def test_pages_of_the_shop_s_sites_may_fetch(shop, session, origin):
    url = f"{shop.server.url}/v1/mailbox/clarity"
    preflight = httpx.options(f"{url}/ack", headers={"Origin": origin})

    for answer in (
        fetch(shop, session, Origin=origin),
        acknowledge(shop, session, [], Origin=origin),
        fetch(shop, "short", Origin=origin),
        preflight,
    ):
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["vary"] == "Origin"
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{SITE}.evil.example"])
def test_pages_of_another_site_are_refused_and_change_nothing(shop, session, origin):
    shop.post([order(session)])
    [item] = wait_until(lambda: waiting(shop, session))
    url = f"{shop.server.url}/v1/mailbox/clarity"

    for answer in (
        fetch(shop, session, Origin=origin),
        acknowledge(shop, session, [item["id"]], Origin=origin),
        httpx.options(url, headers={"Origin": origin}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert "access-control-allow-origin" not in answer.headers
    assert waiting(shop, session) == [item]


def test_a_page_of_the_server_s_own_host_may_fetch(shop, session):
    assert fetch(shop, session, Origin=shop.server.url).status_code == 200


def test_the_counts_add_up_over_what_waits_and_what_was_taken(shop, session):
    events = [order(session) for _ in range(3)]
    shop.post(events)
    items = wait_until(lambda: len(waiting(shop, session)) == 3 and waiting(shop, session))
    acknowledge(shop, session, [items[0]["id"]])

    summary = shop.lines("deliveries", "--summary")[0]["clarity"]
    recorded = shop.deliveries("--destination", "clarity")

    assert sum(summary.values()) == len(recorded)
    assert {state: summary[state] for state in ("waiting", "delivered")} == {
        state: sum(one["state"] == state for one in recorded) for state in ("waiting", "delivered")
    }


def test_kill_9_between_putting_and_fetching_loses_nothing_and_doubles_nothing(tmp_path, session):
    events = [order(session) for _ in range(12)]
    ids = [event["messageId"] for event in events]

    with sandbox_running(tmp_path) as sandbox:
        with server_running(tmp_path, sandbox, **BRIDGE) as shop:
            shop.post(events[:6])
            wait_until(lambda: len(waiting(shop, session)) == 6)
            acknowledge(shop, session, ids[:2])
            # Some of these are in the mailbox by then, some in the log alone.
            shop.post(events[6:])
            shop.server.process.send_signal(signal.SIGKILL)
            shop.server.process.wait()

        with server_running(tmp_path, sandbox, **BRIDGE) as shop:
            wait_until(lambda: len(waiting(shop, session)) >= 10)
            handed = [item["id"] for item in waiting(shop, session)]
            acknowledge(shop, session, handed)
            states = {fate(shop, event) for event in events}

    assert handed == ids[2:]
    assert states == {("delivered", "handed to the browser")}


def test_off_as_it_comes_it_hands_out_nothing_and_records_nothing(tmp_path, session):
    with sandbox_running(tmp_path) as sandbox, server_running(tmp_path, sandbox) as shop:
        shop.post([order(session)])
        wait_until(lambda: shop.recorded(destination="meta"))

        assert fetch(shop, session).json() == {"items": []}
        assert shop.deliveries("--destination", "clarity") == []


@pytest.mark.parametrize("origin", ["http://[", "null", "::", "http://tienda.example.com:99999999"])
def test_an_origin_that_is_none_is_refused_and_no_fault(shop, session, origin):
    answer = fetch(shop, session, Origin=origin)

    assert answer.status_code == 403
    assert answer.json()["code"] == "origin_not_allowed"
