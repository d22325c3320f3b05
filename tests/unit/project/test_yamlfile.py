"""YAML is read strictly, with places, by the rules of 1.2, and the same with both parsers."""

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.model.document import Place
from engine.project.yamlfile import FAST, PLAIN, read_yaml


def value_of(text):
    document, findings = read_yaml("a.yaml", text.encode())
    assert findings == []
    return document.value


def told(data):
    data = data.encode() if isinstance(data, str) else data
    return [str(finding) for finding in read_yaml("a.yaml", data)[1]]


def test_each_value_and_each_key_knows_its_line_and_column():
    text = "# a note\nname: meta\nlimits:\n  rate: 50/s\nlist:\n- x\n- { b: 1 }\n"

    document, _ = read_yaml("a.yaml", text.encode())

    assert document.place("name") == Place("a.yaml", 2, 7)
    assert document.key_place("name") == Place("a.yaml", 2, 1)
    assert document.at("limits").place("rate") == Place("a.yaml", 4, 9)
    assert document.place("list", 0) == Place("a.yaml", 6, 3)
    assert document.key_place("list", 1, "b") == Place("a.yaml", 7, 5)
    assert document.place("list", 1, "c") == Place("a.yaml", 7, 3)


def test_columns_count_characters_not_bytes():
    document, _ = read_yaml("a.yaml", "{ñandú: 🛒, b: 1}".encode())

    assert document.place("b") == Place("a.yaml", 1, 15)


WORDS = [
    ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
    ("7", 7), ("-7", -7), ("+7", 7), ("0", 0), ("0x1F", 31), ("0o17", 15),
    ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-0.0", 0.0), ("18446744073709551615", 2**64 - 1),
    ("no", "no"), ("yes", "yes"), ("on", "on"), ("Off", "Off"), ("y", "y"), ("tRuE", "tRuE"),
    ("12:30", "12:30"), ("12:30:45", "12:30:45"), ("0777", "0777"), ("1_000", "1_000"),
    ("0b1", "0b1"), ("2026-01-31", "2026-01-31"), ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
    ("=", "="), ("<<", "<<"), ("1.2.3", "1.2.3"), ("1e", "1e"), ("٣", "٣"), ("007.5", "007.5"),
    ("'7'", "7"), ('"true"', "true"), ("'no'", "no"), ('""', ""),
]  # fmt: skip


@pytest.mark.parametrize(("word", "value"), WORDS)
def test_a_word_is_what_it_is_in_yaml_1_2_and_text_else(word, value):
    read = value_of(f"a: {word}")["a"]

    assert (read, type(read)) == (value, type(value))


MISTAKES = [
    ("a: 1\nb: 2\na: 3", 'a.yaml:3:1 E104 "a" stands twice, first in line 1'),
    ("a: {b: 1, b: 2}", 'a.yaml:1:11 E104 "b" stands twice, first in line 1'),
    ("1: a", 'a.yaml:1:1 E105 the key 1 is no text; write "1":'),
    ("true: a", "a.yaml:1:1 E105 the key true is no text"),
    ("[a, b]: c", "a.yaml:1:1 E105 a key is a text"),
    ("a: {{ b }}", 'a.yaml:1:5 E105 an expression without quotes is read as an object; write "{{'),
    ("a: !!str b", "a.yaml:1:4 E106 the tag !!str is not read"),
    ("a: !mine b", "a.yaml:1:4 E106 the tag !mine is not read"),
    ("a: !!python/object/apply:os.system [x]", "E106 the tag !!python/object/apply:os.system is"),
    ("a: &x {b: 1}\nc: { <<: *x }", "a.yaml:2:6 E107 merge keys are not read"),
    ("a: 1\n---\nb: 2", "a.yaml:2:1 E108 a second document begins here"),
    ("a: *x", "a.yaml:1:4 E110 no &x above"),
    ("a: &x [*x]", "a.yaml:1:8 E110 *x stands inside itself"),
    ("a: .nan", "a.yaml:1:4 E111 no number that JSON can carry"),
    ("a: 1e999", "a.yaml:1:4 E111 a number that is too large"),
    ("a: 18446744073709551616", "a.yaml:1:4 E111 a whole number of more than 64 bits"),
    ("a:\n\tb: 1", "a.yaml:2:1 E103 a tab stands here; indent with spaces"),
    ("a: b\t# c", "a.yaml:1:5 E103 a tab stands here"),
    ("a: @b", "a.yaml:1:4 E102 a text can't begin with @; put the text in quotes"),
    ("a: *", "a.yaml:1:5 E102 a text can't begin with * or &"),
    ("a: b: c", 'a.yaml:1:5 E102 a ":" makes no key here; put a text that holds ": " in quotes'),
    ("a: 'b", "a.yaml:1:4 E102 a quote is opened here and never closed"),
    ("a: {b: 1\n", "a.yaml:2:1 E102 a comma or } is missing of the object that begins in line 1"),
    ("a: [b\n", "a comma or ] is missing of the list that begins in line 1"),
    ("a: - b", "a.yaml:1:4 E102 a list can't begin here"),
    ("a: 'b' c", "a.yaml:1:8 E102 this does not go on what stands above"),
    ('a: "\\q"', "a.yaml:1:6 E102 no such escape in double quotes"),
    ("a: b\nc\nd: e", "a.yaml:2:1 E102 this key has no colon"),
    ("", "a.yaml E102 the file is empty"),
    ("# only a note", "a.yaml E102 the file is empty"),
    (b"a: \xe9", "a.yaml:1:4 E101 the byte 0xE9 is not UTF-8; save the file as UTF-8"),
    (b"\xef\xbb\xbfa: 1", "a.yaml:1:1 E101 the file begins with a byte order mark"),
    ("a: 1".encode("utf-16"), "a.yaml:1:1 E101 the file is UTF-16"),
    (b"a: 1\r\nb: x\x00", "a.yaml:2:5 E101 the character U+0000 can't stand in a file"),
    ("a: x\u2028y", "a.yaml:1:5 E101 the character U+2028"),
    (b"a: " + b"x" * 2**20, "a.yaml E100 the file is larger than 1 MiB"),
]


@pytest.mark.parametrize(("data", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_do(data, words):
    (finding,) = told(data)

    assert words in finding


def test_mistakes_that_can_be_read_past_are_all_told_and_the_rest_is_read():
    document, findings = read_yaml("a.yaml", b"a: 1\na: 2\n3: x\nb: !t y\n")

    assert document.value == {"a": 1, "b": "y"}
    assert [finding.code for finding in findings] == ["E104", "E105", "E106"]


def test_an_alias_stands_for_its_value_and_has_a_place_of_its_own():
    document, _ = read_yaml("a.yaml", b"a: &x { b: 1 }\nc: *x\n")

    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.place("c") == Place("a.yaml", 2, 4)
    assert document.place("c", "b") == Place("a.yaml", 1, 12)


BOMBS = [
    "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
    "a0: &a0 {}\n" + "".join(f"a{n}: &a{n} {{b: *a{n - 1}}}\n" for n in range(1, 60)),
    "[" * 900_000,
    "a: " + "{a: " * 900,
    "- " * 100,
]


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_is_refused_soon(bomb):
    started = time.monotonic()

    (finding,) = told(bomb)

    assert "E109" in finding
    assert time.monotonic() - started < 5


def test_forty_levels_are_read_and_one_more_is_not():
    assert value_of("[" * 40 + "]" * 40)
    assert "E109" in told("[" * 42 + "]" * 42)[0]


PIECES = ["a", "b: ", ": ", "- ", "\n", "  ", "{", "}", "[", "]", ", ", "'", '"', "#", " ", "|", ">",
          "&x ", "*x", "!t ", "no", "1", "\t", "%", "|#", "@", "---\n", "...\n", "\\", "é", "<<: "]  # fmt: skip


@pytest.mark.skipif(FAST is PLAIN, reason="PyYAML has no C parser here")
@settings(max_examples=400)
@given(some.lists(some.sampled_from(PIECES), max_size=14).map("".join))
def test_both_parsers_give_the_same_values_places_and_words(text):
    data = text.encode()

    assert read_yaml("a.yaml", data, FAST) == read_yaml("a.yaml", data, PLAIN)


@given(some.text(max_size=40))
def test_any_text_gives_a_document_or_a_finding(text):
    document, findings = read_yaml("a.yaml", text.encode("utf-8", "surrogatepass"))

    assert document is not None or findings


JSON_VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**63), 2**64 - 1) | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"]), max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text("abñ", max_size=4), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(JSON_VALUES)
def test_what_is_written_as_yaml_comes_back(value):
    text = yaml.safe_dump({"a": value}, allow_unicode=True)

    document, findings = read_yaml("a.yaml", text.encode())

    assert findings == []
    assert document.value == {"a": value}
