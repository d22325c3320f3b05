import json
import math
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec.body import dumps, loads

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(VALUES)
def test_every_json_value_comes_back_as_it_was(value):
    data = dumps(value)

    assert loads(data) == value
    assert json.loads(data) == value


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**63) - 1, 10**40])
def test_whole_numbers_beyond_64_bits_stay_exact(number):
    back = loads(dumps({"n": [number]}))

    assert back == {"n": [number]}
    assert isinstance(back["n"][0], int)


@pytest.mark.parametrize("beside", [1, 10**40])
def test_numbers_that_json_lacks_become_null(beside):
    assert loads(dumps([math.nan, math.inf, -math.inf, beside])) == [None, None, None, beside]


def test_any_mapping_is_an_object():
    assert dumps({"a": MappingProxyType({"b": 1})}) == b'{"a":{"b":1}}'


def test_bytes_are_compact_utf_8():
    assert dumps({"a": "ñ", "b": [1, 2]}) == '{"a":"ñ","b":[1,2]}'.encode()


def test_what_is_no_json_value_is_refused():
    with pytest.raises(TypeError):
        dumps({"a": object()})  # type: ignore[dict-item]  # that is the point


@pytest.mark.parametrize("data", [b"", b"{", b" {", b"\xff"])
def test_what_is_no_json_text_is_refused(data):
    with pytest.raises(ValueError):
        loads(data)
