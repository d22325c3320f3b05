"""The published server SDKs, unchanged: what they send is there once, by their account and ours."""

import math
import uuid
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
from types import SimpleNamespace

import pytest

from tests.e2e.sdks import ALSO, SDKS, TEXT, UNROUTED, calls_of, params, sdk_running, send_all
from tests.support.processes import sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

COUNT = 60
AT_META = {"page", "Product Viewed"}
"""What the reference rules send to Meta of the calls that are made here."""

ROUTED = {"posthog": 55 + 10, "meta": 15 + 2}
"""Events of each SDK that a rule sends there; PostHog gets all but the unplanned and the bad one."""

each_sdk = pytest.mark.parametrize("sdk", params(SDKS))
each_setting = pytest.mark.parametrize("sdk", params([*SDKS, *ALSO]))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdks")
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox) as running:
        yield running


@pytest.fixture(scope="module")
def sent(running, node_modules):
    """All SDKs at once have sent their calls, and everything was delivered."""
    here = [sdk for sdk in [*SDKS, *ALSO] if node_modules or not sdk.needs_node]
    calls = {
        # The Python SDKs write NaN, which is no JSON; JavaScript makes a null of it by itself.
        sdk.name: calls_of(sdk.name, COUNT, ratio=1.5 if sdk.needs_node else math.nan)
        for sdk in here
    }
    with ExitStack() as stack:
        clients = {
            sdk.name: stack.enter_context(sdk_running(sdk, running.server.url, node_modules))
            for sdk in here
        }
        accounts = send_all(clients, calls)
        with_a_bad_one = send_all(clients, {sdk.name: calls_with_a_bad_one(sdk) for sdk in here})
    wait_until(lambda: all_arrived(running, len(here)))
    return SimpleNamespace(
        calls=calls,
        accounts=accounts,
        with_a_bad_one=with_a_bad_one,
        events=running.lines("events", "--limit", "100000"),
        accepted={vendor: Counter(running.accepted(vendor)) for vendor in ("posthog", "meta")},
    )


def all_arrived(running, sdks):
    return all(len(running.accepted(vendor)) >= count * sdks for vendor, count in ROUTED.items())


def events_of(sent, sdk):
    return [one for one in sent.events if one["event"]["userId"].startswith(f"{sdk.name}:")]


def by_person(sent, sdk):
    """Each call with the event that came of it."""
    found = {one["event"]["userId"]: one["event"] for one in events_of(sent, sdk)}
    return [(call, found[call["userId"]]) for call in sent.calls[sdk.name]]


@each_setting
def test_by_its_own_account_the_sdk_delivered_everything(sent, sdk):
    account = sent.accounts[sdk.name]

    assert account.failed == {}
    assert Counter(account.delivered) == Counter(call["userId"] for call in sent.calls[sdk.name])


@each_setting
def test_by_our_account_everything_is_there_once(sent, sdk):
    events = events_of(sent, sdk)

    assert {one["verdict"] for one in events} == {"accepted"}
    people = Counter(one["event"]["userId"] for one in events)
    assert people == Counter(call["userId"] for call in sent.calls[sdk.name])
    assert len({one["event"]["messageId"] for one in events}) == COUNT


@each_setting
def test_each_destination_got_what_is_routed_to_it_once(sent, sdk):
    events = [one["event"] for one in events_of(sent, sdk)]
    planned = [one for one in events if one.get("event") != UNROUTED]
    at_meta = [one for one in events if AT_META & {one["type"], one.get("event")}]

    assert [sent.accepted["posthog"][uuid_of(one["messageId"])] for one in planned] == [1] * 55
    assert [sent.accepted["meta"][one["messageId"]] for one in at_meta] == [1] * 15


def uuid_of(message_id):
    try:
        return str(uuid.UUID(message_id))
    except ValueError:
        return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_OID, "encamina"), message_id))


@each_setting
def test_what_a_call_said_is_what_the_event_says(sent, sdk):
    for call, event in by_person(sent, sdk):
        for key in {"type", "event", "name", "groupId", "previousId", "messageId"} & call.keys():
            assert event[key] == call[key]
        if "properties" in call:
            assert event["properties"].items() >= call["properties"].items()
        if "traits" in call:
            # RudderStack's Python SDK puts an identify's traits there alone.
            assert event.get("traits", event["context"].get("traits")) == call["traits"]


@each_setting
def test_text_arrives_whole_and_what_is_no_json_is_mended(sent, sdk):
    said = [event["context"]["test"] for _, event in by_person(sent, sdk)]

    ratio = {"ratio": 1.5} if sdk.needs_node else {}
    assert said == [{"text": TEXT, "cut": "corte \ufffd", **ratio}] * COUNT


@each_setting
def test_a_time_that_the_caller_gave_is_the_event_s(sent, sdk):
    given = [(call, event) for call, event in by_person(sent, sdk) if "timestamp" in call]

    assert len(given) == COUNT / 5
    for call, event in given:
        told, kept = (datetime.fromisoformat(one["timestamp"]) for one in (call, event))
        assert abs((kept - told).total_seconds()) < 60


@each_sdk
def test_a_bad_event_spoils_neither_its_batch_nor_the_sdk(sent, sdk):
    calls = calls_with_a_bad_one(sdk)
    account = sent.with_a_bad_one[sdk.name]

    assert account.failed == {}
    assert Counter(account.delivered) == Counter(call["userId"] for call in calls)
    verdicts = {
        one["event"]["userId"]: (one["verdict"], *(error["path"] for error in one["errors"]))
        for one in sent.events
        if one["event"]["userId"].startswith(f"{sdk.name}-bad")
    }
    assert verdicts.pop(calls[6]["userId"]) == ("quarantined", "properties.price")
    assert list(verdicts.values()) == [("accepted",)] * 11


def calls_with_a_bad_one(sdk):
    calls = calls_of(f"{sdk.name}-bad", 12)
    calls[6] |= {"event": "Product Viewed", "properties": {"product_id": "A56", "price": "gratis"}}
    return calls


@each_sdk
def test_a_wrong_write_key_is_reported_and_ends_no_process(running, node_modules, sdk):
    calls = calls_of(f"{sdk.name}-key", 3)

    with sdk_running(sdk, running.server.url, node_modules, key="nobody's") as client:
        account = client.send(calls)

    assert account.delivered == []
    assert account.failed.keys() == {call["userId"] for call in calls}
    assert all("401" in said for said in account.failed.values()), account.failed
