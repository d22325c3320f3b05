import pytest

from engine.model.clock import Millis
from engine.model.decision import Verb
from engine.pipeline.admit import admit
from engine.pipeline.decide import bucket, decide
from tests.support.events import NOW, SHOP, an_event, an_inbound
from tests.support.releases import FILES, a_release

DAY_MS = 86_400_000
HOOK = FILES["destinations/hook.yaml"]
RULES = FILES["rules/hook.yaml"]


def decisions(release, body=None, now=NOW):
    event = admit(release, an_inbound(body or an_event())).event
    return decide(release.destinations[0], event, SHOP, now)


def in_hook(**keys):
    """The hook's file with some keys added or replaced."""
    lines = [line for line in HOOK.splitlines() if not line.startswith(tuple(keys))]
    return {"destinations/hook.yaml": "\n".join([*lines, *(f"{k}: {v}" for k, v in keys.items())])}


def with_rules(*rules):
    return {"rules/hook.yaml": "destination: hook\nrules:\n" + "".join(rules)}


def test_a_matching_event_is_sent_with_its_payload(tmp_path):
    [decision] = decisions(a_release(tmp_path))

    assert (decision.destination, decision.verb, decision.rule) == ("hook", Verb.SEND, "order")
    assert decision.payload.body == {
        "id": "3f2a6c1e-0000-4000-8000-000000000001",
        "total": 1_414_700,
    }
    assert decision.payload.dedupe_key == "3f2a6c1e-0000-4000-8000-000000000001"


def test_an_event_that_no_rule_takes_is_skipped(tmp_path):
    [decision] = decisions(a_release(tmp_path), an_event("Something Else"))

    assert (decision.verb, decision.rule, decision.reason) == (Verb.SKIP, None, "no rule")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"integrations": {"hook": False}}, "integrations"),
        ({"integrations": {"THE HOOK": False}}, "integrations"),
        ({"integrations": {"webhook": False}}, "integrations"),
        ({"integrations": {"All": False}}, "integrations"),
        ({"context": {}}, "consent"),
        ({"context": {"consent": {"categoryPreferences": {"advertising": False}}}}, "consent"),
    ],
)
def test_a_closed_gate_skips_with_its_name(tmp_path, changes, reason):
    [decision] = decisions(a_release(tmp_path), an_event(**changes))

    assert (decision.verb, decision.rule, decision.reason) == (Verb.SKIP, None, reason)


@pytest.mark.parametrize(
    "integrations",
    [{"All": False, "hook": True}, {"All": False, "hook": {"option": 1}}, {"Other": False}, {}],
)
def test_an_integration_that_is_on_lets_through(tmp_path, integrations):
    [decision] = decisions(a_release(tmp_path), an_event(integrations=integrations))

    assert decision.verb is Verb.SEND


def test_a_destination_takes_its_sources_alone(tmp_path):
    [decision] = decisions(a_release(tmp_path, in_hook(sources="[web]")))

    assert (decision.verb, decision.reason) == (Verb.SKIP, "sources")


def test_a_destination_that_is_off_shows_what_it_would_get(tmp_path):
    [decision] = decisions(a_release(tmp_path, in_hook(mode='"off"')))

    assert (decision.verb, decision.reason) == (Verb.SKIP, "mode")
    assert decision.payload.body["total"] == 1_414_700


def test_a_shadow_is_rendered_and_not_sent(tmp_path):
    [decision] = decisions(a_release(tmp_path, in_hook(mode="shadow")))

    assert decision.verb is Verb.SHADOW


def test_an_event_older_than_the_window_is_invalid(tmp_path):
    release = a_release(tmp_path)

    [young] = decisions(release, now=Millis(NOW + 7 * DAY_MS - 3000))
    [old] = decisions(release, now=Millis(NOW + 7 * DAY_MS))

    assert young.verb is Verb.SEND
    assert (old.verb, old.reason) == (Verb.INVALID, "older than 7d")


def test_a_rule_s_own_window_replaces_the_destination_s(tmp_path):
    rule = RULES + "    window: 62d\n"
    release = a_release(tmp_path, {"rules/hook.yaml": rule})

    [decision] = decisions(release, now=Millis(NOW + 60 * DAY_MS))

    assert decision.verb is Verb.SEND
    assert decision.window_ms == 62 * DAY_MS


def test_a_broken_contract_names_the_field_and_the_line_of_the_rule(tmp_path):
    rule = """
  - name: order
    match: { event: Order Completed }
    payload:
      id: "{{ event.messageId }}"
      total: "{{ properties.currency }}"
"""
    [decision] = decisions(a_release(tmp_path, with_rules(rule)))

    assert (decision.verb, decision.reason) == (Verb.INVALID, "contract")
    [fault] = decision.faults
    assert (fault.path, fault.file, fault.line) == ("total", "rules/hook.yaml", 8)


def test_a_fault_in_a_leaf_costs_the_leaf(tmp_path):
    rule = """
  - name: order
    match: { event: Order Completed }
    payload:
      id: "{{ event.messageId }}"
      total: "{{ properties.currency + 1 }}"
"""
    [decision] = decisions(a_release(tmp_path, with_rules(rule)))

    assert decision.verb is Verb.SEND
    assert "total" not in decision.payload.body
    [fault] = decision.faults
    assert (fault.path, fault.line) == ("total", 8)
    assert "COP" not in fault.message


def test_a_fault_in_when_is_an_error_and_never_the_next_rule(tmp_path):
    rules = """
  - name: broken
    match: { event: Order Completed }
    when: "{{ properties.currency > 1 }}"
    payload: { id: first }
  - name: next
    match: { event: Order Completed }
    payload: { id: second }
"""
    [decision] = decisions(a_release(tmp_path, with_rules(rules)))

    assert (decision.verb, decision.rule, decision.payload) == (Verb.ERROR, "broken", None)
    assert decision.faults[0].line == 6


def test_a_false_when_tries_the_next_rule(tmp_path):
    rules = """
  - name: big
    match: { event: Order Completed }
    when: "{{ properties.total > 9000000 }}"
    payload: { id: big }
  - name: any
    match: { event: Order Completed }
    payload: { id: any }
"""
    [decision] = decisions(a_release(tmp_path, with_rules(rules)))

    assert decision.rule == "any"


def test_also_lets_matching_go_on(tmp_path):
    rules = """
  - name: first
    match: { event: Order Completed }
    also: true
    payload: { id: "{{ event.messageId }}:1" }
  - name: second
    match: { event: "Order *" }
    payload: { id: "{{ event.messageId }}:2" }
  - name: third
    match: { type: track }
    payload: { id: "{{ event.messageId }}:3" }
"""
    found = decisions(a_release(tmp_path, with_rules(rules)))

    assert [one.rule for one in found] == ["first", "second"]


def test_drop_is_a_decision_with_its_reason(tmp_path):
    rules = """
  - name: no-orders
    match: { event: Order Completed }
    drop: not of interest
"""
    [decision] = decisions(a_release(tmp_path, with_rules(rules)))

    assert (decision.verb, decision.rule, decision.reason) == (
        Verb.DROP,
        "no-orders",
        "not of interest",
    )


EACH = """
  - name: line
    match: { event: Order Completed }
    each: product in properties.products
    payload:
      id: "{{ event.messageId }}:{{ part }}"
      total: "{{ product.price | number }}"
"""


def test_each_makes_one_delivery_a_line(tmp_path):
    found = decisions(a_release(tmp_path, with_rules(EACH)))

    assert [one.part for one in found] == [0, 1]
    assert [one.payload.body["total"] for one in found] == [1_299_900, 49_900]
    assert len({one.payload.dedupe_key for one in found}) == 2


@pytest.mark.parametrize("products", [..., []])
def test_each_over_no_lines_is_one_skip(tmp_path, products):
    properties = {"order_id": "1"} | ({} if products is ... else {"products": products})

    [decision] = decisions(a_release(tmp_path, with_rules(EACH)), an_event(properties=properties))

    assert (decision.verb, decision.reason) == (Verb.SKIP, "no lines")


def test_each_over_what_is_no_list_is_an_error(tmp_path):
    rules = EACH.replace("properties.products", "properties.currency")

    [decision] = decisions(a_release(tmp_path, with_rules(rules)))

    assert decision.verb is Verb.ERROR


def test_a_truncated_ip_is_all_that_a_mapping_sees(tmp_path):
    rule = """
  - name: order
    match: { event: Order Completed }
    payload: { id: "{{ context.ip }} {{ event.context.ip }}" }
"""
    changed = with_rules(rule) | in_hook(ip="truncated")
    [decision] = decisions(a_release(tmp_path, changed))

    assert decision.payload.body["id"] == "203.0.113.0 203.0.113.0"


def test_a_rollout_is_stable_and_only_grows(tmp_path):
    release = a_release(tmp_path)
    people = [
        admit(release, an_inbound(an_event(anonymousId=f"anon-{n}"))).event for n in range(2000)
    ]

    buckets = [bucket("hook", event) for event in people]

    assert buckets == [bucket("hook", event) for event in people]
    assert 0.27 < sum(one < 3000 for one in buckets) / len(buckets) < 0.33
    assert buckets != [bucket("other", event) for event in people]


def test_a_rollout_of_none_skips_everyone(tmp_path):
    [decision] = decisions(a_release(tmp_path, in_hook(rollout="{ percent: 0 }")))

    assert (decision.verb, decision.reason) == (Verb.SKIP, "rollout")
