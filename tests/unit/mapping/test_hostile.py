"""Templates that mean harm: refused when the release loads, or stopped when they run (rule 8)."""

from typing import Any

import pytest

from engine.mapping.limits import LOOP_STEPS, PAYLOAD_CHARS
from engine.mapping.missing import MISSING
from engine.model.errors import BoundPassed
from tests.unit.mapping.projects import FILE, compiled, condition, findings_of, rendered, value_of

REFUSED = [
    # Ways out of Jinja's sandbox, and what they start from.
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']",
    "'a'.upper()",
    "[].__class__.__base__",
    "().__class__",
    "{}.__class__()",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "joiner.__init__.__globals__",
    "namespace.__init__",
    "lipsum.__globals__['os']",
    "lipsum()",
    "self",
    "self.__init__",
    "self._TemplateReference__context",
    "request.application.__globals__",
    "config",
    "caller()",
    "varargs",
    "kwargs",
    "loop.index",
    "url_for.__globals__",
    "get_flashed_messages",
    "dict(a=1)",
    "range(10**9)",
    "range(999999999) | length",
    "properties | attr('__class__')",
    "properties | map('attr', '__class__')",
    "'%s' | format(properties)",
    "'{0.__class__}'.format(properties)",
    "'{0.__class__}' | format(properties)",
    "properties | xmlattr",
    "properties | pprint",
    "properties | tojson",
    "properties | select('callable')",
    "properties | groupby('__class__')",
    "properties | string | center(999999999)",
    "properties.a | center(999999999)",
    "properties.a | indent(999999999)",
    "properties.a | wordwrap(1)",
    "properties is callable",
    "properties is sameas(properties)",
    "properties.a.items()",
    "properties.get('a')",
    "properties(1)",
    "(properties.a)(1)",
    "properties | lower(*properties.a)",
    "properties | lower(**properties)",
    "properties.a[1:]",
    "properties.a[::-1]",
    "2 ** 99999999",
    "(1, 2)",
    "1 < 2 < 3",
    "{properties.a: 1}",
    "1e400",
    "9" * 100,
    "'\\ud800'",
    "a.b",
]


@pytest.mark.parametrize("expression", REFUSED)
def test_it_is_refused_when_the_release_loads(expression: str) -> None:
    findings = findings_of("{{ " + expression + " }}")

    assert findings
    assert {one.code for one in findings} <= {"E201", "E202", "E203", "E205"}


@pytest.mark.parametrize(
    "text",
    [
        "{% import 'os' as os %}",
        "{% for a in properties %}{{ a }}{% endfor %}",
        "{% macro f() %}{% endmacro %}",
        "{% set a = 1 %}{{ a }}",
        "{% include '/etc/passwd' %}",
        "{% extends 'a' %}",
        "{% raw %}{{ a }}{% endraw %}",
        "{% call f() %}{% endcall %}",
        "{%- if true %}",
        "{# comment #}",
        "{{- properties.a -}}",
        "{{ properties.a",
        "{{ properties.a }",
        "{{ }}",
        "{{",
        "{% ",
        "{{ 'a }}",
        "{{ properties.a | }}",
        "{{ properties..a }}",
        "{{ properties.a $ }}",
        "{{ import os }}",
        "{{ lambda: 1 }}",
        "{{ properties.a := 1 }}",
        "{{ [a for a in properties.a] }}",
        "{{ f'{properties}' }}",
        "{{ \x00 }}",
    ],
)
def test_a_statement_or_broken_text_is_refused(text: str) -> None:
    assert {one.code for one in findings_of(text)} & {"E201", "E205", "E202"}


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 500 + "1" + ")" * 500,
        "[" * 40 + "]" * 40,
        "-" * 1900 + "1",
        "not " * 400 + "1",
        "properties" + ".a" * 900,
        "properties" + "[0]" * 600,
        "1" + " + 1" * 400,
        "properties.a" + " | lower" * 200,
        "1 if 1 else " * 100 + "1",
        "1" + " or 1" * 300,
        "properties.a | default(" * 60 + "1" + ")" * 60,
        "'" + "a" * 2000 + "'",
    ],
)
def test_long_and_deep_expressions_are_refused(expression: str) -> None:
    assert {one.code for one in findings_of("{{ " + expression + " }}")} == {"E208"}


@pytest.mark.parametrize(
    "expression",
    ["((((((((1))))))))", "1" + " + 1" * 27, "properties" + ".a" * 28, "1" + " ~ 1" * 400],
)
def test_what_a_person_writes_is_not_too_deep(expression: str) -> None:
    assert not findings_of("{{ " + expression + " }}")


@pytest.mark.parametrize(
    "expression",
    [
        "properties.a" + " | sha256 | json" * 13,
        "properties.a" + " | replace('a', properties.b)" * 27,
        "properties.a | default(" * 27 + "1" + ")" * 27,
        "properties.a | url_param(" * 26 + "'a'" + ")" * 26,
        "properties.a | replace(" * 13 + "'a'" + ", 'b')" * 13,
        "properties.a" + " | split | first" * 13,
        "properties" + "[properties" * 27 + "]" * 27,
        "[" * 26 + "properties.a" + "]" * 26,
        "-(" * 27 + "properties.a" + ")" * 27,
        "1 if properties.a else (" * 27 + "1" + ")" * 27,
        "properties.a | default(properties.a | json | url_param(" * 9 + "'a'" + "))" * 9,
    ],
)
def test_what_is_not_too_deep_makes_a_function_of_fair_size(expression: str) -> None:
    template = compiled({"a": "{{ " + expression + " }}", "b": ["{{ " + expression + " }}"]})

    assert len(template.code.write()[1]) < 100_000
    template.render({"properties": {"a": "x", "b": "y"}})


@pytest.mark.parametrize(
    ("expression", "properties"),
    [
        ("properties.a ~ properties.a", {"a": "x" * 40_000}),
        ("properties.a + properties.a", {"a": "x" * 40_000}),
        ("properties.a | replace('x', properties.a)", {"a": "x" * 10_000}),
        ("properties.a | join(properties.b)", {"a": ["x"] * 1000, "b": "y" * 1000}),
        ("[properties.a, properties.a] | json", {"a": "x" * 40_000}),
        ("properties.a | base64", {"a": "x" * 60_000}),
        ("properties.a | upper", {"a": "ß" * 50_000}),
        ("properties.a ~ ''", {"a": "ñ" * 40_000}),
    ],
)
def test_a_text_past_64_kib_is_stopped_with_the_rules_line(
    expression: str, properties: dict[str, Any]
) -> None:
    template = compiled({"a": "{{ " + expression + " }}"})

    with pytest.raises(BoundPassed, match=rf"{FILE}:8: a text would be longer than 64 KiB"):
        template.render({"properties": properties})


def test_multiplying_a_text_is_a_fault_and_makes_nothing() -> None:
    found = rendered("{{ 'a' * 1000000000 }}")

    assert found.value is MISSING
    assert found.faults


def test_growing_numbers_end_in_a_fault() -> None:
    found = rendered("{{ " + " * ".join(["9000000000000000000"] * 20) + " }}")

    assert "beyond 64 bits" in found.faults[0].message


def test_a_huge_number_in_a_text_is_a_fault() -> None:
    found = rendered("n {{ properties.a }}", {"properties": {"a": 10**5000}})

    assert "thousands of digits" in found.faults[0].message


def test_a_loop_takes_a_thousand_steps_and_no_more() -> None:
    template = compiled({"a": {"$for": "x in properties.a", "$do": "{{ x }}"}})

    assert len(template.render({"properties": {"a": [1] * LOOP_STEPS}}).value["a"]) == LOOP_STEPS
    with pytest.raises(BoundPassed, match="1,000 steps"):
        template.render({"properties": {"a": [1] * (LOOP_STEPS + 1)}})


def test_the_steps_of_nested_loops_count_together() -> None:
    inner = {"$for": "y in properties.a", "$do": "{{ y }}"}
    template = compiled({"$for": "x in properties.a", "$do": inner})

    with pytest.raises(BoundPassed):
        template.render({"properties": {"a": [1] * 40}})


def test_a_payload_past_a_million_characters_is_stopped() -> None:
    template = compiled({"a": "{{ properties.a }}", "b": "{{ properties.a }}"})

    assert template.render({"properties": {"a": "x" * (PAYLOAD_CHARS // 2 - 100)}}).value
    with pytest.raises(BoundPassed, match="1,000,000 characters"):
        template.render({"properties": {"a": "x" * (PAYLOAD_CHARS // 2)}})


def test_a_loop_stops_as_soon_as_its_payload_is_too_long() -> None:
    loop = {"$for": "x in properties.a", "$do": {"all": "{{ properties }}"}}
    template = compiled({"x": loop})
    properties = {"a": [1] * LOOP_STEPS, "b": "x" * 30_000}

    # The line is the loop's: it did not go on to the end, where the whole is weighed.
    with pytest.raises(BoundPassed, match=f"{FILE}:9: the payload"):
        template.render({"properties": properties})


def test_a_requests_body_is_not_held_to_a_payloads_length() -> None:
    template = compiled({"data": "{{ properties.a }}"}, bounded=False)

    assert template.render({"properties": {"a": "x" * (PAYLOAD_CHARS + 1)}}).value


def test_a_value_nested_without_end_is_stopped() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    names = {"properties": {"a": deep, "b": [deep]}}

    for expression in ("properties.a == properties.b", "properties.a | json"):
        with pytest.raises(BoundPassed):
            compiled("{{ " + expression + " }}").render(names)


def test_a_bound_in_a_condition_is_a_bound_too() -> None:
    with pytest.raises(BoundPassed):
        condition("{{ properties.a ~ properties.a == 'x' }}").holds(
            {"properties": {"a": "x" * 40_000}}
        )


def test_a_fragment_that_takes_in_itself_is_refused() -> None:
    straight = findings_of({"$use": "a"}, fragments={"a": {"$use": "a"}})
    inside = findings_of({"$use": "a"}, fragments={"a": {"b": {"$use": "a"}, "c": 1}})

    assert [one.message for one in straight] == ["fragment a takes in itself"]
    assert "deeper than 20 levels" in inside[0].message


@pytest.mark.slow
def test_fragments_that_double_at_each_level_are_refused() -> None:
    fragments = {
        f"f{n}": {"a": {"$use": f"f{n + 1}"}, "b": {"$use": f"f{n + 1}"}} for n in range(18)
    }
    fragments["f18"] = {"x": 1}

    findings = findings_of({"$use": "f0"}, fragments=fragments)

    assert "more than 10,000 parts" in findings[0].message


def test_deep_trees_and_deep_loops_are_refused() -> None:
    tree: Any = "x"
    for _ in range(25):
        tree = {"a": tree}
    loop: Any = "{{ a0 }}"
    for level in range(6):
        loop = {"$for": f"a{level} in properties.a", "$do": loop}

    assert "deeper than 20" in findings_of(tree)[0].message
    assert "nested deeper than 5" in findings_of(loop)[0].message


def test_a_users_text_is_never_code() -> None:
    key = "a'); import os; ('"
    tree = {key: "{{ properties['" + key.replace("'", "\\'") + "'] }}", "b\n": "\\'\"\n{{ 1 }}"}

    found = rendered(tree, {"properties": {key: 7}})

    assert found.value == {key: 7, "b\n": "\\'\"\n1"}


def test_python_words_and_names_of_the_code_are_names_like_others() -> None:
    tree = {
        "$for": "lambda in properties.a",
        "$do": {"$for": "faults in lambda", "$do": "{{ faults }} {{ properties.scope }}"},
    }

    found = rendered(tree, {"properties": {"a": [["x"]], "scope": "y"}})

    assert found.value == [["x y"]]


def test_python_attributes_are_out_of_reach() -> None:
    assert value_of("properties.a.__class__", a={}) is None
    assert value_of("properties.a['__class__']['__mro__']", a="x") is None
    assert value_of("properties.a | lookup(properties.b)", a="__class__", b={}) is None
