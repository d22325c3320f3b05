"""The reference mapping of Clarity's export reads whatever spelling comes, and invents nothing."""

import pytest

from engine.model.clock import from_iso
from engine.model.event import Inbound
from engine.model.verdict import Accepted
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from engine.pipeline.inbound import events_of, pull_request
from engine.release.destination import Mode
from engine.sandbox.clarity_rows import insights
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

NOW = from_iso("2026-11-24T00:30:02Z")
PLANNED = from_iso("2026-11-24T00:30:00Z")


@pytest.fixture(scope="module")
def release():
    return the_reference_release({**DEMO_ENV, "MICROSOFT_CLARITY_API_KEY": "token-abc"})


@pytest.fixture(scope="module")
def mapping(release):
    return release.inbound("clarity-export")


def events(mapping, *metrics, now=NOW):
    made = list(events_of(mapping, list(metrics), now, PLANNED))
    assert [one.faults for one in made if one.faults] == []
    return [one.body for one in made]


def properties(mapping, *metrics):
    return [one["properties"] for one in events(mapping, *metrics)]


def test_the_request_is_the_documented_one(release, mapping):
    request = pull_request(mapping.pull, release.env, PLANNED, NOW, 1)

    assert (request.method, request.url) == (
        "GET",
        "https://www.clarity.ms/export-data/api/v1/project-live-insights",
    )
    assert request.headers["Authorization"] == "Bearer token-abc"
    assert request.params == {"numOfDays": "1", "dimension1": "URL"}


def test_the_budget_stays_below_what_the_vendor_allows(mapping):
    pull = mapping.pull

    assert (pull.budget.requests, pull.budget.per_ms) == (9, 86_400_000)
    assert (pull.every_ms, pull.times) == (86_400_000, 1)


@pytest.mark.parametrize("dimensions", [(), ("URL",), ("URL", "Source", "Campaign")])
def test_every_row_of_the_sandbox_s_export_is_an_event_of_the_plan(release, mapping, dimensions):
    made = events(mapping, *insights(dimensions, 1))

    verdicts = [admit(release, Inbound(mapping.source, one, NOW)) for one in made]
    assert {type(one) for one in verdicts} == {Accepted}
    assert len({one["messageId"] for one in made}) == len(made)


def test_both_spellings_of_a_key_give_the_same_property(mapping):
    one = {"metricName": "RageClickCount", "information": [{"Url": "/a", "sessionsCount": "3"}]}
    other = {"MetricName": "Rage Click Count", "Information": [{"URL": "/a", "SessionsCount": 3}]}

    [first], [second] = events(mapping, one), events(mapping, other)

    assert first == second
    assert first["properties"]["metric"] == "rageclickcount"
    assert first["properties"]["sessions"] == 3


@pytest.mark.parametrize("key", ["distinctUserCount", "distantUserCount"])
def test_users_are_read_from_either_name(mapping, key):
    metric = {
        "metricName": "Traffic",
        "information": [{key: "41", "PagesPerSessionPercentage": "2.5"}],
    }

    [found] = properties(mapping, metric)

    assert (found["users"], found["pages_per_session"]) == (41, 2.5)


def test_zero_is_kept_and_null_and_blank_are_left_out(mapping):
    row = {
        "sessionsCount": 0,
        "subTotal": None,
        "pagesViews": "",
        "sessionsWithMetricPercentage": "0",
    }

    [found] = properties(mapping, {"metricName": "DeadClickCount", "information": [row]})

    assert found == {
        "metric": "deadclickcount",
        "day": "2026-11-24",
        "hours": 24,
        "sessions": 0,
        "sessions_with_share": 0,
    }


def test_an_unknown_metric_with_unknown_figures_is_no_fault(mapping):
    [found] = properties(mapping, {"metricName": "Brand New", "information": [{"newThing": "1"}]})

    assert found == {"metric": "brandnew", "day": "2026-11-24", "hours": 24}


@pytest.mark.parametrize(
    "metric", [None, {}, {"metricName": "Traffic"}, {"metricName": "Traffic", "information": None},
               {"metricName": "Traffic", "information": []}, "text"],
)  # fmt: skip
def test_a_metric_without_rows_gives_nothing(mapping, metric):
    assert events(mapping, metric) == []


def test_a_row_fetched_again_that_day_keeps_its_id_though_its_figures_moved(mapping):
    row = {"Url": "/a", "sessionsCount": "3"}
    later = from_iso("2026-11-24T03:00:00Z")

    [first] = events(mapping, {"metricName": "Traffic", "information": [row]})
    [again] = events(
        mapping,
        {"metricName": "Traffic", "information": [{**row, "sessionsCount": "9"}]},
        now=later,
    )

    assert first["messageId"] == again["messageId"]


def test_rows_that_are_about_different_things_have_different_ids(mapping):
    rows = [{"Device": "x"}, {"Browser": "x"}, {"OS": "x"}, {"Source": "x"}, {"name": "x"},
            {"Url": "x"}, {"Country/Region": "x"}, {"Medium": "x"}, {"Campaign": "x"},
            {"Channel": "x"}, {}]  # fmt: skip

    made = events(mapping, {"metricName": "Traffic", "information": rows})

    assert len({one["messageId"] for one in made}) == len(rows)


def test_no_more_than_a_thousand_rows_of_a_metric_are_taken(mapping):
    rows = [{"Url": f"/{number}"} for number in range(1_200)]

    assert len(events(mapping, {"metricName": "Traffic", "information": rows})) == 1_000


def test_an_address_in_a_url_does_not_get_into_the_log(mapping):
    [found] = properties(
        mapping, {"metricName": "Traffic", "information": [{"Url": "/a?mail=ana%40shop.example"}]}
    )

    assert "ana" not in str(found)


def test_it_goes_to_no_vendor_by_itself(release, mapping):
    [body] = events(mapping, {"metricName": "Traffic", "information": [{"totalSessionCount": "3"}]})
    event = admit(release, Inbound(mapping.source, body, NOW)).event

    verbs = {
        decision.verb
        for destination in release.destinations
        if destination.store is None and destination.archive is None
        for decision in decide(destination, event, mapping.source, NOW)
    }

    assert verbs <= {"skip", "drop"}


def test_without_its_key_it_is_off():
    assert the_reference_release(DEMO_ENV).inbound("clarity-export").pull.mode is Mode.OFF
