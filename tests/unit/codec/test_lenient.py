import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec.lenient import read_in_steps, read_json, without_overflow


@pytest.mark.parametrize("data", [b'{"a": [1, 2.5, "\xc3\xb1", true, null]}', b"[]", b'"x"', b"0"])
def test_json_is_read_without_a_warning(data):
    value, warnings = read_json(data)

    assert warnings == ()
    assert value == {b"[]": [], b'"x"': "x", b"0": 0}.get(data, {"a": [1, 2.5, "ñ", True, None]})


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_python_clients_write_for_no_number_becomes_null(word):
    value, warnings = read_json(f'{{"value": {word}, "b": 1}}'.encode())

    assert value == {"value": None, "b": 1}
    assert warnings == (f"{word} is no JSON number and was read as null",)


def test_a_lone_surrogate_is_replaced_in_keys_and_values():
    value, warnings = read_json(b'{"\\ud83d": ["cut \\ud83d", "whole \\ud83d\\ude00"]}')

    assert value == {"\ufffd": ["cut \ufffd", "whole 😀"]}
    assert warnings == ("lone surrogates were replaced by U+FFFD",)


def test_a_number_beyond_64_bits_is_not_rounded():
    value, _ = read_json(b'{"id": 123456789012345678901234567890}')

    assert value == {"id": 123456789012345678901234567890}


def test_bytes_that_are_no_utf_8_are_replaced():
    value, warnings = read_json(b'{"name": "Jos\xe9"}')

    assert value == {"name": "Jos\ufffd"}
    assert warnings == ("bytes that are no UTF-8 were replaced",)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"not json", b"{'a': 1}", b'{"a": 1} x', b"\x00", b"[" * 100_000]
)
def test_what_is_no_json_is_refused(data):
    with pytest.raises(ValueError):
        read_json(data)


def test_nesting_is_bounded():
    with pytest.raises(ValueError):
        read_json(b"[" * 2000 + b"]" * 2000)


def test_a_number_of_thousands_of_digits_is_null_and_costs_no_other_event():
    value, warnings = read_json(b'{"a": ' + b"9" * 400 + b', "b": 1}')

    assert value == {"a": None, "b": 1}
    assert warnings == ("a number of 400 digits is no JSON number and was read as null",)


def test_a_byte_order_mark_is_passed_over():
    assert read_json(b'\xef\xbb\xbf{"a": 1}')[0] == {"a": 1}


ODD = [
    b'{"a": [1, 2.5, "\xc3\xb1", true, null], "b": {"c": [[], {}, [[1]]]}}',
    b'{"batch": [{"value": NaN}, {"value": -Infinity}], "a": NaN}',
    b'{"\\ud83d": ["cut \\ud83d", "whole \\ud83d\\ude00", "\\\\ud83d\\ude00"]}',
    b'[{"a": "\\ud83d"}, "\\uDE00"]',
    b'{"id": 123456789012345678901234567890, "more": ' + b"9" * 400 + b"}",
    b'{"a": 1, "a": 2}',
    b'{"name": "Jos\xe9"}',
    b"\xef\xbb\xbf [1]",
    b" 7 ",
    b'"x"',
    *(b"", b"{", b"[1,]", b'{"a": 1,}', b'{"a" 1}', b"{'a': 1}", b"[1] x", b"[NaN, nan]", b"\x00"),
    *(b"[" * 2_000 + b"]" * 2_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000, b'["\n"]', b"[01]"),
]


def read(how, data):
    try:
        return how(data)
    except ValueError:
        return "no JSON"


@pytest.mark.parametrize("data", ODD, ids=range(len(ODD)))
def test_in_steps_the_same_is_read(data):
    assert read(read_in_steps, data) == read(read_json, data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_in_steps_whatever_json_is_written_is_read_the_same(value):
    data = json.dumps(value).encode()

    assert read_in_steps(data) == read_json(data)


def test_a_pair_behind_a_backslash_is_no_pair():
    value, warnings = read_json(b'["\\\\ud83d\\ude00"]')

    assert value == ["\\ud83d\ufffd"]
    assert len(warnings) == 1


def test_numbers_beyond_every_double_become_null_with_one_warning():
    value = {"a": 1e400, "b": [1, -1e400, "x"], "c": {"d": True}}

    mended, warnings = without_overflow(value)

    assert mended == {"a": None, "b": [1, None, "x"], "c": {"d": True}}
    assert len(warnings) == 1


def test_a_value_without_such_numbers_is_handed_on_as_it_is():
    value = {"a": [1.5, {"b": "1e400"}], "c": None}

    mended, warnings = without_overflow(value)

    assert mended is value
    assert warnings == ()
