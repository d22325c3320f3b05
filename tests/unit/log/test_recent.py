from engine.log.sqlite.events import Placed
from engine.log.sqlite.recent import Recent
from engine.model.clock import Millis
from engine.model.event import Event

EVENT = Event("shop", "m", "track", "Lead", Millis(1), Millis(1), {})


def filled(recent, *positions, size=10):
    for position in positions:
        recent.keep(Placed(position, EVENT, size))
    return recent


def positions(found):
    return [placed.position for placed in found]


def test_what_follows_without_a_gap_is_given():
    recent = filled(Recent(), 3, 4, 6)

    assert positions(recent.after(2, 10)) == [3, 4]
    assert positions(recent.after(2, 1)) == [3]
    assert recent.after(4, 10) == []


def test_the_ones_kept_longest_go_when_there_are_too_many():
    recent = filled(Recent(max_events=3), 1, 2, 3, 4)

    assert recent.after(0, 10) == []
    assert positions(recent.after(1, 10)) == [2, 3, 4]


def test_the_ones_kept_longest_go_when_they_are_too_large():
    recent = filled(Recent(max_bytes=30), 1, 2, 3, 4)

    assert positions(recent.after(1, 10)) == [2, 3, 4]


def test_an_event_larger_than_the_room_is_not_kept():
    recent = filled(filled(Recent(max_bytes=30), 1), 2, size=31)

    assert recent.after(0, 10) == recent.after(1, 10) == []


def test_what_all_readers_have_passed_is_dropped_and_makes_room():
    recent = filled(Recent(max_events=3), 1, 2, 3)
    recent.forget([2, 3])
    filled(recent, 2, 4, 5)

    assert recent.after(1, 10) == []
    assert positions(recent.after(2, 10)) == [3, 4, 5]


def test_nothing_is_kept_where_it_is_switched_off():
    assert filled(Recent(max_events=0), 1).after(0, 10) == []
