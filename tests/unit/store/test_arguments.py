"""What callers give, as questions, or what is wrong with it."""

import pytest

from engine.model.clock import from_iso
from engine.store.arguments import cursor_at, read_arguments
from engine.store.questions import QUESTIONS, QuestionError, question

USER = question("events_by_user")
POPULAR = question("popular_pages")
HEATMAP = question("heatmap")
FUNNEL = question("funnel")


def test_every_question_has_a_name_a_path_and_a_pattern_of_its_own():
    for told in ("name", "path", "pattern"):
        assert len({getattr(one, told) for one in QUESTIONS}) == len(QUESTIONS)


def test_the_shop_s_twelve_routes_and_patterns_are_those_of_its_own_module():
    told = {(one.path.replace("{", ":").replace("}", ""), one.pattern) for one in QUESTIONS}
    assert told >= {
        ("/analytics/events/category/:category", "analytics.events.byCategory"),
        ("/analytics/events/user/:userId", "analytics.events.byUser"),
        ("/analytics/events/session/:sessionId", "analytics.events.bySession"),
        ("/analytics/page-views/popular", "analytics.pageViews.popular"),
        ("/analytics/page-views/session/:sessionId/duration", "analytics.session.duration"),
        ("/analytics/interactions/top", "analytics.interactions.top"),
        ("/analytics/interactions/heatmap", "analytics.interactions.heatmap"),
        ("/analytics/conversions/user/:userId", "analytics.conversions.byUser"),
    }


def test_a_parameter_in_the_path_stands_in_the_path():
    for one in QUESTIONS:
        for parameter in one.parameters:
            assert parameter.in_path == (f"{{{parameter.name}}}" in one.path)


@pytest.mark.parametrize("given", ["u-1", {"userId": "u-1"}, {"user_id": "u-1"}, {"id": "u-1"}])
def test_a_parameter_comes_by_its_names_or_alone(given):
    assert read_arguments(USER, given).arguments == {"userId": "u-1"}


def test_a_number_is_the_text_of_it():
    assert read_arguments(USER, {"userId": 42}).arguments == {"userId": "42"}
    assert read_arguments(USER, 42.0).arguments == {"userId": "42"}


@pytest.mark.parametrize("given", [None, "", {}, {"cacheBuster": "7"}])
def test_a_question_without_parameters_takes_nothing_and_what_it_does_not_know(given):
    asked = read_arguments(POPULAR, given)
    assert (asked.arguments, asked.limit) == ({}, 100)


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ({"from": "2026-11-24"}, "2026-11-24T00:00:00Z", None),
        ({"to": "2026-11-24"}, None, "2026-11-25T00:00:00Z"),
        ({"to": "2026-11-24T10:00:00-05:00"}, None, "2026-11-24T15:00:00Z"),
        ({"to": "2026-11-24T10:00:00 02:00"}, None, "2026-11-24T08:00:00Z"),
        ({"from": "2026-11-24T21:06:03"}, "2026-11-24T21:06:03Z", None),
        ({"from": 0}, "1970-01-01", None),
        ({"startDate": 1795554363000}, "2026-11-24T21:06:03Z", None),
        ({"endDate": "1795554363000"}, None, "2026-11-24T21:06:03Z"),
    ],
)
def test_the_ends_of_a_range_are_moments_days_or_milliseconds(given, since, until):
    asked = read_arguments(POPULAR, given)
    assert asked.since == (from_iso(since) if since else None)
    assert asked.until == (from_iso(until) if until else None)


@pytest.mark.parametrize(
    ("asked", "given", "words"),
    [
        (USER, {}, "userId is missing"),
        (USER, {"userId": ""}, "userId is missing"),
        (USER, {"userId": ["u"]}, "userId is a list, expected a text"),
        (USER, {"userId": True}, "userId is a boolean, expected a text"),
        (USER, {"userId": {}}, "userId is an object, expected a text"),
        (USER, {"userId": "u", "limit": True}, "limit is a boolean, expected a whole number from"),
        (USER, {"userId": "u", "cursor": {}}, "cursor is an object, expected timestamp and _id"),
        (POPULAR, {"from": []}, "from is a list, expected a moment"),
        (POPULAR, {"from": 1795180500}, "from is 1795180500, which is 1970-01-21 in milliseconds"),
        (POPULAR, {"to": "20261124"}, "to is 20261124, which is 1970-01-01 in milliseconds"),
        (USER, {"userId": "x" * 2049}, "2,049 characters, expected at most 2,048"),
        (USER, {"userId": "a\0b"}, "no text has"),
        (USER, {"userId": "\ud800"}, "no text has"),
        (USER, ["u"], "found a list, expected an object with userId"),
        (POPULAR, "u", "found a text, expected nothing, or an object"),
        (USER, {"userId": "u", "limit": 0}, "whole number from 1 to 1000"),
        (USER, {"userId": "u", "limit": "ten"}, "whole number from 1 to 1000"),
        (USER, {"userId": "u", "limit": 5001}, "whole number from 1 to 1000"),
        (USER, {"userId": "u", "cursor": "x"}, 'cursor is "x", expected timestamp and _id'),
        (USER, {"userId": "u", "cursor": f"2026-11-24_{'g' * 24}"}, "expected timestamp and _id"),
        (USER, {"userId": "u", "cursor": f"then_{'0' * 24}"}, "expected timestamp and _id"),
        (POPULAR, {"from": "yesterday"}, 'from is "yesterday", expected a moment'),
        (POPULAR, {"from": 10**15 - 1}, "expected a moment"),
        (POPULAR, {"from": "2026-11-25", "to": "2026-11-24"}, "from is not before to"),
        (FUNNEL, {"within": "2h"}, 'within is "2h", expected one of 30m, 1h, 24h, 7d'),
    ],
)
def test_what_is_wrong_is_told_with_its_name_and_what_was_expected(asked, given, words):
    with pytest.raises(QuestionError, match=words):
        read_arguments(asked, given)


def test_a_cursor_comes_back_as_the_place_it_was_made_of():
    cursor = cursor_at(1795554363000, "0123456789abcdef01234567")
    asked = read_arguments(USER, {"userId": "u", "cursor": cursor})
    assert asked.after == (1795554363000, "0123456789abcdef01234567")


@pytest.mark.parametrize(
    "timestamp",
    ["2026-11-24T21:06:03.120Z", "2026-11-24T16:06:03.120-05:00", "2026-11-24T23:06:03.120 02:00"],
)
def test_a_cursor_is_the_time_and_the_id_of_the_last_document(timestamp):
    asked = read_arguments(USER, {"userId": "u", "cursor": f"{timestamp}_0123456789abcdef01234567"})
    assert asked.after == (1795554363120, "0123456789abcdef01234567")


def test_only_lists_that_go_on_take_a_cursor_and_only_lists_a_limit():
    cursor = cursor_at(0, "0" * 24)
    assert read_arguments(POPULAR, {"cursor": cursor, "limit": 3}).after is None
    assert read_arguments(HEATMAP, "/a").limit == 1000
