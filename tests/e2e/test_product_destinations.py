"""The shop's day at Amplitude, Mixpanel, Klaviyo, Slack and a signed webhook."""

import json
from collections import Counter

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import ROOT, a_project, sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

DAY = ROOT / "tests/data/shop-day.jsonl"
ENV = {
    "AMPLITUDE_API_KEY": "demo-amplitude-key",
    "MIXPANEL_PROJECT_ID": "1234567",
    "MIXPANEL_SERVICE_USER": "encamina.demo.mp-service-account",
    "MIXPANEL_SERVICE_SECRET": "demo-mixpanel-secret",
    "KLAVIYO_API_KEY": "pk_demo_klaviyo",
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0DEMO/B0DEMO/demo",
    "WEBHOOK_URL": "https://erp.example.com/hooks/encamina",
    "WEBHOOK_SECRET": "demo-webhook-secret",
    **dict.fromkeys(("META_MODE", "GA4_MODE", "GTM_MODE", "POSTHOG_MODE"), "off"),
}
NAMES = ("amplitude", "mixpanel", "klaviyo", "slack", "webhook")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A pair of its own after the day was sent and everything has its fate."""
    folder = tmp_path_factory.mktemp("day")
    with sandbox_running(folder) as own, server_running(folder, own, **ENV) as running:
        sent = running.encamina("send", str(DAY), "--redate", "--json", "--url", running.server.url)
        accepted = json.loads(sent.stdout)["accepted"]
        running.settled(expected=accepted * len(NAMES), within_s=90)
        yield running


def dead(running, name):
    return running.deliveries("--destination", name, "--state", "dead")


@pytest.mark.parametrize("name", NAMES)
def test_the_day_arrives_and_nothing_is_refused(day, name):
    states = Counter(one["state"] for one in day.deliveries("--destination", name))
    items = [one for one in day.received(name) if one["status"] != 429]

    assert states["delivered"] > 0
    assert set(states) <= {"delivered", "skipped"}
    assert {one["status"] for one in items} <= {200, 202}
    assert [one["diagnostics"] for one in items if one["diagnostics"]] == []


@pytest.mark.parametrize("name", ["amplitude", "mixpanel", "klaviyo", "webhook"])
def test_each_delivery_arrived_under_a_key_of_its_own(day, name):
    delivered = day.deliveries("--destination", name, "--state", "delivered")
    keys = day.accepted(name)

    assert len(keys) == len(set(keys)) == len(delivered)


def test_an_order_is_one_event_and_one_for_each_line_at_klaviyo(day):
    placed, ordered = (at_klaviyo(day, name) for name in ("Placed Order", "Ordered Product"))
    lines = Counter(
        (one["properties"]["OrderId"], item["SKU"])
        for one in placed
        for item in one["properties"]["Items"]
    )

    assert len(placed) == 9
    assert (
        Counter((one["properties"]["OrderId"], one["properties"]["SKU"]) for one in ordered)
        == lines
    )


def at_klaviyo(day, metric):
    found = [one["body"]["data"]["attributes"] for one in day.received("klaviyo")]
    return [one for one in found if one["metric"]["data"]["attributes"]["name"] == metric]


def test_only_large_orders_are_told_to_the_team(day):
    texts = [one["body"]["text"] for one in day.received("slack") if one["status"] == 200]

    assert len(texts) == 3
    assert all(
        text.startswith("*Order ") and "\ncustomer " in text and "***@" in text for text in texts
    )


def orders(*ids, order_id="SO-1"):
    properties = {**an_event()["properties"], "order_id": order_id}
    return [an_event(messageId=one, timestamp=..., properties=properties) for one in ids]


@pytest.mark.parametrize(
    ("name", "bad"),
    [("amplitude", "{ time: yesterday }"), ("mixpanel", "{ properties: { time: yesterday } }")],
)
def test_a_bad_event_dies_alone_without_halving(tmp_path, sandbox, name, bad):
    httpx.delete(f"{sandbox.url}/received")
    project = a_project_that_sends(tmp_path, name, bad)
    events = [*orders("g-1", "g-2"), *orders("bad", order_id="BAD"), *orders("g-3", "g-4")]

    with server_running(tmp_path, sandbox, project, **ENV) as running:
        running.post(events)
        [refused] = wait_until(lambda: dead(running, name))
        wait_until(lambda: running.recorded(destination=name) == len(events))
        states = {
            one["message_id"]: one["state"] for one in running.deliveries("--destination", name)
        }
        items = running.received(name)

    assert refused["message_id"] == "bad"
    assert "time" in refused["reason"]
    assert states == {"bad": "dead", **dict.fromkeys(("g-1", "g-2", "g-3", "g-4"), "delivered")}
    # Amplitude stores nothing of a refused request; Mixpanel has stored the good ones already.
    assert [one["status"] for one in items] == ([400, 200] if name == "amplitude" else [400])
    assert [one for one in items if one["diagnostics"]] == []


def a_project_that_sends(folder, name, bad):
    project = a_project(folder)
    destination = project / f"destinations/{name}.yaml"
    text = destination.read_text().replace(f"contract: schemas/payloads/{name}.yaml\n", "")
    destination.write_text(text)
    rules = project / f"rules/{name}.yaml"
    rule = f"""
rules:
  - name: bad
    match: {{ type: track, event: Order Completed }}
    when: "{{{{ properties.order_id == 'BAD' }}}}"
    payload: {bad}
"""
    rules.write_text(rules.read_text().replace("\nrules:\n", rule, 1))
    return project


def test_a_receiver_that_is_gone_pauses_and_keeps_everything(tmp_path, sandbox):
    body = {"vendor": "webhook", "faults": "410"}
    assert httpx.post(f"{sandbox.url}/faults", json=body).status_code == 200
    consent = {"consent": {"categoryPreferences": {"functional": True}}}

    with server_running(tmp_path, sandbox, **ENV) as running:
        running.post([an_event(messageId="gone-1", timestamp=..., context=consent)])
        [paused] = wait_until(
            lambda: running.deliveries("--destination", "webhook", "--state", "paused")
        )
    httpx.post(f"{sandbox.url}/faults", json={"vendor": "webhook", "faults": ""})

    assert paused["reason"] == "the receiver is gone (410)"


def test_a_lost_answer_counts_once_at_the_receiver(tmp_path, sandbox):
    httpx.delete(f"{sandbox.url}/received")
    httpx.post(f"{sandbox.url}/faults", json={"vendor": "webhook", "faults": "reset"})
    consent = {"consent": {"categoryPreferences": {"functional": True}}}

    with server_running(tmp_path, sandbox, **ENV) as running:
        running.post([an_event(messageId="lost-1", timestamp=..., context=consent)])
        wait_until(lambda: running.recorded(destination="webhook", state="retrying"))
        httpx.post(f"{sandbox.url}/faults", json={"vendor": "webhook", "faults": ""})
        wait_until(lambda: running.recorded(destination="webhook", state="delivered"))
        items = running.received("webhook")

    assert [note["code"] for note in items[-1]["diagnostics"]] == ["duplicate"]
    assert {one["body"]["id"] for one in items} == {"lost-1"}
