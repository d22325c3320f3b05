"""Every filter and test, by its own declaration."""

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.mapping.faults import Misfit
from engine.mapping.filters.catalogue import FILTERS, GROUPS, TESTS
from engine.mapping.filters.spec import (
    CLASSES,
    Example,
    FilterSpec,
    Kind,
    TestSpec,
    apply_filter,
    apply_test,
    argument_value,
)
from engine.mapping.missing import equal
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Json

FILTER_EXAMPLES = [(spec, one) for spec in FILTERS.values() for one in spec.examples]
TEST_EXAMPLES = [(spec, one) for spec in TESTS.values() for one in spec.examples]


def applied(spec: FilterSpec, value: Json, given: tuple[Json, ...]) -> Any:
    """What a filter gives with the arguments that are given, the others by default."""
    if spec.name == "default":
        return spec.run(value, *given)
    rest = [one.default for one in spec.arguments[len(given) :]]
    return apply_filter(spec, spec.run, value, (*given, *rest))


@pytest.mark.parametrize(
    ("spec", "example"), FILTER_EXAMPLES, ids=lambda one: getattr(one, "name", "")
)
def test_the_examples_of_a_filter_are_true(spec: FilterSpec, example: Example) -> None:
    before = copy.deepcopy(example.value)

    found = applied(spec, example.value, example.arguments)

    assert equal(found, example.gives)
    assert example.value == before


@pytest.mark.parametrize(
    ("spec", "example"), TEST_EXAMPLES, ids=lambda one: getattr(one, "name", "")
)
def test_the_examples_of_a_test_are_true(spec: TestSpec, example: Example) -> None:
    assert apply_test(spec, example.value, *example.arguments) is example.gives


@pytest.mark.parametrize("spec", FILTERS.values(), ids=FILTERS)
def test_a_filter_is_declared_whole(spec: FilterSpec) -> None:
    kinds = [example.gives.__class__ for example in spec.examples if example.gives is not None]

    assert spec.examples
    assert spec.doc
    assert not spec.doc.endswith(".")
    assert spec.takes is Kind.ID or set(kinds) <= CLASSES[spec.gives]
    assert spec.may_be_missing or all(example.gives is not None for example in spec.examples)


def test_each_filter_stands_in_one_group() -> None:
    assert sum(map(len, GROUPS.values())) == len(FILTERS)


@pytest.mark.parametrize("spec", FILTERS.values(), ids=FILTERS)
def test_a_filter_given_missing_gives_missing_unrun(spec: FilterSpec) -> None:
    def never(*_: Any) -> Json:
        pytest.fail("the filter ran")

    assert apply_filter(spec, never, None, ()) is None


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=30),
        st.sampled_from(
            [
                "+57 310 555 0199",
                "a@b.co",
                "http://[::1",
                "2026-01-01",
                "GS1.1.1.1.",
                "%7B%22",
                "::",
            ]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("spec", FILTERS.values(), ids=FILTERS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_it_gets_a_filter_gives_json_or_a_fault(spec: FilterSpec, data: Any) -> None:
    value = data.draw(values)
    before = copy.deepcopy(value)
    try:
        given = tuple(argument_value(spec, one, data.draw(values)) for one in spec.arguments)
        found = applied(spec, value, given)
    except (Misfit, BoundPassed):
        return

    assert value == before
    assert is_json(found)
    if found is not None and value is not None and spec.takes is not Kind.ID:
        assert found.__class__ in CLASSES[spec.gives]


SHORTCUTS = {name: spec for name, spec in FILTERS.items() if spec.shortcut is not None}
ARGUMENTS = {
    Kind.TEXT: st.one_of(st.sampled_from(["a", " ", "?", "a@b"]), st.text(max_size=2)),
    Kind.NUMBER: st.integers(0, 5),
}
OF_CLASS = {
    str: st.one_of(
        st.text(max_size=12),
        st.sampled_from(["https://a.co/p?a=b&c=d#e?f", "a@b.co", "a%40b.co", "ß" * 5_000]),
    ),
    int: st.integers(-(2**70), 2**70),
    float: st.floats(allow_nan=False, allow_infinity=False),
    list: st.lists(st.integers(), max_size=3),
    tuple: st.lists(st.integers(), max_size=3).map(tuple),
    dict: st.dictionaries(st.text(max_size=2), st.integers(), max_size=3),
}


@pytest.mark.parametrize("spec", SHORTCUTS.values(), ids=SHORTCUTS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_shortcut_gives_what_the_filter_gives(spec: FilterSpec, data: Any) -> None:
    shortcut = spec.shortcut
    assert shortcut is not None
    classes = shortcut.classes or CLASSES[spec.takes]
    value = data.draw(st.one_of([OF_CLASS[one] for one in sorted(classes, key=str)]))
    arguments = tuple(data.draw(ARGUMENTS[one.kind]) for one in spec.arguments)
    names = {f"x{index}": one for index, one in enumerate((value, *arguments))}

    is_taken = shortcut.suits is None or shortcut.suits(*arguments)
    holds = shortcut.holds.format(*names) or "True"
    if is_taken and eval(holds, dict(names)):
        found = eval(shortcut.gives.format(*names), dict(names))

        assert repr(found) == repr(spec.run(value, *arguments))


def is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(is_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(one) for key, one in value.items())
    return value is None or isinstance(value, bool | int | str) or math.isfinite(value)
