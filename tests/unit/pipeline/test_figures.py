"""Figures, one event after the other: by time, over windows, and joined."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.mapping.compile import compile_condition, compile_tree, compile_value, compile_whole
from engine.mapping.scope import ScopeSpec
from engine.mapping.tree import parse_tree
from engine.model.cache import Caches
from engine.model.document import Document
from engine.model.window import Window
from engine.pipeline.figures import counted, joined, shown
from engine.release.derived import Add, Figure

DAY = 86_400_000
NAMES = ScopeSpec(frozenset({"properties"}), {})
CACHES = Caches.off()


def of(text):
    return compile_tree(parse_tree(Document("x", text, {}, {}))[0], NAMES, caches=CACHES)[0]


def whole(text):
    return compile_whole(Document("x", text, {}, {}), NAMES, caches=CACHES)[0]


def value(text):
    return compile_value(Document("x", text, {}, {}), NAMES, caches=CACHES)[0]


def condition(text):
    return compile_condition(Document("x", text, {}, {}), NAMES, caches=CACHES)[0]


def a_figure(verb, text=None, over_ms=None, **more):
    template = None if text is None else of(text)
    parts = {"by": None, "set": None, "drop": None, **more}
    return Figure("it", verb, template, over_ms, **parts)


def after(figure, *events, moment=None):
    """What the figure shows after events of (timestamp, properties)."""
    kept = Window(1).figures
    for timestamp, properties in events:
        kept, faults = counted([figure], kept, {"properties": properties}, timestamp)
        assert faults == ()
    at = max(timestamp for timestamp, _ in events) if moment is None else moment
    return shown([figure], kept, at).get("it")


def test_a_count_counts_each_event_and_with_a_condition_those_for_which_it_holds():
    events = [(1, {"n": 1}), (2, {"n": 5}), (3, {})]

    assert after(a_figure("count"), *events) == 3
    assert after(a_figure("count", "{{ properties.n > 2 }}"), *events) == 1


def test_a_sum_adds_numbers_and_leaves_out_what_is_missing():
    events = [(1, {"n": 1.5}), (2, {}), (3, {"n": 2})]

    assert after(a_figure("sum", "{{ properties.n }}"), *events) == 3.5


def test_what_is_no_number_is_a_fault_and_adds_nothing():
    figure = a_figure("sum", "{{ properties.n }}")

    kept, faults = counted([figure], {}, {"properties": {"n": "much"}}, 1)

    assert [one.path for one in faults] == ["figures.it"]
    assert shown([figure], kept, 1) == {"it": 0}


@pytest.mark.parametrize(("verb", "expected"), [("first", "a"), ("last", "c")])
def test_first_and_last_go_by_the_time_of_the_event_not_of_its_coming(verb, expected):
    events = [(2, {"x": "b"}), (3, {"x": "c"}), (1, {"x": "a"}), (4, {})]

    assert after(a_figure(verb, "{{ properties.x }}"), *events) == expected


@pytest.mark.parametrize("verb", ["count", "sum"])
def test_a_window_lets_go_what_is_older(verb):
    figure = a_figure(verb, "{{ properties.n }}", over_ms=30 * DAY)
    events = [(day * DAY, {"n": 1}) for day in range(40)]

    assert after(figure, *events) == pytest.approx(30, abs=1)
    assert after(figure, *events, moment=100 * DAY) == 0


def test_a_window_keeps_no_more_than_its_spans():
    figure = a_figure("count", over_ms=DAY)
    kept = {}
    for minute in range(0, 5000, 3):
        kept, _ = counted([figure], kept, {"properties": {}}, minute * 60_000)

    assert len(kept["it"]) <= 62


CART = {
    "by": value("{{ properties.id }}"),
    "set": whole("{{ properties.products }}"),
    "drop": condition("{{ properties.out }}"),
}


def a_list():
    return a_figure(
        "list", {"product_id": "{{ properties.id }}", "n": "{{ properties.n }}"}, **CART
    )


def test_a_list_has_each_line_once_the_newest_last():
    events = [(1, {"id": "a", "n": 1}), (2, {"id": "b", "n": 1}), (3, {"id": "a", "n": 2})]

    assert after(a_list(), *events) == [
        {"product_id": "b", "n": 1},
        {"product_id": "a", "n": 2},
    ]


def test_an_event_without_what_tells_lines_apart_has_no_line():
    figure = a_figure("list", {"product_id": "{{ properties.id }}", "n": 1}, **CART)

    assert after(figure, (1, {"id": "a"}), (2, {}), (3, {"out": True})) == [
        {"product_id": "a", "n": 1}
    ]


def an_adding_list(when=None):
    add = Add("n", None if when is None else condition(when))
    line = {
        "product_id": "{{ properties.id }}",
        "n": "{{ properties.n }}",
        "x": "{{ properties.x }}",
    }
    return a_figure("list", line, **CART, add=add)


@pytest.mark.parametrize(
    ("events", "numbers"),
    [
        ([(1, {"id": "a", "n": 2}), (2, {"id": "a", "n": 3})], [5]),
        ([(2, {"id": "a", "n": 2}), (1, {"id": "a", "n": 3})], [5]),
        ([(1, {"id": "a", "n": 2}), (2, {"id": "a", "n": 3, "out": True})], []),
        ([(1, {"id": "a", "n": 2}), (2, {"id": "a", "n": 0.5, "out": True})], [1.5]),
        ([(1, {"id": "a", "n": 2}), (2, {"id": "a", "out": True})], []),
        ([(1, {"id": "a"}), (2, {"id": "a"}), (3, {"id": "a"})], [3]),
        ([(1, {"id": "a", "n": 1e300}), (2, {"id": "a", "n": 2})], [3]),
        ([(1, {"id": "a", "n": -5}), (2, {"id": "a", "n": 2})], [3]),
        ([(1, {"id": "a", "n": "many"}), (2, {"id": "a", "n": "2"})], [3]),
        ([(1, {"id": "a", "n": []}), (2, {"id": "a", "n": True})], [2]),
        ([(1, {"id": "b", "n": 1, "out": True}), (2, {"id": "b", "n": 2})], [2]),
        ([(1, {"products": [{"product_id": "a", "n": "2"}]}), (2, {"id": "a", "n": 1})], [3]),
        ([(3, {"products": [{"sku": 7}]}), (2, {"id": "7", "n": 1}), (4, {"id": "7"})], [2]),
        ([(5, {"id": "a", "n": 3}), (3, {"products": [{"product_id": "a", "n": 2}]})], [3]),
    ],
)
def test_a_number_of_a_line_is_added_up_and_taken_away(events, numbers):
    assert [line.get("n") for line in after(an_adding_list(), *events)] == numbers


def test_a_line_that_adds_up_keeps_what_the_newest_event_says_of_it():
    events = [(1, {"id": "a", "x": "old"}), (3, {"id": "a", "x": "new"}), (2, {"id": "a"})]

    assert after(an_adding_list(), *events) == [{"product_id": "a", "x": "new", "n": 3}]


def test_an_event_for_which_it_does_not_add_says_how_many_there_are():
    figure = an_adding_list("{{ properties.x == 'more' }}")
    events = [(1, {"id": "a", "n": 2, "x": "more"}), (2, {"id": "a", "n": 7}), (3, {"id": "a"})]

    assert [line["n"] for line in after(figure, *events)] == [7]


def test_an_event_that_comes_twice_adds_once():
    figure, kept = an_adding_list(), {}
    for id_, out in (("m1", False), ("m1", False), ("m2", False), ("m3", True), ("m3", True)):
        names = {"properties": {"id": "a", "n": 2, "out": out}}
        kept, _ = counted([figure], kept, names, 1, id_)

    assert shown([figure], kept, 1) == {"it": [{"product_id": "a", "n": 2}]}


def test_what_was_added_under_two_keys_adds_up_once_they_are_one():
    figure = an_adding_list()
    one, _ = counted([figure], {}, {"properties": {"id": "a", "n": 2}}, 1, "m1")
    other, _ = counted([figure], {}, {"properties": {"id": "a", "n": 3}}, 2, "m2")

    both = joined([figure], one, other)
    again, _ = counted([figure], both, {"properties": {"id": "a", "n": 2}}, 1, "m1")

    assert (
        shown([figure], both, 2)
        == shown([figure], again, 2)
        == {"it": [{"product_id": "a", "n": 5}]}
    )


@pytest.mark.parametrize(
    ("verb", "moment", "expected"),
    [
        ("first", 30 * DAY, "day 1"),
        ("first", 35 * DAY, "day 5"),
        ("first", 80 * DAY, None),
        ("last", 40 * DAY, "day 39"),
        ("last", 80 * DAY, None),
    ],
)
def test_a_first_and_a_last_over_a_time_let_go_what_is_older(verb, moment, expected):
    figure = a_figure(verb, "{{ properties.x }}", over_ms=30 * DAY)
    events = [(day * DAY, {"x": f"day {day}"}) for day in range(1, 40, 2) if day * DAY <= moment]

    assert after(figure, *events, moment=moment) == expected


def test_a_first_over_a_time_keeps_no_more_than_its_bytes():
    figure, kept = a_figure("first", "{{ properties.x }}", over_ms=60 * DAY), {}
    for day in range(60):
        kept, _ = counted([figure], kept, {"properties": {"x": "x" * 2_000}}, day * DAY)

    assert len(str(kept)) < 26_000


def test_a_line_that_is_dropped_is_gone_also_from_a_whole_list():
    whole = [{"product_id": "a"}, {"sku": "b"}]
    events = [(1, {"products": whole}), (2, {"id": "b", "out": True})]

    assert after(a_list(), *events) == [{"product_id": "a"}]


def test_a_whole_list_takes_the_place_of_what_came_before_it_by_time():
    whole = [{"product_id": "c"}]
    events = [(1, {"id": "a"}), (5, {"products": whole}), (3, {"id": "b"}), (6, {"id": "d"})]

    assert after(a_list(), *events) == [{"product_id": "c"}, {"product_id": "d"}]


def test_a_list_is_bounded():
    events = [(number, {"id": f"p{number}"}) for number in range(300)]

    assert len(after(a_list(), *events)) == 100


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(-5, 5)), max_size=12), st.integers(0, 12))
def test_figures_of_two_keys_joined_are_those_of_all_their_events(events, cut):
    figures = [
        Figure("count", "count", None, None, None, None, None),
        Figure("sum", "sum", of("{{ properties.n }}"), None, None, None, None),
        Figure("over", "sum", of("{{ properties.n }}"), 10, None, None, None),
        Figure("first", "first", of("{{ properties.n }}"), 20, None, None, None),
    ]

    def kept_of(some):
        kept = {}
        for timestamp, number in some:
            kept, _ = counted(figures, kept, {"properties": {"n": number}}, timestamp)
        return kept

    apart = joined(figures, kept_of(events[:cut]), kept_of(events[cut:]))

    moment = max((at for at, _ in events), default=1)
    assert shown(figures, apart, moment) == shown(figures, kept_of(events), moment)


def test_an_empty_whole_list_empties_the_list():
    events = [(1, {"id": "a"}), (2, {"products": []})]

    assert after(a_list(), *events) == []


@pytest.mark.parametrize(
    ("whole", "lines"),
    [
        # An id alone keeps what is known of it, and a number is of how many there are now.
        ([{"product_id": "a"}], [{"product_id": "a", "x": "red", "n": 2}]),
        ([{"product_id": "a", "n": 5}], [{"product_id": "a", "x": "red", "n": 5}]),
        # An id for each piece: two of them, and not two lines of two.
        ([{"product_id": "a"}] * 2, [{"product_id": "a", "x": "red"}] * 2),
        # Another thing under the same id.
        ([{"product_id": "a", "x": "blue"}], [{"product_id": "a", "x": "blue"}]),
        ([{"product_id": "", "sku": "a"}], [{"product_id": "", "sku": "a", "x": "red", "n": 2}]),
        ([{"product_id": "b"}], [{"product_id": "b"}]),
    ],
)
def test_a_whole_list_keeps_what_is_known_of_its_lines(whole, lines):
    events = [(1, {"id": "a", "n": 2, "x": "red"}), (2, {"products": whole})]

    assert after(an_adding_list(), *events) == lines


def test_what_was_added_after_the_others_whole_list_adds_up_when_two_keys_are_one():
    figure = an_adding_list()
    seen, _ = counted([figure], {}, {"properties": {"products": [{"product_id": "a", "n": 1}]}}, 5)
    more, _ = counted([figure], {}, {"properties": {"id": "a", "n": 2}}, 7, "e")
    less, _ = counted([figure], {}, {"properties": {"id": "a", "n": 2}}, 3, "e")

    assert shown([figure], joined([figure], seen, more), 9)["it"][0]["n"] == 3
    assert shown([figure], joined([figure], more, seen), 9)["it"][0]["n"] == 3
    assert shown([figure], joined([figure], less, seen), 9)["it"][0]["n"] == 1
