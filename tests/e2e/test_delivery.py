"""Delivery to vendors that fail: retried, split, paused or dead, and never in each other's way."""

import json

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import a_project, sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def running(tmp_path, sandbox):
    set_fault(sandbox, "meta", "")
    httpx.delete(f"{sandbox.url}/received")
    with server_running(tmp_path, sandbox) as running:
        yield running


def set_fault(sandbox, vendor, faults):
    answer = httpx.post(f"{sandbox.url}/faults", json={"vendor": vendor, "faults": faults})
    assert answer.status_code == 200


def at_meta(running, state):
    found = running.deliveries("--destination", "meta", "--state", state)
    return sorted(found, key=lambda one: one["message_id"])


def orders(*ids, **overrides):
    """Orders of this moment: a window of three days would be over for the example's date."""
    return [an_event(messageId=one, timestamp=..., **overrides) for one in ids]


def test_a_vendor_that_is_down_is_tried_again_with_the_same_payload(running, sandbox):
    set_fault(sandbox, "meta", "503")
    running.post(orders("down-1"))
    wait_until(lambda: at_meta(running, "retrying"))

    set_fault(sandbox, "meta", "")
    [delivery] = wait_until(lambda: at_meta(running, "delivered"))

    first, *_, last = running.received("meta", message_id="down-1")
    assert delivery["attempts"] >= 2
    assert first["status"] == 503
    assert last["accepted"] == ["down-1"]
    assert first["body"]["data"] == last["body"]["data"]


def test_a_vendor_that_is_down_holds_up_no_other(running, sandbox):
    set_fault(sandbox, "meta", "503")
    running.post(orders("alone-1"))

    wait_until(lambda: running.accepted("posthog") and running.accepted("ga4"))
    assert running.accepted("meta") == []


def test_an_answer_that_never_comes_is_tried_again_and_carries_one_key(running, sandbox):
    set_fault(sandbox, "meta", "reset")
    running.post(orders("lost-1"))
    wait_until(lambda: at_meta(running, "retrying"))

    set_fault(sandbox, "meta", "")
    wait_until(lambda: at_meta(running, "delivered"))

    assert set(running.accepted("meta")) == {"lost-1"}


def test_a_refused_token_pauses_and_keeps_everything(running, sandbox):
    set_fault(sandbox, "meta", "error-190")
    running.post(orders("paused-1", "paused-2"))

    paused = wait_until(lambda: at_meta(running, "paused"))
    ready = httpx.get(f"{running.server.url}/readyz").json()

    assert {one["message_id"] for one in paused} == {"paused-1", "paused-2"}
    assert "190" in paused[0]["reason"]
    assert ready["destinations"]["meta"]["state"] == "paused"
    assert ready["destinations"]["ga4"]["state"] == "running"


def test_the_one_bad_event_of_a_batch_is_found_and_the_others_go(tmp_path, sandbox):
    set_fault(sandbox, "meta", "")
    project = a_project_whose_contract_lets_clear_text_through(tmp_path)
    bad = orders("bad", properties={**an_event()["properties"], "order_id": "BAD"})

    with server_running(tmp_path, sandbox, project) as running:
        running.post([*orders("good-1", "good-2", "good-3"), *bad, *orders("good-4", "good-5")])
        running.settled(expected=6 * 4)
        [dead] = at_meta(running, "dead")
        delivered = [one["message_id"] for one in at_meta(running, "delivered")]
        requests = running.received("meta", message_id="bad")

    assert dead["message_id"] == "bad"
    assert "2804016" in dead["reason"]
    assert delivered == ["good-1", "good-2", "good-3", "good-4", "good-5"]
    assert [len(item["body"]["data"]) for item in requests] == [6, 3, 2, 1]


def a_project_whose_contract_lets_clear_text_through(tmp_path):
    project = a_project(tmp_path)
    meta = project / "destinations/meta.yaml"
    meta.write_text(meta.read_text().replace("contract: schemas/payloads/meta.yaml\n", ""))
    rules = project / "rules/meta.yaml"
    rule = """
rules:
  - name: bad
    match: { type: track, event: Order Completed }
    when: "{{ properties.order_id == 'BAD' }}"
    payload: { event_name: Contact, user_data: { em: in-clear@example.com } }
"""
    rules.write_text(rules.read_text().replace("\nrules:\n", rule, 1))
    return project


def test_a_missing_secret_pauses_the_destination_with_its_name(tmp_path, sandbox):
    with server_running(tmp_path, sandbox, META_CONVERSION_API_TOKEN="") as running:
        running.post(orders("unset-1"))
        wait_until(lambda: running.accepted("ga4"))
        ready = httpx.get(f"{running.server.url}/readyz").json()

    assert ready["destinations"]["meta"]["reason"] == "not set: META_CONVERSION_API_TOKEN"
    assert "META_CONVERSION_API_TOKEN" in running.server.said()
    assert running.received("meta", message_id="unset-1") == []


def test_what_a_paused_destination_has_not_read_counts_as_waiting(tmp_path, sandbox):
    with server_running(tmp_path, sandbox, META_CONVERSION_API_TOKEN="") as running:
        running.post(orders("unread-1", "unread-2", "unread-3"))
        wait_until(lambda: running.accepted("posthog"))
        summary = json.loads(running.encamina("deliveries", "--summary", "--json").stdout)

    assert summary["meta"]["waiting"] == 3
    assert sum(summary["meta"].values()) == 3


def test_a_stop_with_every_vendor_down_loses_nothing(tmp_path, sandbox):
    set_fault(sandbox, "meta", "503")
    with server_running(tmp_path, sandbox) as running:
        running.post(orders(*(f"stop-{number}" for number in range(20))))
        assert running.server.ended() == 0

    set_fault(sandbox, "meta", "")
    with server_running(tmp_path, sandbox) as running:
        wait_until(lambda: len(at_meta(running, "delivered")) == 20)
