"""Meta names the bad event of a batch by its place: it is taken out at once, without halving."""

import pytest

from tests.support.events import an_event
from tests.support.processes import a_project, sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow


def a_project_that_lets_an_unknown_key_through(folder):
    project = a_project(folder)
    meta = project / "destinations/meta.yaml"
    meta.write_text(meta.read_text().replace("contract: schemas/payloads/meta.yaml\n", ""))
    rules = project / "rules/meta.yaml"
    rule = """
rules:
  - name: bad
    match: { type: track, event: Order Completed }
    when: "{{ properties.order_id == 'BAD' }}"
    payload: { event_name: Contact, channel: web }
"""
    rules.write_text(rules.read_text().replace("\nrules:\n", rule, 1))
    return project


def order(message_id, order_id="SO-1"):
    properties = {**an_event()["properties"], "order_id": order_id}
    return an_event(messageId=message_id, timestamp=..., properties=properties)


def test_the_event_that_is_named_is_dead_after_one_request_and_the_others_go_in_the_next(tmp_path):
    project = a_project_that_lets_an_unknown_key_through(tmp_path)

    def of(state):
        return [
            one["message_id"]
            for one in running.deliveries("--destination", "meta", "--state", state)
        ]

    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project) as running,
    ):
        running.post([order("a"), order("b"), order("bad", "BAD"), order("c")])
        wait_until(lambda: len(of("delivered")) == 3)
        [dead] = running.deliveries("--destination", "meta", "--state", "dead")
        requests = running.received("meta")

    assert dead["message_id"] == "bad"
    assert "2804019" in dead["reason"]
    assert [(one["status"], len(one["body"]["data"])) for one in requests] == [(400, 4), (200, 3)]
