"""Every way that a delivery's life can go, walked by a real server: one event, one way each."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from engine.model.delivery import State
from tests.support.chaos import an_order, edit, plain_project, set_faults, wait_for, with_rules
from tests.support.processes import Running, sandbox_running, server_running

pytestmark = pytest.mark.slow

MATCH = "match: { type: track, event: Order Completed }"
PAYLOAD = 'payload: { id: "{{ event.messageId }}" }'


def one_rule(more, payload=PAYLOAD):
    return f"  - name: order\n    {MATCH}\n    {more}\n    {payload}\n"


CONTRACT = "type: object\nrequired: [id, amount]\n"
RESPONSE = r"^  - \{ when: .* \}\n"
RETRY = r"^retry: .*\n"

WAYS = {
    "delivered": ("delivered", ""),
    "unverified": ("unverified", ""),
    "shadowed": ("shadowed", ""),
    "retrying": ("retrying", "HTTP 503"),
    "no-answer": ("retrying", "no answer within 1 s"),
    "paused": ("paused", "HTTP 401"),
    "refused": ("dead", "HTTP 400"),
    "told-dead": ("dead", "not ours"),
    "contract": ("dead", "contract; amount"),
    "too-old": ("dead", "older than 1d"),
    "given-up": ("dead", r"given up after .*; last: HTTP 503"),
    "fault-in-when": ("dead", "rules/fault-in-when.yaml:"),
    "bound": ("dead", "1,000 steps"),
    "integrations": ("skipped", "integrations"),
    "sources": ("skipped", "sources"),
    "consent": ("skipped", "consent"),
    "rollout": ("skipped", "rollout"),
    "no-rule": ("skipped", "no rule"),
    "no-lines": ("skipped", "no lines"),
    "dropped": ("skipped", "not of interest"),
}
"""By the name of its destination: the state that it ends in, or stays in, and the reason."""

FAULTS = {
    "retrying": "503",
    "no-answer": "timeout",
    "paused": "401",
    "refused": "400",
    "told-dead": "418",
    "given-up": "503",
}

CHANGES = {
    "unverified": [("then: delivered", "then: unverified")],
    "shadowed": [("^title:", "mode: shadow\ntitle:")],
    "told-dead": [
        (RESPONSE, '  - { when: "{{ status == 418 }}", then: dead, reason: not ours }\n')
    ],
    "contract": [("^title:", "contract: schemas/payloads/contract.yaml\ntitle:")],
    "too-old": [("^window: 7d", "window: 1d"), ("max_age: 1d", "max_age: 1h")],
    "given-up": [("max_age: 1d", "max_age: 1s")],
    "sources": [("^title:", "sources: [elsewhere]\ntitle:")],
    "consent": [("all: .advertising.", "all: [functional]")],
    "rollout": [("^title:", "rollout: { percent: 0 }\ntitle:")],
    "unset": [(r"in, body", "in, headers: { X: '{{ env.NOT_SET_TOKEN }}' }, body")],
    "off": [("^title:", 'mode: "off"\ntitle:')],
}

RULES = {
    "fault-in-when": one_rule("when: \"{{ properties.total + 'x' == 1 }}\""),
    "bound": f"  - name: order\n    {MATCH}\n    payload: {{ all: {{ $for: n in properties.list, $do: '{{{{ n }}}}' }} }}\n",
    "no-rule": one_rule('when: "{{ properties.total > 100 }}"'),
    "no-lines": one_rule("each: line in properties.none").replace(
        "event.messageId", "event.messageId ~ '-' ~ part"
    ),
    "contract": one_rule(
        "", 'payload: { id: "{{ event.messageId }}", amount: "{{ properties.none }}" }'
    ),
    "dropped": f"  - name: order\n    {MATCH}\n    drop: not of interest\n",
}


def a_project_of_every_way(tmp_path):
    names = [*WAYS, "unset", "off"]
    project = plain_project(tmp_path, *names, **{"schemas/payloads/contract.yaml": CONTRACT})
    edit(
        project / "encamina.yaml",
        (r"^(  shop: .*\n)", r"\1  elsewhere: { kind: server, write_key: another-key }\n"),
    )
    for name, changes in CHANGES.items():
        edit(project / f"destinations/{name}.yaml", *changes)
    for name, rules in RULES.items():
        with_rules(project, name, rules)
    return project


@dataclass(frozen=True)
class Walked:
    """The server, and what was told by destination before anything else came to it.

    ``story`` is of ``explain``, ``deliveries`` and ``counts`` are of ``deliveries``.
    """

    shop: Running
    story: dict
    deliveries: dict
    counts: dict


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A server after one event has gone every way."""
    folder = tmp_path_factory.mktemp("ways")
    project = a_project_of_every_way(folder)
    with sandbox_running(folder) as sandbox:
        for vendor, fault in FAULTS.items():
            set_faults(sandbox, fault, vendor)
        with server_running(folder, sandbox, project) as shop:
            answer = shop.post([the_order()]).json()
            assert answer["accepted"] == 1
            wait_for(lambda: len(shop.deliveries()) >= len(WAYS) and no_more_to_come(shop), 30)
            [told] = shop.lines("explain", "one")
            [event] = told["events"]
            yield Walked(
                shop,
                {one["destination"]: one for one in event["destinations"]},
                {one["destination"]: one for one in shop.deliveries()},
                shop.lines("deliveries", "--summary")[0],
            )


def the_order():
    order = an_order("one", integrations={"integrations": False})
    del order["timestamp"]
    properties = {**order["properties"], "list": [1] * 1001}
    return {**order, "originalTimestamp": two_days_ago(), "properties": properties}


def two_days_ago():
    return (datetime.now(UTC) - timedelta(days=2)).isoformat()


def no_more_to_come(shop):
    by_name = {one["destination"]: one["state"] for one in shop.deliveries()}
    return all(by_name.get(name) == state for name, (state, _) in WAYS.items())


@pytest.mark.parametrize("way", WAYS)
def test_each_way_ends_in_its_state_with_its_reason_and_explain_names_it(walked, way):
    state, reason = WAYS[way]
    found = walked.deliveries[way]
    [told] = walked.story[way]["deliveries"]

    for one in (found, told):
        assert (one["message_id"], one["state"]) == ("one", state)
        assert re.search(reason, one["reason"]) if reason else one["reason"] == ""
    assert walked.story[way]["why"], "nothing says why"
    assert bool(told["tried"]) == (told["attempts"] > 0)


def test_what_a_destination_has_not_read_is_waiting_and_one_that_is_off_has_none(walked):
    story, counts = walked.story, walked.counts

    assert story["unset"]["deliveries"] == story["off"]["deliveries"] == []
    assert counts["unset"]["waiting"] == 1
    assert not any(counts.get("off", {}).values())


def test_every_state_that_this_version_can_reach_is_reached(walked):
    reached = {state for one in walked.counts.values() for state, count in one.items() if count}

    assert reached == set(State) - {State.ERASED}  # erased comes with the erasure of a person


def test_a_refusal_before_the_next_attempt_ends_as_skipped(walked):
    shop = walked.shop
    refusal = an_order("refusal", userId="user-one")
    refusal["context"]["consent"] = {"categoryPreferences": {"advertising": False}}
    shop.post([refusal])
    set_faults(shop.sandbox, "", "retrying")

    def fate():
        [one] = shop.deliveries("--destination", "retrying", "--message-id", "one")
        return one if one["state"] == "skipped" else None

    assert wait_for(fate, within_s=30)["reason"] == "consent"
    assert httpx.get(f"{shop.server.url}/readyz").status_code == 200
