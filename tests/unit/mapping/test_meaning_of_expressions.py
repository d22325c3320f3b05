"""The meaning of a mapping, rules 1 to 4: missing, filters, comparisons, arithmetic."""

from typing import Any

import pytest

from tests.unit.mapping.projects import fault_of, rendered, value_of

# Rule 1


@pytest.mark.parametrize(
    "expression",
    [
        "properties.absent",
        "properties.nothing",
        "properties.absent.more.still",
        "properties.list[7]",
        "properties.list[-7]",
        "properties.list.key",
        "properties.list['0']",
        "properties.list[0.5]",
        "properties.list[true]",
        "properties.text.length",
        "properties.text[0]",
        "properties.number.real",
        "properties.object[0]",
        "properties.object[properties.absent]",
        "user.email",
    ],
)
def test_what_is_not_there_is_missing(expression: str) -> None:
    found = value_of(
        expression, nothing=None, list=["a"], text="abc", number=5, object={"0": 1, "a": 2}
    )

    assert found is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("properties.list[0]", "a"),
        ("properties.list.1", "b"),
        ("properties.list[-1]", "b"),
        ("properties.list[properties.at]", "b"),
        ("properties['a-b']", 7),
        ("properties[properties.key]", 7),
        ("properties.__class__", "a key like any other"),
    ],
)
def test_keys_and_indexes_look_into_objects_and_lists(expression: str, value: Any) -> None:
    properties = {"list": ["a", "b"], "at": 1.0, "a-b": 7, "key": "a-b"}

    found = value_of(expression, **properties, __class__="a key like any other")

    assert found == value


# Rule 2


@pytest.mark.parametrize(
    "expression",
    [
        "properties.absent | number",
        "properties.absent | round('x' | length)",
        "properties.text | replace('a', properties.absent)",
        "1 + properties.absent",
        "properties.absent * 'a'",
        "-properties.absent",
        "'a' ~ properties.absent",
        "properties.absent ~ properties.list",
    ],
)
def test_missing_goes_through_filters_and_operators(expression: str) -> None:
    assert value_of(expression, text="abc", list=[1]) is None


def test_an_optional_argument_that_is_missing_counts_as_left_out() -> None:
    assert value_of("properties.n | round(properties.absent)", n=1.5) == 2
    assert value_of("properties.list | pluck('a', properties.absent)", list=[{"a": 1}]) == [1]


def test_a_text_with_a_missing_part_is_missing() -> None:
    tree = {"a": "id-{{ properties.absent }}", "b": "id-{{ properties.order_id }}"}

    assert rendered(tree).value == {"b": "id-10045"}


@pytest.mark.parametrize(
    ("value", "found"), [(None, "x"), ("", "x"), (0, 0), (False, False), ([], [])]
)
def test_default_fills_missing_and_empty_text(value: Any, found: Any) -> None:
    assert value_of("properties.a | default('x')", a=value) == found


# Rule 3


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("absent < 1", False),
        ("absent >= 1", False),
        ("absent in [1]", False),
        ("1 in absent", False),
        ("absent == absent", True),
        ("absent == 1", False),
        ("absent == none", True),
        ("absent != 1", True),
        ("absent != absent", False),
        ("absent not in [1]", True),
        ("1 not in absent", True),
        ("absent is defined", False),
        ("absent is not defined", True),
        ("'' is defined", True),
        ("not absent", True),
    ],
)
def test_comparisons_with_missing(expression: str, value: bool) -> None:
    assert value_of(expression.replace("absent", "properties.absent")) is value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 == 1.0", True),
        ("true == 1", False),
        ("1 == true", False),
        ("0 == false", False),
        ("'1' == 1", False),
        ("[1, [true]] == [1.0, [true]]", True),
        ("[1] == [true]", False),
        ("{'a': 1} == {'a': 1.0}", True),
        ("{'a': 1} != {'a': 2}", True),
        ("true in [1]", False),
        ("1.0 in [1]", True),
        ("'a' in {'a': 1}", True),
        ("1 in {'1': 1}", False),
        ("'b' in 'abc'", True),
        ("1 in '123'", False),
        ("'a' in ['b', 'a']", True),
        ("1 < 2", True),
        ("'a' < 'b'", True),
        ("2 >= 2.0", True),
    ],
)
def test_comparisons_are_of_json_values(expression: str, value: bool) -> None:
    assert value_of(expression) is value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("properties.a or 'x'", "x"),
        ("0 or ''", ""),
        ("1 and 'x'", "x"),
        ("0 and 'x'", 0),
        ("'yes' if [] else 'no'", "no"),
        ("'yes' if {'a': 1} else 'no'", "yes"),
        ("'yes' if 0 else 'no'", "no"),
        ("'yes' if '0' else 'no'", "yes"),
        ("'yes' if false", None),
        ("not ''", True),
    ],
)
def test_conditions_and_operands(expression: str, value: Any) -> None:
    assert value_of(expression) == value


# Rule 4


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2", 3),
        ("'a' + 'b'", "ab"),
        ("7 // 2", 3),
        ("7 % 4", 3),
        ("1 / 4", 0.25),
        ("-(2)", -2),
        ("properties.total | number * 2", 2599800),
        ("'n ' ~ 5 ~ ' ' ~ 2.50 ~ ' ' ~ true", "n 5 2.5 true"),
    ],
)
def test_arithmetic_and_texts(expression: str, value: Any) -> None:
    assert value_of(expression, total="1299900") == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("'1' + 2", "+ takes two numbers, found a text and a number"),
        ("'1' * 2", "| number makes a number of a text"),
        ("true + 1", "found a boolean and a number"),
        ("[] + []", "found a list and a list"),
        ("-'a'", "- takes two numbers"),
        ("1 < '2'", "a number and a text have no order"),
        ("true < false", "have no order"),
        ("1 in 5", "in looks into a list"),
        ("1 / 0", "/ by zero"),
        ("1 % 0", "% by zero"),
        ("1e300 * 1e300", "no finite number"),
        ("9223372036854775807 * 4", "beyond 64 bits"),
        ("'a' ~ [1]", "a list can't stand in a text"),
        ("'1.299.900,50' | number", "numeric text"),
        ("true | number", "number takes number or text, found a boolean"),
        ("'5' | round", "| number makes a number of a text"),
        ("'soon' | unix", "ISO 8601"),
        ("'1e400' | number", "no finite number"),
        ("'9' | replace('', 'x')", "nothing to look for"),
        ("{'a': 1} + 1", "found an object and a number"),
        ("'a' | lookup('b' ~ 'c')", "must be an object, found a text"),
    ],
)
def test_anything_else_is_a_fault(expression: str, words: str) -> None:
    assert words in fault_of(expression)


def test_a_list_in_a_text_is_a_fault_at_its_leaf() -> None:
    found = rendered({"a": "x {{ properties.products }}", "b": 1})

    assert found.value == {"b": 1}
    assert [one.path for one in found.faults] == ["a"]
