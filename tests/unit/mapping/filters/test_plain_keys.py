"""Keys whose spelling varies: what becomes of two that mean the same, and of what nests deep."""

from engine.mapping.filters.objects import DEEPEST, plain_keys


def test_of_keys_that_become_the_same_the_first_that_is_not_null_counts():
    assert plain_keys({"Url": None, "URL": "/a", "url": "/b"}) == {"url": "/a"}


def test_lists_and_values_stay_as_they_are():
    assert plain_keys([1, "A_B", None, [{"A": []}]]) == [1, "A_B", None, [{"a": []}]]


def test_what_nests_without_end_stays_as_it_came_below_the_bound():
    value = inner = {}
    for _ in range(2_000):
        inner["A"] = inner = {}

    found = plain_keys(value)

    for _ in range(DEEPEST):
        found = found["a"]
    assert list(found) == ["A"]
