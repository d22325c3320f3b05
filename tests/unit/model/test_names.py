"""The nearest right name is told where one is near, and none where none is."""

import time

import pytest

from engine.model.names import did_you_mean, nearest

KNOWN = ["total", "currency", "order_id", "max_events", "when_missing"]


@pytest.mark.parametrize(
    ("word", "name"),
    [("totl", "total"), ("Total", "total"), ("orderId", "order_id"), ("max-events", "max_events"),
     ("whenMissing", "when_missing"), ("curency", "currency")],
)  # fmt: skip
def test_a_name_that_is_nearly_right_has_a_nearest(word, name):
    assert nearest(word, KNOWN) == name
    assert did_you_mean(word, KNOWN) == f'did you mean "{name}"?'


@pytest.mark.parametrize("word", ["", "zzz", "x" * 5000])
def test_a_name_that_is_far_from_all_has_none(word):
    assert nearest(word, KNOWN) is None
    assert did_you_mean(word, KNOWN) == ""


def test_of_two_equally_near_names_the_answer_is_always_the_same():
    assert nearest("ab", ["abx", "aby"]) == nearest("ab", ["aby", "abx"])


def test_a_long_word_takes_no_long_time():
    started = time.monotonic()

    nearest("a" * 1_000_000, KNOWN)

    assert time.monotonic() - started < 0.2
