"""JSON values as MongoDB keeps them, and what others have kept there."""

from datetime import UTC, datetime

import pytest
from bson import Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from hypothesis import strategies as st

from engine.store.mongo.bodies import DEEPEST, body_of, fields_of, from_kept, time_of, to_kept

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text()
            | st.sampled_from(
                [
                    "$a",
                    "a.b",
                    "%2E",
                    "%25",
                    "\0",
                    "%",
                    "__v",
                    "%5F_v",
                    "encaminaDigits",
                    "encaminaJson",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_every_value_comes_back_as_it_was(value):
    assert from_kept(to_kept(value)) == value


@given(JSON)
def test_no_name_is_kept_that_a_server_refuses(value):
    def names(kept):
        if isinstance(kept, dict):
            yield from kept
            for one in kept.values():
                yield from names(one)
        elif isinstance(kept, list):
            for one in kept:
                yield from names(one)

    for name in names(to_kept(value)):
        assert "." not in name
        assert "\0" not in name
        assert not name.startswith("$")


@given(st.dictionaries(st.text() | st.sampled_from(["__v", "%5F_v", "encaminaJson"]), JSON))
def test_every_body_comes_back_also_from_a_server_that_keeps_no_list_in_a_list(body):
    def nests(kept):
        if isinstance(kept, dict):
            return any(nests(one) for one in kept.values())
        return isinstance(kept, list) and any(isinstance(one, list) or nests(one) for one in kept)

    mine = {name: value for name, value in body.items() if name not in ("_id", "timestamp")}
    flat = fields_of(mine, flat=True)

    assert not any(nests(one) for one in flat.values())
    assert body_of(flat) == body_of(fields_of(mine)) == mine


@pytest.mark.parametrize("place", [0, "k"])
def test_what_is_deeper_than_a_server_takes_is_kept_as_text_and_comes_back(place):
    deep: object = 1
    for _ in range(DEEPEST + 20):
        deep = [deep] if place == 0 else {place: deep}
    levels, kept = 0, to_kept(deep)
    while "encaminaJson" not in kept:
        levels, kept = levels + 1, kept[place]
    assert levels == DEEPEST
    assert from_kept(to_kept(deep)) == deep


@pytest.mark.parametrize(
    "value",
    [
        {"encaminaDigits": "abc"},
        {"encaminaDigits": "1" * 5000},
        {"encaminaDigits": "12"},
        {"encaminaDigits": "-"},
        {"encaminaDigits": "٣" * 30},
        {"encaminaDigits": str(2**70)},
        {"encaminaDigits": 7},
        {"encaminaJson": "["},
        {"encaminaJson": " " + "[" * 100_000},
        {"encaminaJson": "[1]"},
        {"encaminaJson": {"encaminaDigits": "1"}},
    ],
)
def test_an_object_that_looks_like_one_of_ours_is_kept_as_it_is(value):
    assert from_kept(to_kept(value)) == value
    assert body_of(fields_of({"metadata": value, **value})) == {"metadata": value, **value}


@pytest.mark.parametrize(
    "value",
    [
        {"encaminaDigits": "abc"},
        {"encaminaDigits": "1" * 5000},
        {"encaminaDigits": "12"},
        {"encaminaJson": "["},
        {"encaminaJson": " " + "[" * 100_000},
    ],
)
def test_one_that_somebody_else_has_kept_stops_nothing(value):
    assert from_kept(value) == value


def test_the_field_of_mongoose_is_not_shown_but_one_that_was_posted_is():
    assert body_of({"__v": 0, "a": 1}) == {"a": 1}
    assert "__v" not in fields_of({"__v": 7})
    assert body_of(fields_of({"__v": 7})) == {"__v": 7}


def test_types_that_only_others_write_are_read_as_json():
    row = {
        "_id": ObjectId(),
        "__v": 0,
        "timestamp": 1,
        "price": Decimal128("12.5"),
        "whole": Decimal128("4599900"),
        "none": Decimal128("NaN"),
        "huge": Decimal128("1E+6000"),
        "tiny": Decimal128("1E-6000"),
        "by": ObjectId("65a1b2c3d4e5f60718293a4b"),
        "at": DatetimeMS(0),
        "far": DatetimeMS(2**60),
        "count": Int64(7),
        "bytes": b"\x00\x01",
        "infinite": float("inf"),
    }
    assert body_of(row) == {
        "price": 12.5,
        "whole": 4599900,
        "none": None,
        "huge": "1E+6000",
        "tiny": 0.0,
        "by": "65a1b2c3d4e5f60718293a4b",
        "at": "1970-01-01T00:00:00.000Z",
        "far": 2**60,
        "count": 7,
        "bytes": "AAE=",
        "infinite": None,
    }


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (DatetimeMS(1_500), 1_500),
        (datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC), 2_000),
        (3_000, 3_000),
        ("1970-01-01T00:00:04Z", 4_000),
        ("yesterday", 0x65A1B2C3 * 1000),
        (float("nan"), 0x65A1B2C3 * 1000),
        (float("inf"), 0x65A1B2C3 * 1000),
        (1e300, 0x65A1B2C3 * 1000),
        (DatetimeMS(2**60), 0x65A1B2C3 * 1000),
        (True, 0x65A1B2C3 * 1000),
        (None, 0x65A1B2C3 * 1000),
    ],
)
def test_the_time_of_a_document_is_its_timestamp_else_when_its_id_was_made(timestamp, expected):
    row = {"_id": ObjectId("65a1b2c3d4e5f60718293a4b"), "timestamp": timestamp}
    assert time_of(row) == expected


def test_a_document_without_any_time_has_none():
    assert time_of({"_id": "mine"}) is None
