"""Reasons say where and what in words, all of them, and show no data."""

import pytest

from engine.schema.validator import compile_schema


def reasons(schema, value):
    found = compile_schema("schemas/one.yaml", {"schemas/one.yaml": schema}).reasons(value)
    return [(reason.path, reason.message) for reason in found]


def message(schema, value):
    ((_, text),) = reasons(schema, value)
    return text


TYPES = [
    ("number", "abc", "is text, expected a number"),
    ("integer", 1.5, "is a number with a fraction, expected a whole number"),
    ("string", None, "is null, expected text"),
    ("boolean", 1, "is a number, expected true or false"),
    ("array", {}, "is an object, expected a list"),
    (["string", "null"], [], "is a list, expected text or null"),
]


@pytest.mark.parametrize(("type_", "value", "words"), TYPES)
def test_a_wrong_type_is_told_by_what_it_is_and_what_is_expected(type_, value, words):
    assert message({"type": type_}, value) == words


KEYWORDS = [
    ({"const": "track"}, "page", 'is "page", expected "track"'),
    ({"enum": ["good", "poor"]}, "bad", 'is "bad", expected one of "good" or "poor"'),
    ({"enum": ["COP", "USD"]}, 7, 'is a number, expected one of "COP" or "USD"'),
    ({"minLength": 1}, "", "is empty"),
    ({"minLength": 3}, "ab", "is shorter than 3 characters"),
    ({"maxLength": 1}, "ab", "is longer than 1 character"),
    ({"pattern": "^[0-9]+$"}, "ab", "does not have the form ^[0-9]+$"),
    (
        {"title": "a number such as 7", "pattern": "^[0-9]+$"},
        "ab",
        "does not have the form of a number such as 7",
    ),
    ({"minimum": 0}, -1, "is below the minimum of 0"),
    ({"maximum": 0}, 1, "is above the maximum of 0"),
    ({"exclusiveMinimum": 0}, 0, "is not above 0"),
    ({"exclusiveMaximum": 0}, 0, "is not below 0"),
    ({"multipleOf": 0.5}, 0.7, "is not a multiple of 0.5"),
    ({"minItems": 1}, [], "is empty, expected at least 1 element"),
    ({"minItems": 2}, [1], "has too few elements, expected at least 2"),
    ({"maxItems": 1}, [1, 2], "has more than 1 element"),
    ({"uniqueItems": True}, [1, 1], "has the same element twice"),
    ({"contains": {"const": 1}}, [2], "lacks an element of the kind that it must contain"),
    ({"prefixItems": [True], "items": False}, [1, 2], "has more elements than it may"),
    ({"maxProperties": 1}, {"a": 1, "b": 1}, "has more than 1 key"),
    ({"minProperties": 1}, {}, "has fewer than 1 key"),
    ({"not": {"pattern": "@"}}, "a@b", "has a form that is excluded here: @"),
    ({"not": {"const": 1}}, 1, "is a value that is excluded here"),
    (
        {"not": {"title": "an e-mail address", "pattern": "@"}},
        "a@b",
        "is an e-mail address, which is excluded here",
    ),
    ({"not": {"required": ["b"]}}, {"b": 1}, 'has "b", which is excluded here'),
    (False, 1, "is not allowed here"),
]


@pytest.mark.parametrize(("schema", "value", "words"), KEYWORDS)
def test_each_keyword_says_what_is_wrong_in_words(schema, value, words):
    assert message({"properties": {"x": schema}}, {"x": value}) == words


def test_a_reason_carries_the_path_of_the_value_in_the_data():
    schema = {"properties": {"products": {"items": {"properties": {"price": {"type": "number"}}}}}}

    found = reasons(schema, {"products": [{}, {"price": "abc"}]})

    assert found == [("products[1].price", "is text, expected a number")]


def test_a_missing_key_is_told_at_its_own_path():
    schema = {"properties": {"order": {"required": ["id", "total"]}}}

    found = reasons(schema, {"order": {}})

    assert found == [("order.id", "is missing"), ("order.total", "is missing")]


def test_a_key_that_another_one_needs_says_which():
    found = reasons({"dependentRequired": {"value": ["currency"]}}, {"value": 1})

    assert found == [("currency", 'is missing, and must go with "value"')]


@pytest.mark.parametrize("keyword", ["additionalProperties", "unevaluatedProperties"])
def test_an_unknown_key_is_told_at_its_own_path_with_the_nearest_right_name(keyword):
    schema = {"properties": {"currency": {}, "value": {}}, keyword: False}

    found = reasons(schema, {"curency": "COP", "zz'\"z": 1})

    assert found == [
        ("curency", 'is not known here; did you mean "currency"?'),
        ("zz'\"z", "is not known here"),
    ]


def test_a_bad_name_of_a_key_says_what_a_name_may_be():
    found = reasons({"propertyNames": {"maxLength": 3}}, {"abcd": 1})

    assert found == [("abcd", "has a name that is longer than 3 characters")]


def test_alternatives_of_types_are_told_as_one():
    schema = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]}

    assert message(schema, {}) == "is an object, expected text or a whole number"
    assert message(schema, "") == "is empty"


def test_alternatives_that_only_differ_in_what_they_require_are_told_as_one():
    schema = {"anyOf": [{"required": ["total"]}, {"required": ["revenue", "currency"]}]}

    assert reasons(schema, {}) == [("", 'lacks "total" or "revenue" with "currency"')]


def test_alternatives_of_values_are_told_as_one_with_the_nearest():
    schema = {"oneOf": [{"const": "deny"}, {"enum": ["allow", "region"]}]}

    words = 'is "regoin", expected one of "deny", "allow" or "region"; did you mean "region"?'
    assert message(schema, "regoin") == words


def test_of_other_alternatives_the_best_matching_one_explains():
    schema = {
        "oneOf": [
            {"properties": {"kind": {"const": "card"}, "number": {"type": "string"}}},
            {"properties": {"kind": {"const": "cash"}, "amount": {"type": "number"}}},
        ]
    }

    found = reasons(schema, {"kind": "cash", "number": 1, "amount": "x"})

    assert found == [("amount", "is text, expected a number")]


def test_an_alternative_of_the_right_type_explains_better_than_one_of_another():
    schema = {
        "anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
        ]
    }

    assert [path for path, _ in reasons(schema, {"a": "x", "b": "y"})] == ["a", "b"]


def test_more_than_one_matching_alternative_is_told():
    assert "more than one" in message({"oneOf": [True, True]}, 1)


def test_what_a_condition_asks_for_is_told_as_if_it_stood_there():
    schema = {"if": {"required": ["a"]}, "then": {"required": ["b"]}}

    assert reasons(schema, {"a": 1}) == [("b", "is missing")]


SECRETS = ["ana.perez@example.com", "Ana Pérez", "+57 300 555 0123", "4111111111111111", 3005550123]


@pytest.mark.parametrize("value", SECRETS)
@pytest.mark.parametrize(
    "schema",
    [
        {"enum": ["a", "b"]},
        {"const": "a"},
        {"type": "boolean"},
        {"pattern": "^x$", "maximum": 1},
        {"not": True},
        {"anyOf": [{"type": "null"}, {"const": "a"}]},
        {"multipleOf": 7, "maxLength": 2},
    ],
)
def test_no_personal_data_stands_in_a_reason(schema, value):
    (reason, *_) = reasons(schema, value)

    assert str(value) not in reason[1]


def test_reasons_stand_in_the_order_of_paths_each_once_and_at_most_fifty():
    schema = {"items": {"type": "number"}, "allOf": [{"items": {"type": "number"}}]}

    found = reasons(schema, ["x"] * 70)

    assert [path for path, _ in found] == [f"[{index}]" for index in range(50)]


def test_data_that_is_nested_too_deeply_is_refused_in_words():
    schema = {
        "$defs": {"a": {"items": {"$ref": "#/$defs/a"}, "type": "array"}},
        "$ref": "#/$defs/a",
    }
    value = []
    for _ in range(900):
        value = [value]
    value = [value, 1]

    assert reasons(schema, value) in (
        [("", "is nested too deeply to tell what is wrong")],
        [("[1]", "is a number, expected a list")],
    )
