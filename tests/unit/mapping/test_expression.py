"""Findings of expressions: codes, places, and what they say to do."""

import pytest

from engine.mapping.compile import ScopeSpec, compile_value
from engine.model.cache import Caches
from engine.model.document import Document, Place
from engine.model.finding import Severity
from tests.unit.mapping.projects import FILE, findings_of, value_of

# The text stands in quotes from column 5, so its first character is at column 6.
TABLE = [
    ("{{ propertes.total }}", "E202", 9, 'did you mean "properties"?'),
    ("{{ properties.total | nmber }}", "E203", 28, 'did you mean "number"?'),
    ("{{ properties.a is dfined }}", "E203", 25, 'did you mean "defined"?'),
    ("{{ properties.a is not dfined }}", "E203", 29, 'did you mean "defined"?'),
    ("n {{ properties.a }} {{ usr.b }}", "E202", 30, 'did you mean "user"?'),
    ("{{ properties.a(1) }}", "E205", 21, "use a filter"),
    ("{{ properties.a[1:2] }}", "E205", 22, "take(n)"),
    ("{{ properties.a ** 2 }}", "E205", 9, "multiply"),
    ("{{ 1 < part < 3 }}", "E205", 9, "a < b and b < c"),
    ("{{ (1, 2) }}", "E205", 11, "[a, b]"),
    ("{{ {1: 2} }}", "E205", 10, "quotes"),
    ("{{ 'a'.b }}", "E205", 9, "key b of the object a"),
    ("{% if a %}", "E205", 6, "$if"),
    ("{{ properties.a | truncate }}", "E206", 24, "truncate(n)"),
    ("{{ properties.a | truncate('x') }}", "E206", 33, "truncate(n)"),
    ("{{ properties.a | lower(1) }}", "E206", 30, "it is lower"),
    ("{{ properties.a | round(digit=1) }}", "E206", 36, 'did you mean "digits"?'),
    ("{{ properties.a | round(1, digits=2) }}", "E206", 40, "round(digits=0)"),
    ("{{ properties.a | round(99) }}", "E206", 30, "round(digits=0)"),
    ("{{ now | date('Bogota') }}", "E206", 20, "date(zone=UTC)"),
    ("{{ tables.statsu }}", "E209", 16, 'did you mean "status"?'),
    ("{{ tables['statsu'].x }}", "E209", 16, 'did you mean "status"?'),
    ("{{ properties.a b }}", "E201", 22, "{{ }}"),
    ("{{ properties.a", "E201", 6, "{{ }}"),
    ("{{ [1, 2 }}", "E201", 15, "{{ }}"),
]


@pytest.mark.parametrize(("text", "code", "column", "hint"), TABLE)
def test_a_finding_has_code_line_column_and_what_to_do(
    text: str, code: str, column: int, hint: str
) -> None:
    (finding,) = findings_of(text)

    assert (finding.code, finding.place) == (code, Place(FILE, 7, column))
    assert hint in finding.hint
    assert finding.severity is Severity.ERROR


def test_all_findings_of_a_tree_are_told_at_once() -> None:
    findings = findings_of({"a": "{{ a.b | c }}", "d": ["{{ e }}"], "$for_each": 1})

    assert sorted(one.code for one in findings) == ["E202", "E202", "E203", "E207"]


def test_a_block_text_has_its_places_on_the_lines_below() -> None:
    places = {(): Place(FILE, 3, 9)}
    text = "first {{ user.a }}\nsecond {{ usr.b }}\n"
    document = Document(FILE, text, places, {(): Place(FILE, 3, 5)})

    _, (finding,) = compile_value(document, ScopeSpec(frozenset({"user"})), caches=Caches.off())

    assert finding.place == Place(FILE, 5, 7 + len("second {{ "))


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("{{ 2 * part | round }}", "W201", 20),
        ("{{ part + 1.5 | round(1) }}", "W201", 22),
        ("{{ 'x:' ~ user.id | sha256 }}", "W201", 26),
        ("{{ properties.total-part }}", "W202", 26),
    ],
)
def test_a_pitfall_is_a_warning(text: str, code: str, column: int) -> None:
    (finding,) = findings_of(text)

    assert (finding.code, finding.place.column) == (code, column)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "text",
    [
        "{{ (2 * part) | round }}",
        "{{ 2 * (part | round) }}",
        "{{ properties.price | number * properties.quantity | number }}",
        "{{ (user.id ~ 'x') | sha256 }}",
        "{{ user.id | lower ~ user.name | lower }}",
        "{{ 'a' ~ user.id | default('') }}",
        "{{ properties.total - part }}",
        "{{ properties.total-1 }}",
    ],
)
def test_what_is_meant_as_written_is_no_pitfall(text: str) -> None:
    assert not findings_of(text)


def test_a_hyphen_in_a_key_is_explained() -> None:
    (finding,) = findings_of("{{ properties.user-id }}")

    assert finding.code == "E202"
    assert "properties['user-id']" in finding.hint


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a' if properties.x is defined if true else 'b'", "a"),
        ("1 if properties.x is text else 2", 1),
        ("properties.x is like('Or*') and true", True),
        ("properties.x is like 'Or*'", True),
        ("properties.x is not text", False),
        ("properties.x | replace(new='A', old='O')", "Ard"),
        ("properties.x|lower|upper", "ORD"),
        ("'it''s'", "its"),
        ("{'a': {'b': 1}}.a.b", 1),
        ("[1, 2][1]", 2),
        ("properties.list | first | lower", "a"),
    ],
)
def test_what_reads_like_jinja_means_what_it_says(expression: str, value: object) -> None:
    assert value_of(expression, x="Ord", list=["A"]) == value
