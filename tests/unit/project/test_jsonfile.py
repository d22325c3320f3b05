"""JSON is read with places too, and as strictly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.model.document import Place
from engine.project.jsonfile import read_json

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**63), 2**64 - 1)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(exclude_categories=["Cs"]), max_size=6),
    lambda inner: some.lists(inner, max_size=3)
    | some.dictionaries(some.text("ab🛒", max_size=3), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(VALUES, some.sampled_from([None, 1, "\t"]))
def test_what_is_written_as_json_comes_back(value, indent):
    document, findings = read_json("a.json", json.dumps(value, indent=indent).encode())

    assert findings == []
    assert document.value == value


def test_each_value_and_each_key_knows_its_line_and_column():
    document, _ = read_json("a.json", b'{\r\n\t"a": [1,\n  {"b": "x"}]\n}')

    assert document.place("a") == Place("a.json", 2, 7)
    assert document.place("a", 0) == Place("a.json", 2, 8)
    assert document.key_place("a", 1, "b") == Place("a.json", 3, 4)


MISTAKES = [
    ('{"a": 1,}', "a.json:1:9 E102 this is no JSON: "),
    ("", "a.json:1:1 E102 this is no JSON: "),
    ('{"a": 1, "a": 2}', 'a.json:1:10 E104 "a" stands twice, first in line 1'),
    ('{"a": NaN}', "E111 NaN and Infinity are no JSON"),
    ('{"a": 1e999}', "a.json:1:7 E111 "),
    ('{"a": ' + "9" * 5000 + "}", "a.json:1:7 E111 "),
    ("[" * 50 + "]" * 50, "a.json:1:42 E109 more than 40 levels"),
    ("[" * 500_000, "E109 more than 40 levels"),
    ("\ufeff{}", "a.json:1:1 E101 the file begins with a byte order mark"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_place(text, words):
    (finding,) = read_json("a.json", text.encode())[1]

    assert words in str(finding)
