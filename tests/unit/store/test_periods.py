"""Ranges as hours, days, months and what is left at their ends."""

import random

from engine.model.clock import Millis, from_iso
from engine.store.periods import Parts, day_of, day_text, days_of, parts_of, periods_of

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def at(text):
    return from_iso(text)


def test_a_moment_counts_in_its_hour_its_day_its_month_and_all_time():
    assert periods_of(at("2026-11-24T23:59:59.999Z")) == (0, 202611, 20261124, -2026112423)
    assert periods_of(at("1969-12-31T23:59:59.999Z")) == (0, 196912, 19691231, -1969123123)


def test_whole_months_are_one_part():
    found = parts_of(at("2025-12-31T00:00:00Z"), at("2026-03-02T00:00:00Z"))
    assert found == Parts((20251231, 202601, 202602, 20260301))


def test_what_is_no_whole_day_is_hours_and_what_is_none_an_edge():
    since, until = at("2026-11-24T21:30:00Z"), at("2026-11-26T01:00:00.001Z")
    assert parts_of(since, until) == Parts(
        (-2026112422, -2026112423, 20261125, -2026112600),
        ((since, at("2026-11-24T22:00:00Z")), (at("2026-11-26T01:00:00Z"), until)),
    )
    assert [day_of(one) for one in (-2026112423, 20261125)] == [20261124, 20261125]


def test_a_range_within_an_hour_is_one_edge_and_an_empty_one_nothing():
    since, until = at("2026-11-24T22:10:00Z"), at("2026-11-24T22:20:00Z")
    assert parts_of(since, until) == Parts((), ((since, until),))
    assert parts_of(until, since) == Parts(())


def test_every_moment_of_a_range_lies_in_one_part_and_no_other_does():
    chance = random.Random(1)
    for _ in range(300):
        since = Millis(chance.randrange(0, 800 * DAY_MS))
        until = Millis(since + chance.randrange(1, 100 * DAY_MS))
        for find in (parts_of, days_of):
            found = find(since, until)
            for moment in (since, until - 1, since - 1, until, chance.randrange(since, until)):
                times = sum(one in found.periods for one in periods_of(moment)[1:])
                times += sum(begin <= moment < end for begin, end in found.edges)
                assert times == (since <= moment < until), (since, until, moment)


def test_an_edge_never_reaches_over_an_hour():
    chance = random.Random(2)
    for _ in range(300):
        since = Millis(chance.randrange(0, 9 * DAY_MS))
        until = Millis(since + chance.randrange(1, 4 * DAY_MS))
        for begin, end in days_of(since, until).edges:
            assert begin // HOUR_MS == (end - 1) // HOUR_MS


def test_days_are_written_as_iso_8601():
    assert day_text(20261124) == "2026-11-24"
    assert day_text(9991231) == "0999-12-31"
