"""Reasons by the thousand in few lines."""

import pytest

from cli.filters import asked_of
from cli.reasons import folded, grouped
from engine.model.clock import Millis
from engine.state.interface import ReasonCount


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("HTTP 400: no such field", "HTTP 400: no such field"),
        ("HTTP 400: 100/33 no user 17", "HTTP 400: 100/33 no user …"),
        ("Meta refuses it: error 2804019", "Meta refuses it: error 2804019"),
        (
            "contract; total: text (rules/meta.yaml:14)",
            "contract; total: text (rules/meta.yaml:14)",
        ),
        ("products[3].price: expected a number", "products[…].price: expected a number"),
        ("37 is less than 40.5", "… is less than …"),
        ("order SO-10045-b is unknown", "order … is unknown"),
        ("id 3f2a6c1e-0000-4000-8000-00000000000A, again", "id …, again"),
        ("since 2026-11-20T14:59:58.000Z", "since …"),
        ("older than 7d", "older than 7d"),
        ("given up after 7d; last: HTTP 503", "given up after 7d; last: HTTP 503"),
        ("", ""),
    ],
)
def test_what_is_the_event_s_own_is_folded_and_the_rest_stays(reason, expected):
    assert folded(reason) == expected


def count(reason, number, at, group="meta"):
    return ReasonCount(group, reason, number, "Order Completed", f"m{at}", Millis(at))


def test_reasons_that_are_one_when_folded_are_added_up_under_the_newest():
    counts = [
        count("total 5 is wrong", 2, 10),
        count("total 6 is wrong", 3, 30),
        count("total 7 is wrong", 9, 20, "ga4"),
        count("another", 4, 40),
    ]

    assert [(one.group, one.reason, one.count, one.message_id) for one in grouped(counts)] == [
        ("ga4", "total … is wrong", 9, "m20"),
        ("meta", "total … is wrong", 5, "m30"),
        ("meta", "another", 4, "m40"),
    ]


def test_only_what_was_given_is_asked():
    assert asked_of(event="Order *", reason=None, rule="") == {"event": "Order *"}
    assert asked_of(everything=True) == {"all": True}
    assert asked_of(since="2026-11-20T12:00:00Z") == {"since": "2026-11-20T12:00:00.000Z"}
