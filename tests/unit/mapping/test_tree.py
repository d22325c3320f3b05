"""Trees: how they are read, laid over each other, and found again by a payload's path."""

from typing import Any

import pytest

from engine.mapping.compile import compile_tree
from engine.mapping.tree import Branch, merge_trees, parse_tree, place_in
from engine.model.cache import Caches
from engine.model.document import Place
from tests.unit.mapping.projects import (
    FILE,
    SCOPE,
    compiled,
    document,
    findings_of,
    names_of,
    rendered,
)


def merged(defaults: Any, over: Any) -> Any:
    tree = merge_trees(parse_tree(document(defaults))[0], parse_tree(document(over))[0])
    return rendered_tree(tree)


def rendered_tree(tree: Any) -> Any:
    template, _ = compile_tree(tree, SCOPE, caches=Caches.off())
    assert template is not None
    return template.render(names_of()).value


@pytest.mark.parametrize(
    ("defaults", "over", "found"),
    [
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, {"a": 1, "b": 3, "c": 4}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": None}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}, "d": 1}, {"a": None}, {"d": 1}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        (
            {"a": {"b": 1}},
            {"a": {"$for": "x in properties.products", "$do": "{{ x.sku }}"}},
            {"a": ["s-2"]},
        ),
        ({"a": {"$if": "{{ false }}", "b": 1}, "c": 1}, {"a": {"d": 2}}, {"c": 1}),
        ({"a": {"$if": "{{ false }}", "b": 1}}, {"a": {"$if": "{{ true }}"}}, {"a": {"b": 1}}),
    ],
)
def test_a_rule_is_laid_over_its_defaults(defaults: Any, over: Any, found: Any) -> None:
    assert merged(defaults, over) == found


def test_a_key_that_is_removed_is_gone_from_the_tree() -> None:
    tree = merge_trees(parse_tree(document({"a": 1}))[0], parse_tree(document({"a": None}))[0])

    assert isinstance(tree, Branch)
    assert not tree.members


def test_a_null_over_a_default_removes_what_the_defaults_fragment_brings() -> None:
    defaults, _ = parse_tree(document({"$use": "f", "c": 1}))
    over, _ = parse_tree(document({"a": None}))
    fragments = {"f": parse_tree(document({"a": 1, "b": 2}))[0]}

    template, _ = compile_tree(
        merge_trees(defaults, over), SCOPE, fragments=fragments, caches=Caches.off()
    )

    assert template is not None
    assert template.render({}).value == {"b": 2, "c": 1}


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"$for": "a in properties.b"}, "$for stands without $do"),
        ({"$do": 1}, "$do stands without $for"),
        ({"$for": "a in properties.b", "$do": 1, "c": 2}, "c can't stand beside $for"),
        ({"$for": "a of properties.b", "$do": 1}, "found no NAME in EXPRESSION"),
        ({"$for": "{{ a in properties.b }}", "$do": 1}, "without braces"),
        ({"$for": "if in properties.b", "$do": 1}, "can't be a name"),
        ({"$for": 5, "$do": 1}, "takes a text"),
        ({"$for": "user in properties.b", "$do": 1}, 'the name "user" is taken already'),
        ({"$foreach": 1}, "unknown key $foreach"),
        ({"$else": 1}, "unknown key $else"),
        ({"$if": "properties.a", "b": 1}, "$if takes an expression"),
        ({"$if": "{{ properties.a }} x", "b": 1}, "text around its expression"),
        ({"$use": "prodct"}, "unknown fragment prodct"),
        ({"$use": 5}, "takes the name of a fragment"),
        ({"$use": "line", "a": 1}, "is no object"),
        (float("inf"), "no form in JSON"),
    ],
)
def test_a_wrong_tree_is_told(tree: Any, message: str) -> None:
    findings = findings_of({"x": tree}, fragments={"product": {"a": 1}, "line": ["a"]})

    assert [one.code for one in findings] == ["E207"]
    assert message in findings[0].message


def test_a_loops_expression_has_its_place() -> None:
    (finding,) = findings_of({"$for": "a in propertes.b", "$do": "{{ a }}"})

    assert finding.place == Place(FILE, 8, 8 + len("a in "))


def test_dollar_keys_of_vendors_are_keys() -> None:
    tree = {"$set": {"$ip": "1"}, "$$if": 2, "$current_url": "u", "$lib": "e"}

    assert rendered(tree).value == {
        "$set": {"$ip": "1"},
        "$if": 2,
        "$current_url": "u",
        "$lib": "e",
    }


def test_a_constant_condition_counts_when_the_tree_is_compiled() -> None:
    assert rendered({"a": {"$if": True, "b": 1}, "c": {"$if": False, "d": 1}}).value == {
        "a": {"b": 1}
    }


def test_one_fragment_may_stand_in_several_places() -> None:
    tree = {"a": {"$use": "f"}, "b": {"$use": "f", "c": {"$use": "f"}}}

    assert rendered(tree, fragments={"f": {"x": 1}}).value == {
        "a": {"x": 1},
        "b": {"x": 1, "c": {"x": 1}},
    }


def test_a_fragment_that_is_no_object_stands_alone() -> None:
    tree = {"a": {"$use": "ids"}}
    fragments = {"ids": {"$for": "x in properties.products", "$do": "{{ x.sku }}"}}

    assert rendered(tree, fragments=fragments).value == {"a": ["s-2"]}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a", 8),
        ("b.c", 10),
        ("b.nothing", 9),
        ("list[1]", 13),
        ("list.1", 13),
        ("loop[5].id", 17),
        ("loop.5.id", 17),
        ("", 7),
    ],
)
def test_a_payloads_path_leads_to_the_line_that_wrote_it(path: str, line: int) -> None:
    tree, _ = parse_tree(
        document(
            {
                "a": 1,
                "b": {"c": 2},
                "list": [1, 2],
                "loop": {"$for": "x in properties.y", "$do": {"id": "{{ x }}"}},
            }
        )
    )

    assert place_in(tree, path) == Place(FILE, line, place_in(tree, path).column)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"$merge": "properties"}, "$merge takes an expression"),
        ({"$merge": {"a": 1}}, "$merge takes an expression"),
        ({"$merge": 5}, "$merge takes an expression"),
        ({"$merge": "x {{ properties }}"}, "$merge has text around its expression"),
        ({"$merge": "{{ nowhere }}"}, 'unknown name "nowhere"'),
        ({"$merges": "{{ properties }}"}, "unknown key $merges"),
        ({"$for": "x in properties.y", "$do": 1, "$merge": "{{ x }}"}, "can't stand beside $for"),
    ],
)
def test_a_merge_that_is_written_wrongly_is_told(written: object, told: str) -> None:
    assert told in " ".join(one.message for one in findings_of({"a": written}))


def test_a_merged_key_leads_to_the_line_of_the_merge() -> None:
    tree, _ = parse_tree(document({"a": {"b": 1, "$merge": "{{ properties.x }}"}}))

    assert place_in(tree, "a.b") == Place(FILE, 9, 9)
    assert place_in(tree, "a.other") == Place(FILE, 10, 9)


def test_a_fragment_that_is_no_object_can_t_stand_beside_a_merge() -> None:
    tree = {"a": {"$use": "id", "$merge": "{{ properties.x }}"}}

    (found,) = findings_of(tree, fragments={"id": "{{ properties.id }}"})

    assert "no object" in found.message


def test_compiling_twice_gives_the_same() -> None:
    tree = {"a": "{{ properties.total | number }}"}

    assert compiled(tree).render({"properties": {"total": "5"}}) == compiled(tree).render(
        {"properties": {"total": "5"}}
    )
