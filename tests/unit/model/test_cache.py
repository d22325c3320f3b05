"""Caches: what they keep, for how long, and that nothing changes without them."""

from typing import Any

import pytest

from engine.model.cache import ABSENT, CACHES, PHONES, WRITE_KEYS, Caches, CacheSpec

SMALL = CacheSpec("small", "anything", size=2, life_s=10, emptied_by="nobody")


class Asked:
    """A function that remembers how often it was asked."""

    def __init__(self) -> None:
        self.questions: list[Any] = []

    def __call__(self, *arguments: Any) -> Any:
        self.questions.append(arguments)
        return [arguments]


def test_a_result_is_kept() -> None:
    asked = Asked()
    wrapped = Caches.on().wrap(SMALL, asked)

    assert wrapped("a", None) is wrapped("a", None)
    assert asked.questions == [("a", None)]


def test_none_is_a_result_like_any_other() -> None:
    asked: list[str] = []
    wrapped = Caches.on().wrap(SMALL, asked.append)

    assert wrapped("a") is None
    assert wrapped("a") is None
    assert asked == ["a"]


@pytest.mark.parametrize("pair", [(1, True), (1, 1.0), ("1", 1), (0, False)])
def test_values_that_only_python_calls_equal_are_kept_apart(pair: tuple[Any, Any]) -> None:
    asked = Asked()
    wrapped = Caches.on().wrap(SMALL, asked)

    found = [wrapped(one) for one in pair]

    assert found == [[(one,)] for one in pair]
    assert len(asked.questions) == 2


def test_what_can_not_be_a_key_is_asked_each_time() -> None:
    asked = Asked()
    wrapped = Caches.on().wrap(SMALL, asked)

    assert wrapped(["a"], {"b": 1}) == wrapped(["a"], {"b": 1})
    assert len(asked.questions) == 2


def test_an_exception_is_not_kept() -> None:
    def fail(_: str) -> None:
        raise ValueError

    caches = Caches.on()
    wrapped = caches.wrap(SMALL, fail)

    for _ in range(2):
        with pytest.raises(ValueError):
            wrapped("a")
    assert caches.counts()["small"].misses == 2


def test_a_result_lives_as_long_as_declared() -> None:
    now = [0.0]
    asked = Asked()
    wrapped = Caches.on(timer=lambda: now[0]).wrap(SMALL, asked)

    for moment in (0, 9, 11):
        now[0] = moment
        wrapped("a")

    assert len(asked.questions) == 2


def test_the_size_is_bounded() -> None:
    caches = Caches.on()
    wrapped = caches.wrap(SMALL, Asked())

    for one in "abcd":
        wrapped(one)

    assert caches.counts()["small"].size == SMALL.size


def test_one_function_has_one_cache_and_two_functions_two() -> None:
    caches = Caches.on()
    one, other = Asked(), Asked()

    caches.wrap(SMALL, one)("a")
    caches.wrap(SMALL, one)("a")
    caches.wrap(SMALL, other)("a")

    assert (len(one.questions), len(other.questions)) == (1, 1)


def test_clearing_by_name_leaves_the_others() -> None:
    caches = Caches.on()
    phone, key = Asked(), Asked()
    ask_phone, ask_key = caches.wrap(PHONES, phone), caches.wrap(WRITE_KEYS, key)
    for ask in (ask_phone, ask_key):
        ask("a")

    caches.clear(PHONES.name)
    for ask in (ask_phone, ask_key):
        ask("a")

    assert (len(phone.questions), len(key.questions)) == (2, 1)
    caches.clear()
    assert caches.counts()[WRITE_KEYS.name].size == 0


def test_off_keeps_nothing_and_gives_the_function_itself() -> None:
    asked = Asked()

    assert Caches.off().wrap(SMALL, asked) is asked


def test_hits_and_misses_are_counted_for_each_declared_cache() -> None:
    caches = Caches.on()
    wrapped = caches.wrap(PHONES, Asked())
    for one in "aab":
        wrapped(one)

    counts = caches.counts()

    assert set(counts) == {spec.name for spec in CACHES}
    assert (counts["phones"].hits, counts["phones"].misses, counts["phones"].size) == (1, 2, 2)


def test_a_cache_of_texts_counts_on_after_it_is_cleared() -> None:
    caches = Caches.on()
    phone = caches.wrap(PHONES, Asked())
    for one in ("a", "a", "b"):
        phone(one)

    caches.clear(PHONES.name)
    phone("a")

    counts = caches.counts()[PHONES.name]
    assert (counts.hits, counts.misses, counts.size) == (1, 3, 1)


def test_a_shelf_keeps_what_is_put_there_within_its_bounds() -> None:
    now = [0.0]
    caches = Caches.on(lambda: now[0])
    shelf = caches.shelf(SMALL)

    for name in "abc":
        shelf.put(name, name.upper())

    assert [shelf.get(name) for name in "abc"] == [ABSENT, "B", "C"]
    assert (caches.counts()["small"].hits, caches.counts()["small"].size) == (2, 2)
    now[0] = 11
    assert shelf.get("c") is ABSENT


def test_a_shelf_is_emptied_with_its_cache_and_is_empty_where_caches_are_off() -> None:
    caches, off = Caches.on(), Caches.off().shelf(SMALL)
    shelf = caches.shelf(SMALL)

    shelf.put("a", 1)
    off.put("a", 1)
    caches.clear("small")

    assert shelf.get("a") is ABSENT
    assert off.get("a") is ABSENT
