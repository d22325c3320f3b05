"""The meaning of a mapping, rules 5 to 7: what is sent, how trees build it, what a fault costs."""

from typing import Any

import pytest

from engine.mapping.compile import compile_tree
from engine.mapping.missing import MISSING
from engine.mapping.tree import merge_trees, parse_tree
from engine.model.cache import Caches
from engine.model.errors import BoundPassed
from tests.unit.mapping.projects import (
    EVENT,
    FILE,
    SCOPE,
    document,
    fault_of,
    names_of,
    rendered,
)

# Rule 5


@pytest.mark.parametrize("value", ["''", "[]", "{}", "properties.absent", "none"])
def test_nothing_empty_is_sent(value: str) -> None:
    tree = {
        "a": "{{ " + value + " }}",
        "b": ["{{ " + value + " }}", 1],
        "c": {"d": "{{ " + value + " }}"},
    }

    assert rendered(tree).value == {"b": [1]}


def test_zero_and_false_stay() -> None:
    assert rendered({"a": "{{ 0 }}", "b": ["{{ false }}"]}).value == {"a": 0, "b": [False]}


def test_constants_stand_as_written_and_a_null_drops_its_key() -> None:
    tree = {"a": "", "b": None, "c": [None, 0, "x"], "d": {}, "e": 1.5}

    assert rendered(tree).value == {"a": "", "c": [0, "x"], "e": 1.5}


def test_a_tree_that_ends_empty_is_missing() -> None:
    assert rendered({"a": {"b": "{{ properties.absent }}"}}).value is MISSING


def test_an_object_passed_on_whole_is_the_same_object_uncleaned() -> None:
    event = {"properties": {"extra": {"empty": "", "none": None}}}

    found = rendered({"a": "{{ properties.extra }}"}, names_of(event))

    assert found.value["a"] is event["properties"]["extra"]


def test_white_space_around_an_expression_alone_does_not_count() -> None:
    assert rendered("  {{ 5 }}\n").value == 5
    assert rendered("n {{ 5 }}").value == "n 5"
    assert rendered("{{ 5 }}{{ 6 }}").value == "56"


# Rule 6


def test_a_loop_makes_a_list() -> None:
    tree = {
        "$for": "line in properties.products",
        "$do": {"id": "{{ line.product_id or line.sku }}", "n": "{{ line.quantity | default(1) }}"},
    }

    assert rendered({"x": tree}).value == {"x": [{"id": "p-1", "n": 1}, {"id": "s-2", "n": 1}]}


def test_a_loop_over_missing_makes_none_and_over_a_non_list_a_fault() -> None:
    tree = {"x": {"$for": "a in properties.absent", "$do": "{{ a }}"}}
    faulty = {"x": {"$for": "a in properties.currency", "$do": "{{ a }}"}, "y": 1}

    assert rendered(tree).value is MISSING
    found = rendered(faulty)
    assert found.value == {"y": 1}
    assert found.faults[0].message == "$for takes a list, found a text"


def test_the_elements_of_a_loop_that_end_empty_are_left_out() -> None:
    tree = {"$for": "line in properties.products", "$do": "{{ line.sku }}"}

    assert rendered(tree).value == ["s-2"]


def test_loops_nest_and_see_the_names_outside() -> None:
    tree = {
        "$for": "line in properties.products",
        "$do": {"$for": "tag in line.tags", "$do": "{{ line.id }}-{{ tag }}-{{ properties.n }}"},
    }
    properties = {"n": 7, "products": [{"id": "a", "tags": ["x", "y"]}, {"id": "b"}]}

    found = rendered(tree, {"properties": properties})

    assert found.value == [["a-x-7", "a-y-7"]]


@pytest.mark.parametrize(
    ("value", "kept"), [(1, True), ("x", True), (0, False), (None, False), ([], False)]
)
def test_a_condition_keeps_or_drops_its_object(value: Any, kept: bool) -> None:
    tree = {"a": {"$if": "{{ properties.a }}", "b": 1}, "c": 2}

    found = rendered(tree, {"properties": {"a": value}}).value

    assert found == ({"a": {"b": 1}, "c": 2} if kept else {"c": 2})


def test_a_fragment_is_taken_in_with_the_names_of_the_place() -> None:
    tree = {"$for": "line in properties.products", "$do": {"$use": "product", "brand": "X"}}
    fragments = {"product": {"id": "{{ line.product_id or line.sku }}", "brand": "Y", "n": 1}}

    found = rendered(tree, fragments=fragments)

    assert found.value[0] == {"id": "p-1", "brand": "X", "n": 1}


def test_a_null_beside_use_removes_what_the_fragment_brings() -> None:
    fragments = {"all": {"a": 1, "b": {"c": 2, "d": 3}}}

    found = rendered({"$use": "all", "a": None, "b": {"d": None}}, fragments=fragments)

    assert found.value == {"b": {"c": 2}}


LINE = {"properties": {"line": {"id": "p-1", "brand": "X", "tags": [], "note": "", "n": 0}}}


def test_merge_takes_in_the_keys_of_an_object_and_nothing_empty() -> None:
    found = rendered({"a": {"$merge": "{{ properties.line }}", "b": 1}}, LINE)

    assert found.value == {"a": {"b": 1, "id": "p-1", "brand": "X", "n": 0}}


def test_what_is_deep_in_a_merged_object_goes_as_it_is() -> None:
    deep = {"x": {"empty": "", "none": None}}

    found = rendered({"$merge": "{{ properties }}"}, {"properties": deep})

    assert found.value["x"] is deep["x"]


@pytest.mark.parametrize("own", ["{{ properties.absent }}", None, "", "{{ 'Y' }}"])
def test_a_key_that_is_written_is_never_taken_from_the_merged_object(own: Any) -> None:
    found = rendered({"$merge": "{{ properties.line }}", "brand": own}, LINE).value

    assert found.get("brand") in (None, "", "Y")
    assert found["id"] == "p-1"


@pytest.mark.parametrize("nothing", ["properties.absent", "{}", "''", "[]", "none"])
def test_merge_of_nothing_brings_nothing(nothing: str) -> None:
    found = rendered({"$merge": "{{ " + nothing + " }}", "a": 1}, LINE)

    assert (found.value, found.faults) == ({"a": 1}, ())
    assert rendered({"b": {"$merge": "{{ " + nothing + " }}"}}, LINE).value is MISSING


@pytest.mark.parametrize("other", ["[1]", "'text'", "7", "0", "false", "true"])
def test_merge_of_anything_but_an_object_is_a_fault_at_its_place(other: str) -> None:
    found = rendered({"a": {"$merge": "{{ " + other + " }}", "b": 1}, "c": 2}, LINE)

    assert found.value == {"a": {"b": 1}, "c": 2}
    (fault,) = found.faults
    assert fault.path == "a"
    assert "$merge takes an object" in fault.message


def test_a_rule_s_merge_replaces_that_of_the_defaults_and_a_null_removes_it() -> None:
    defaults = {"p": {"$merge": "{{ properties.line }}", "lib": "x", "n": 1}}

    assert merged_over(defaults, {"p": {"id": None}}) == {"p": {"lib": "x", "n": 1, "brand": "X"}}
    assert merged_over(defaults, {"p": {"$merge": "{{ {'k': 1} }}", "n": None}}) == {
        "p": {"lib": "x", "k": 1}
    }
    assert merged_over(defaults, {"p": {"$merge": None}}) == {"p": {"lib": "x", "n": 1}}


def test_merge_goes_with_use_and_if_and_within_loops() -> None:
    fragments = {"line": {"$merge": "{{ line }}", "price": "{{ line.price | number }}"}}
    tree = {
        "$for": "line in properties.products",
        "$do": {"$if": "{{ line.sku }}", "$use": "line", "sku": None},
    }

    assert rendered(tree, fragments=fragments).value == [{"price": 100000}]


def test_a_merged_object_counts_for_the_bounds_of_a_payload() -> None:
    tree = {"$for": "x in properties.list", "$do": {"$merge": "{{ properties.big }}"}}
    big = {str(n): "x" * 1000 for n in range(30)}

    with pytest.raises(BoundPassed, match="longer than"):
        rendered(tree, {"properties": {"list": list(range(100)), "big": big}})


def test_a_merge_is_traced_at_the_place_of_its_object() -> None:
    tree = {"a": {"$merge": "{{ properties.line }}", "id": None}}

    (_, seen) = rendered(tree, LINE, trace=True).trace

    assert (seen.path, seen.dropped) == ("a", "")
    assert rendered({"a": {"$merge": "{{ properties.no }}"}}, LINE, trace=True).trace[0].dropped


def merged_over(defaults: Any, rule: Any) -> Any:
    tree = merge_trees(parse_tree(document(defaults))[0], parse_tree(document(rule))[0])
    template, findings = compile_tree(tree, SCOPE, caches=Caches.off())
    assert template is not None, findings
    return template.render(LINE).value


# Rule 7


def test_a_fault_has_path_file_and_line_and_never_the_data() -> None:
    tree = {
        "ok": "{{ properties.currency }}",
        "custom_data": {
            "contents": {
                "$for": "line in properties.products",
                "$do": {"id": "{{ line.id }}", "price": "{{ line.price | number | default(9) }}"},
            }
        },
    }
    products = [{"id": 1, "price": 5}, {"id": 2, "price": "secret"}, {"id": 3}]
    event = {"properties": {"currency": "COP", "products": products}}

    found = rendered(tree, names_of(event))

    contents = [{"id": 1, "price": 5}, {"id": 2}, {"id": 3, "price": 9}]
    assert found.value == {"ok": "COP", "custom_data": {"contents": contents}}
    (fault,) = found.faults
    assert fault.path == "custom_data.contents[1].price"
    assert (fault.file, fault.line) == (FILE, 14)
    assert "secret" not in fault.message


def test_default_does_not_hide_a_fault() -> None:
    assert "numeric text" in fault_of("properties.a | number | default(1)", a="abc")


def test_a_fault_in_a_condition_drops_its_object() -> None:
    tree = {"a": {"$if": "{{ properties.a > 1 }}", "b": 1}, "c": 2}

    found = rendered(tree, {"properties": {"a": "x"}})

    assert found.value == {"c": 2}
    assert [one.path for one in found.faults] == ["a"]


def test_rendering_leaves_the_scope_as_it_is() -> None:
    before = repr(EVENT)

    rendered({"a": "{{ properties.products | sort('price') | unique | take(1) }}"})

    assert repr(EVENT) == before
