"""The example day, from the command line to the vendors' stand-ins and back."""

import json
from collections import Counter

import pytest

from tests.support.processes import ROOT, sandbox_running, server_running

pytestmark = pytest.mark.slow

DAY = ROOT / "tests" / "data" / "shop-day.jsonl"
DESTINATIONS = {"meta", "ga4", "gtm", "posthog"}
HARMLESS = {
    *("reports_worse", "duplicate", "may_be_lost"),  # no session id; an order told twice
    *("no_event_source_url", "no_client_user_agent"),  # an order that a webhook told
    "unusable_ip",  # the day's addresses are those that are kept for examples
}
"""What a vendor notes of a good event of the day."""


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The running pair after the day was sent, with what ``send`` said."""
    folder = tmp_path_factory.mktemp("day")
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox) as running:
        sent = running.encamina("send", str(DAY), "--redate", "--json", "--url", running.server.url)
        accepted = json.loads(sent.stdout)["accepted"]
        running.settled(expected=accepted * len(DESTINATIONS), within_s=60)
        yield running, json.loads(sent.stdout)


def events_of_the_day():
    return [json.loads(line) for line in DAY.read_text().splitlines()]


def test_the_verdicts_add_up(day):
    _, sent = day

    verdicts = ["accepted", "duplicate", "suppressed", "quarantined", "rejected"]
    assert sent["received"] == len(events_of_the_day()) == sum(sent[one] for one in verdicts)
    assert sent["duplicate"] == 1
    assert sent["rejected"] == sent["suppressed"] == 0


def test_every_broken_event_is_in_quarantine_with_its_reasons(day):
    running, sent = day
    broken = [one for one in events_of_the_day() if "broken" in one["context"].get("test", {})]

    kept = running.lines("events", "--verdict", "quarantined", "--limit", "1000")

    assert len(kept) == sent["quarantined"] == len(broken) == 8
    assert all(one["errors"] and one["event"]["context"]["test"]["broken"] for one in kept)


def test_every_accepted_event_has_a_fate_at_every_destination(day):
    running, sent = day
    fates = {(one["message_id"], one["destination"]) for one in running.deliveries()}
    accepted = running.lines("events", "--verdict", "accepted", "--limit", "1000")

    assert len(accepted) == sent["accepted"]
    assert {one["event"]["messageId"] for one in accepted} == {message for message, _ in fates}
    assert Counter(destination for _, destination in fates) == dict.fromkeys(
        {*DESTINATIONS, "store"}, sent["accepted"]
    )


def test_nothing_is_dead_and_the_states_add_up(day):
    running, _ = day
    listed = Counter((one["destination"], one["state"]) for one in running.deliveries())
    summary = json.loads(running.encamina("deliveries", "--summary", "--json").stdout)

    counted = {
        (destination, state): count
        for destination, states in summary.items()
        for state, count in states.items()
        if count
    }
    assert counted == dict(listed)
    assert {state for _, state in listed} <= {"delivered", "unverified", "skipped"}


@pytest.mark.parametrize("vendor", sorted(DESTINATIONS))
def test_the_vendor_s_stand_in_took_everything_without_complaint(day, vendor):
    running, _ = day

    items = running.received(vendor)

    assert items
    assert {item["status"] for item in items} <= {200, 204}
    notes = {note["code"] for item in items for note in item["diagnostics"]}
    assert notes <= HARMLESS, [item["diagnostics"] for item in items if item["diagnostics"]]


@pytest.mark.parametrize("vendor", sorted(DESTINATIONS))
def test_what_we_say_is_delivered_is_what_the_stand_in_got(day, vendor):
    running, _ = day
    told = [one for one in running.deliveries("--destination", vendor) if one["attempts"]]

    assert len(running.accepted(vendor)) == len(told)


def test_without_consent_nothing_is_sent(day):
    running, _ = day
    accepted = running.lines("events", "--verdict", "accepted", "--limit", "1000")

    def granted(event, category):
        said = event.get("context", {}).get("consent", {}).get("categoryPreferences", {})
        return category in said if isinstance(said, list) else said.get(category) is True

    without = {
        one["event"]["messageId"] for one in accepted if not granted(one["event"], "advertising")
    }
    assert without
    reasons = {
        one["reason"]
        for one in running.deliveries("--destination", "meta")
        if one["message_id"] in without
    }
    assert reasons == {"consent"}
    assert not without & set(running.accepted("meta"))


def test_no_secret_is_written_to_the_log(day):
    running, _ = day

    said = running.server.said()
    for name in ("META_CONVERSION_API_TOKEN", "META_APP_SECRET", "GTM_API_SECRET"):
        assert running.env[name] not in said


def test_the_server_stops_in_order(tmp_path):
    with sandbox_running(tmp_path) as sandbox, server_running(tmp_path, sandbox) as running:
        assert running.server.ended() == 0
        assert "Traceback" not in running.server.said()


def test_match_keys_tell_what_share_of_payloads_carried_each(day):
    running, _ = day

    counts = {
        (one["destination"], one["event"]): one
        for one in running.lines("deliveries", "--match-keys", "--destination", "meta")
    }
    table = running.encamina("deliveries", "--match-keys", "--destination", "meta").stdout

    order = counts["meta", "Order Completed"]
    assert order["carried"]["em"] == order["payloads"] > order["carried"]["fbc"] > 0
    assert order["carried"]["id"] == order["payloads"]
    assert {destination for destination, _ in counts} == {"meta"}
    assert "payloads" in table
    assert "100%" in table
