"""What an event's fate is told from is the same, compiled whole or only as far as it is needed."""

import pytest

from engine.authoring.narrow import narrowed
from engine.authoring.story import Kept, fates
from engine.model.cache import Caches
from engine.pipeline.admit import admit
from engine.project.read import read_project
from engine.release.build import build_release
from tests.support.events import NOW, an_event, an_inbound
from tests.support.releases import ENV, FILES, write_project

RULES = """
    destination: hook
    rules:
      - name: beats
        match: { type: track, event: Heartbeat }
        drop: not for us
      - name: dear
        match: { type: track, event: "Order *" }
        when: "{{ properties.total | number > 10000000 }}"
        payload: { id: dear }
      - name: lines
        match: { type: [track, page], event: Order Refunded }
        each: product in properties.products
        payload: { id: "{{ event.messageId }}-{{ part }}" }
      - name: of-pages
        match: { source: web }
        payload: { id: "{{ event.messageId }}" }
      - name: order
        match: { type: track, event: Order Completed }
        payload:
          id: "{{ event.messageId }}"
          total: "{{ properties.total | number }}"
      - name: all
        match: { type: [track, identify] }
        payload: { id: "{{ event.messageId }}" }
    """


@pytest.fixture
def project(tmp_path):
    return read_project(write_project(tmp_path, {**FILES, "rules/hook.yaml": RULES}), ENV)[0]


def built(project):
    release, findings = build_release(project, Caches.off())
    assert not findings
    return release


@pytest.mark.parametrize("name", ["Order Completed", "Order Refunded", "Heartbeat", "Nobody Knows"])
def test_the_fate_of_an_event_is_told_the_same(project, name):
    whole = built(project)
    event = admit(whole, an_inbound(an_event(name, messageId="m1"))).event
    part = built(narrowed(project, [event]))
    kept = Kept(1, event, floors={"hook": 1})

    [told] = fates(kept, part, NOW, leaves=True)
    [expected] = fates(kept, whole, NOW, leaves=True)

    assert told.why == expected.why
    assert told.decisions == expected.decisions
    assert part.name == whole.name


def test_what_the_event_can_not_meet_is_named_and_not_compiled(project):
    event = admit(built(project), an_inbound(an_event(messageId="m1"))).event

    [hook] = built(narrowed(project, [event])).destinations

    assert [one.name for one in hook.routes.rules if one.template] == ["dear", "order", "all"]
    assert len(hook.routes.rules) == 6


def test_without_an_event_no_rule_is_compiled(project):
    [hook] = built(narrowed(project, [])).destinations

    assert not any(one.template for one in hook.routes.rules)
