"""A validator decides by the project's schemas alone, and takes any value that code may hold."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.model.errors import ProjectError
from engine.schema.validator import compile_schema

SCHEMAS = {
    "schemas/events/order.yaml": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {
            "product": {"$ref": "../common/a%20product.yaml"},
            "id": {"$ref": "../common/ids.yaml#/$defs/short"},
            "self": {"$ref": "#"},
        },
    },
    "schemas/common/a product.yaml": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "required": ["name"],
        "properties": {"id": {"$ref": "ids.yaml#short"}},
    },
    "schemas/common/ids.yaml": {"$defs": {"short": {"$anchor": "short", "maxLength": 3}}},
    "schemas/common/broken.yaml": {"$ref": "nowhere.yaml"},
}


@pytest.fixture
def order():
    return compile_schema("schemas/events/order.yaml", SCHEMAS)


def test_references_lead_from_file_to_file_by_path(order):
    assert order.is_valid({"product": {"name": "x", "id": "abc"}, "id": "abc"})

    told = [one.path for one in order.reasons({"product": {"id": "abcd"}, "id": "abcd"})]

    assert told == ["id", "product.id", "product.name"]


def test_a_schema_may_refer_to_itself_for_a_part(order):
    assert order.is_valid({"self": {"self": {"id": "abc"}}})
    assert [one.path for one in order.reasons({"self": {"self": {"id": "abcd"}}})] == [
        "self.self.id"
    ]


def test_a_valid_value_has_no_reasons(order):
    assert order.reasons({"id": "abc"}) == ()


def test_a_schema_that_leads_nowhere_is_refused_and_nothing_is_fetched():
    with pytest.raises(ProjectError, match=r"schemas/common/broken\.yaml"):
        compile_schema("schemas/common/broken.yaml", SCHEMAS)


def test_a_read_only_mapping_and_half_a_surrogate_pair_are_judged_too(order):
    assert order.is_valid(MappingProxyType({"id": "abc"}))
    assert not order.is_valid({"id": "\ud800" * 4})
    assert order.reasons({"\ud800": 1, "id": "abcd"})[0].path == "id"


def test_format_is_a_remark():
    validator = compile_schema("a.yaml", {"a.yaml": {"format": "date-time"}})

    assert validator.is_valid("yesterday")


def test_a_pattern_ends_where_the_text_ends():
    validator = compile_schema("a.yaml", {"a.yaml": {"pattern": "^[a-z]+$"}})

    assert not validator.is_valid("abc\n")
    assert validator.reasons("abc\n")[0].message == "does not have the form ^[a-z]+$"


def test_a_pattern_takes_time_by_the_length_of_the_text_alone():
    validator = compile_schema("a.yaml", {"a.yaml": {"pattern": "^(a+)+$"}})

    assert not validator.is_valid("a" * 50_000 + "!")
    assert validator.reasons("a" * 50_000 + "!")


SCHEMA = {
    "type": ["object", "array", "string", "integer"],
    "properties": {"a": {"type": "integer"}, "b": {"$ref": "#"}},
    "required": ["a"],
    "additionalProperties": {"type": ["string", "null"], "pattern": "^\\w*$"},
    "items": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "maxLength": 2}]},
    "uniqueItems": True,
    "maxLength": 3,
    "not": {"const": 7},
}
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False)
    | some.text(max_size=4),
    lambda inner: some.lists(inner, max_size=4)
    | some.dictionaries(some.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_there_is_a_reason_with_words_exactly_when_a_value_is_refused(value):
    validator = compile_schema("a.yaml", {"a.yaml": SCHEMA})

    reasons = validator.reasons(value)

    assert bool(reasons) != validator.is_valid(value)
    assert not any(one.message.startswith("does not meet") for one in reasons)
