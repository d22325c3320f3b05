"""A vendor at its worst: each delivery is delivered, or dead with the reason the vendor gave."""

import random
from collections import Counter

import pytest

from tests.support.chaos import edit, impatient, scaled, set_faults, summary_of, wait_while_it_moves
from tests.support.events import an_event
from tests.support.processes import a_project, sandbox_running, server_running

pytestmark = pytest.mark.slow

EVENTS = scaled(120, 5_000)
BAD_EVERY = 40
VENDORS = ("meta", "ga4", "gtm", "posthog")
CHAOS = "500:0.2,429:0.1,timeout:0.05,reset:0.05,wrong-json:0.01"
"""500s, 429s with Retry-After, no answer, an answer that breaks off, and JSON that does."""

BAD_RULE = """
rules:
  - name: in-clear
    match: { type: track, event: Order Completed }
    when: "{{ properties.order_id == 'BAD' }}"
    payload: { event_name: Contact, user_data: { em: in-clear@example.com } }
"""


def test_with_every_fault_at_once_nothing_is_stuck_and_nothing_dies_wrongly(tmp_path):
    random.seed(20)
    project = an_impatient_project(tmp_path)
    good = [f"chaos-{number}" for number in range(EVENTS)]
    bad = good[::BAD_EVERY]

    with sandbox_running(tmp_path) as sandbox:
        set_faults(sandbox, CHAOS, *VENDORS)
        with server_running(tmp_path, sandbox, project) as shop:
            for start in range(0, EVENTS, 25):
                events = [order(one, bad) for one in good[start : start + 25]]
                assert shop.post(events).json()["accepted"] == len(events)
            wait_while_it_moves(lambda: is_done(shop), lambda: summary_of(shop))
            deliveries = shop.deliveries()
            faults = Counter(one["fault"] for name in VENDORS for one in shop.received(name))
            accepted = {vendor: Counter(shop.accepted(vendor)) for vendor in VENDORS}
            log = shop.server.said()

    sent = [one for one in deliveries if one["destination"] in VENDORS]
    found = Counter((one["destination"], one["state"]) for one in sent)
    assert found == {
        ("meta", "delivered"): EVENTS - len(bad),
        ("meta", "dead"): len(bad),
        ("posthog", "delivered"): EVENTS,
        ("ga4", "unverified"): EVENTS,
        ("gtm", "unverified"): EVENTS,
    }
    dead = [one for one in deliveries if one["state"] == "dead"]
    assert {one["message_id"] for one in dead} == set(bad)
    assert all("2804016" in one["reason"] for one in dead), Counter(one["reason"] for one in dead)
    assert set(accepted["meta"]) == set(good) - set(bad)
    assert {"500", "429", "timeout", "reset"} <= {str(one) for one in faults}
    assert "Traceback" not in log
    assert "in-clear@example.com" not in log
    repeats = {vendor: keys.total() - len(keys) for vendor, keys in accepted.items()}
    print(f"{EVENTS} events, requests by fault {dict(faults)}, repeats {repeats}")


def an_impatient_project(tmp_path):
    """The reference project, in small batches and with short waits."""
    project = a_project(tmp_path)
    impatient(project, *VENDORS)
    meta = project / "destinations/meta.yaml"
    edit(meta, (r"max_events: \d+", "max_events: 10"), (r"^contract: .*\n", ""))
    edit(project / "destinations/posthog.yaml", (r"max_events: \d+", "max_events: 10"))
    rules = project / "rules/meta.yaml"
    rules.write_text(rules.read_text().replace("\nrules:\n", BAD_RULE, 1))
    return project


def order(message_id, bad):
    body = an_event(messageId=message_id, timestamp=..., userId=message_id)
    if message_id in bad:
        body["properties"] = {**body["properties"], "order_id": "BAD"}
    return body


def is_done(shop):
    counts = summary_of(shop)
    return all(
        sum(counts[name].get(state, 0) for state in ("delivered", "unverified", "dead")) >= EVENTS
        for name in VENDORS
    )
