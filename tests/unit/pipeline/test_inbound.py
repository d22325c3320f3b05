"""A foreign body becomes events: loops in loops, faults that cost their own event alone, bounds."""

import pytest

from engine.model.clock import Millis, from_iso
from engine.pipeline.inbound import MOST_EVENTS, events_of, pull_request
from engine.pipeline.request import RequestFault
from tests.support.events import NOW
from tests.support.releases import ENV, a_release

MAPPING = """
    inbound: report
    source: shop
    tables: { kinds: { a: Alpha } }
    pull:
      every: 6h
      at: "00:30"
      settings: { shop: "{{ env.SHOP_NAME | default('norte') }}" }
      request:
        url: "https://report.example.com/{{ settings.shop }}"
        headers: { Authorization: "Bearer {{ env.REPORT_TOKEN }}" }
        params: { since: "{{ pull.at }}", days: 1 }
    each: [group in body.groups, "row in group.rows"]
    event:
      type: track
      event: Report Read
      messageId: "{{ [pull.at, row.id] | json | uuid }}"
      anonymousId: report
      properties: { id: "{{ row.id }}", kind: "{{ group.kind | lookup(tables.kinds) }}", n: "{{ row.n | number }}", part: "{{ part }}" }
"""
LOOP = '    each: [group in body.groups, "row in group.rows"]\n'


def a_mapping(tmp_path, text=MAPPING, env=ENV):
    return a_release(tmp_path, {"rules/inbound/report.yaml": text}, env).inbound("report")


def properties(made):
    return [one.body["properties"] for one in made if one.body is not None]


def test_a_loop_in_a_loop_gives_one_event_for_each_of_the_innermost(tmp_path):
    mapping = a_mapping(tmp_path)
    body = {
        "groups": [
            {"kind": "a", "rows": [{"id": "1"}, {"id": "2", "n": "7"}]},
            {"rows": [{"id": 3}]},
        ]
    }

    made = list(events_of(mapping, body, NOW, NOW))

    assert properties(made) == [
        {"id": "1", "kind": "Alpha", "part": 0},
        {"id": "2", "kind": "Alpha", "n": 7, "part": 1},
        {"id": 3, "part": 2},
    ]
    assert [one.faults for one in made] == [(), (), ()]


def test_without_a_loop_a_body_is_one_event(tmp_path):
    text = MAPPING.replace(LOOP, "").replace("row.", "body.").replace("group.", "body.")

    [made] = events_of(a_mapping(tmp_path, text), {"id": "1", "kind": "a"}, NOW)

    assert made.body["properties"] == {"id": "1", "kind": "Alpha", "part": 0}


def test_what_is_fetched_again_for_the_same_moment_has_the_same_ids(tmp_path):
    mapping = a_mapping(tmp_path)
    body = {"groups": [{"rows": [{"id": "1"}]}]}
    later = Millis(NOW + 5000)

    [first] = events_of(mapping, body, NOW, NOW)
    [again] = events_of(mapping, body, later, NOW)
    [next_one] = events_of(mapping, body, later, later)

    assert first.body["messageId"] == again.body["messageId"] != next_one.body["messageId"]


@pytest.mark.parametrize(
    "body", [None, "text", 7, [], {}, {"groups": None}, {"groups": [{}, None]}]
)
def test_a_body_without_rows_gives_no_event_and_is_no_fault(tmp_path, body):
    assert list(events_of(a_mapping(tmp_path), body, NOW)) == []


def test_a_loop_over_what_is_no_list_costs_its_own_events_alone(tmp_path):
    mapping = a_mapping(tmp_path)
    body = {"groups": [{"rows": "many"}, {"rows": [{"id": "1"}]}]}

    bad, good = events_of(mapping, body, NOW)

    assert bad.body is None
    assert "each takes a list, found a text" in bad.faults[0].message
    assert bad.faults[0].file == "rules/inbound/report.yaml"
    assert good.body["properties"]["id"] == "1"


def test_a_fault_costs_its_leaf_and_no_more(tmp_path):
    [made] = events_of(a_mapping(tmp_path), {"groups": [{"rows": [{"id": "1", "n": "many"}]}]}, NOW)

    assert made.body["properties"] == {"id": "1", "part": 0}
    assert [one.path for one in made.faults] == ["properties.n"]


def test_a_body_makes_no_more_events_than_the_bound(tmp_path):
    mapping = a_mapping(tmp_path)
    rows = [{"id": "1"}] * 1000
    body = {"groups": [{"rows": rows}] * (MOST_EVENTS // 1000 + 1)}

    *made, last = events_of(mapping, body, NOW)

    assert len(made) == MOST_EVENTS
    assert last.body is None
    assert "more than 20,000 events" in last.faults[0].message


def test_the_request_reads_the_environment_and_the_planned_moment(tmp_path):
    env = {**ENV, "REPORT_TOKEN": "hush"}
    pull = a_mapping(tmp_path, env=env).pull

    request = pull_request(pull, env, NOW, NOW, 1)

    assert (request.method, request.body) == ("GET", b"")
    assert request.url == "https://report.example.com/norte"
    assert request.headers["Authorization"] == "Bearer hush"
    assert request.params == {"since": "2026-11-20T15:00:00.000Z", "days": "1"}
    assert "hush" in request.secrets
    assert pull.unset == ()


def test_a_request_that_lacks_a_secret_says_which(tmp_path):
    assert a_mapping(tmp_path).pull.unset == ("REPORT_TOKEN",)


def test_a_request_that_can_t_be_made_is_told(tmp_path):
    env = {**ENV, "REPORT_TOKEN": "señal"}
    pull = a_mapping(tmp_path, env=env).pull

    with pytest.raises(RequestFault, match="printable ASCII"):
        pull_request(pull, env, NOW, NOW, 1)


@pytest.mark.parametrize(
    ("now", "planned"),
    [
        ("2026-11-20T15:00:00Z", "2026-11-20T12:30:00Z"),
        ("2026-11-20T12:30:00Z", "2026-11-20T12:30:00Z"),
        ("2026-11-20T00:29:59Z", "2026-11-19T18:30:00Z"),
    ],
)
def test_the_planned_moments_count_from_the_time_of_day(tmp_path, now, planned):
    assert a_mapping(tmp_path).pull.planned_at(from_iso(now)) == from_iso(planned)
