"""An event, a rule or an answer that breaks something ends alone; all others go on their way."""

import pytest

from engine.delivery import attempt, fates
from engine.model.delivery import State
from tests.support.chaos import (
    an_order,
    edit,
    plain_project,
    set_faults,
    taken,
    wait_for,
    with_rules,
)
from tests.support.processes import sandbox_running, server_running
from tests.unit.delivery import test_consumer as one_consumer

pytestmark = pytest.mark.slow

consumer = one_consumer.running
"""One destination over a real log and state, whose vendor is played."""

GOOD = [f"good-{number}" for number in range(12)]

RULES_THAT_BREAK = """
  - name: fault-in-when
    match: { type: track, event: Order Completed }
    when: "{{ properties.kind == 'when' and properties.total + 'x' == 1 }}"
    payload: { id: "{{ event.messageId }}" }
  - name: fault-in-each
    match: { type: track, event: Order Completed }
    when: "{{ properties.kind == 'each' }}"
    each: line in properties.total
    payload: { id: "{{ event.messageId ~ '-' ~ part }}" }
  - name: past-a-bound
    match: { type: track, event: Order Completed }
    when: "{{ properties.kind == 'bound' }}"
    payload: { id: "{{ event.messageId }}", all: { $for: n in properties.list, $do: "{{ n }}" } }
  - name: fault-in-a-leaf
    match: { type: track, event: Order Completed }
    when: "{{ properties.kind == 'leaf' }}"
    payload: { id: "{{ event.messageId }}", order: "{{ properties.order_id }}", sum: "{{ properties.total + 'x' }}" }
  - name: order
    match: { type: track, event: Order Completed }
    payload: { id: "{{ event.messageId }}", order: "{{ properties.order_id }}", n: "{{ properties.n }}" }
"""


def poisoned(kind, **properties):
    order = an_order(f"poison-{kind}")
    return {**order, "properties": {**order["properties"], "kind": kind, **properties}}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


def test_an_event_that_breaks_a_rule_ends_alone_with_file_and_line(tmp_path, sandbox):
    project = plain_project(tmp_path, "torn", "whole")
    with_rules(project, "torn", RULES_THAT_BREAK)
    poison = [poisoned(kind) for kind in ("when", "each", "leaf")]
    poison.append(poisoned("bound", list=[1] * 1_001))

    with server_running(tmp_path, sandbox, project) as shop:
        shop.post([*(an_order(one) for one in GOOD[:6]), *poison])
        shop.post([an_order(one) for one in GOOD[6:]])
        found = shop.settled(expected=2 * (len(GOOD) + len(poison)))
        came = set(taken(shop, "torn").times)

    dead = {one["message_id"]: one["reason"] for one in found if one["state"] == "dead"}
    assert set(dead) == {"poison-when", "poison-each", "poison-bound"}
    assert "rules/torn.yaml:6" in dead["poison-when"]
    assert "each takes a list" in dead["poison-each"]
    assert "1,000 steps" in dead["poison-bound"]
    assert came == {*GOOD, "poison-leaf"}
    at_whole = [one["state"] for one in found if one["destination"] == "whole"]
    assert at_whole == ["delivered"] * (len(GOOD) + len(poison))


REQUESTS_THAT_BREAK = {
    "url": (
        "url: https://[^,]*",
        "url: 'https://torn.example.com/{{ (batch | first).n | url_part }}'",
    ),
    "headers": ("method: POST,", "method: POST, headers: { X-N: '{{ (batch | first).n }}' },"),
    "body": (
        r'body: "\{\{ batch \}\}"',
        "body: { $for: b in batch, $do: { id: '{{ b.id }}', order: '{{ b.order }}', n: '{{ b.n + 1 }}' } }",
    ),
}


@pytest.mark.parametrize(
    ("where", "bad"),
    [("url", ".."), ("headers", "ñ"), ("headers", "a\r\nHost: b"), ("body", "no number")],
)
def test_an_event_that_breaks_its_request_ends_alone(tmp_path, sandbox, where, bad):
    project = plain_project(tmp_path, "torn", most=1 if where != "body" else 10)
    with_rules(project, "torn", RULES_THAT_BREAK)
    edit(project / "destinations/torn.yaml", REQUESTS_THAT_BREAK[where])

    with server_running(tmp_path, sandbox, project) as shop:
        good = [{**(one := an_order(n)), "properties": {**one["properties"], "n": 7}} for n in GOOD]
        shop.post([*good[:6], poisoned(where, n=bad), *good[6:]])
        found = shop.settled(expected=len(GOOD) + 1)

    states = {one["message_id"]: one["state"] for one in found}
    [dead] = [one for one in found if one["state"] == "dead"]
    assert states == {**dict.fromkeys(GOOD, "delivered"), f"poison-{where}": "dead"}
    assert dead["reason"].startswith(f"request.{where}")
    assert bad not in dead["reason"]


LINES_THAT_BREAK = r"""responses:
  - { when: "{{ body.a + 'x' == 1 }}", then: dead }
  - { when: "{{ status == 200 and body is list }}", then: dead, reason: "{{ body + 1 }}" }
  - { when: "{{ status == 503 }}", then: retry, after: "{{ body.a + 1 }}" }
  - { when: "{{ status == 200 and body is object }}", then: delivered }
"""


@pytest.mark.parametrize("fault", ["wrong-json", "503", "html", "299", "close"])
def test_an_answer_that_no_line_can_read_is_tried_again(tmp_path, sandbox, fault):
    project = plain_project(tmp_path, "torn", "whole")
    edit(project / "destinations/torn.yaml", (r"responses:\n(?:.*\n)*", LINES_THAT_BREAK))

    with server_running(tmp_path, sandbox, project) as shop:
        set_faults(sandbox, fault, "torn")
        shop.post([an_order(one) for one in GOOD])
        retrying = {"destination": "torn", "state": "retrying"}
        wait_for(lambda: shop.recorded(**retrying) == len(GOOD), within_s=20)
        wait_for(lambda: set(taken(shop, "whole").times) >= set(GOOD), within_s=20)

        set_faults(sandbox, "", "torn")
        found = shop.settled(expected=2 * len(GOOD))

    assert {one["state"] for one in found} == {"delivered"}


BUGS = {
    "a filter": (fates, "decide"),
    "the making of a request": (attempt, "build_request"),
    "the reading of an answer": (attempt, "classify"),
}
"""What raises for one event, as if a bug of ours were there."""


@pytest.mark.trio
@pytest.mark.parametrize("bug", BUGS)
async def test_a_bug_of_ours_holds_up_one_event_until_it_is_mended(consumer, monkeypatch, bug):
    module, name = BUGS[bug]
    honest = getattr(module, name)

    def buggy(*arguments):
        if "poison" in repr(arguments[1:3]):
            raise ZeroDivisionError("poison")
        return honest(*arguments)

    monkeypatch.setattr(module, name, buggy)
    await consumer.append("poison")
    async with consumer.consuming():
        [held] = await consumer.reach(State.RETRYING)
        await consumer.append("a", "b", "c")
        await consumer.reach(State.DELIVERED, 3)
        monkeypatch.setattr(module, name, honest)
        await consumer.reach(State.DELIVERED, 4)

    assert held.reason == "fault of Encamina: ZeroDivisionError"
    assert "ZeroDivisionError" in consumer.said.getvalue()
