"""The door of the room: conditions, lines, single values, what a template tells of itself."""

from typing import Any

import pytest

from engine.mapping.compile import (
    Each,
    MappingFault,
    ScopeSpec,
    compile_condition,
    compile_each,
    compile_tree,
    compile_value,
)
from engine.mapping.missing import MISSING
from engine.mapping.tree import parse_tree
from engine.model.cache import PERSONAL, PHONES, Caches
from engine.model.document import Place
from tests.unit.mapping.projects import (
    FILE,
    NAMES,
    SCOPE,
    compiled,
    condition,
    document,
    findings_of,
    names_of,
    rendered,
)

ENV = ScopeSpec(frozenset({"env", "settings"}))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("{{ properties.total | number > 0 }}", True),
        ("{{ properties.total | number > 1e9 }}", False),
        ("{{ properties.absent }}", False),
        ("{{ 0 }}", False),
        ("{{ '' }}", False),
        (" {{ properties.products }} ", True),
        (True, True),
        (False, False),
    ],
)
def test_a_condition_holds_unless_missing_false_zero_or_empty(text: Any, holds: bool) -> None:
    assert condition(text).holds(names_of()) is holds


def test_a_fault_in_a_condition_is_raised_with_its_line() -> None:
    with pytest.raises(MappingFault) as raised:
        condition("{{ properties.total > 0 }}").holds(names_of())

    assert (raised.value.fault.file, raised.value.fault.line) == (FILE, 7)
    assert "1299900" not in str(raised.value)


@pytest.mark.parametrize("text", ["properties.total", "x {{ properties.a }}", 5, None, ["{{ a }}"]])
def test_what_is_no_condition_is_told(text: Any) -> None:
    found, findings = compile_condition(document(text), SCOPE, caches=Caches.off())

    assert found is None
    assert [one.code for one in findings] == ["E207"]


def each(text: Any) -> Each:
    found, findings = compile_each(document(text), SCOPE, caches=Caches.off())
    assert found is not None, findings
    return found


def test_each_gives_the_lines_and_where_they_come_from() -> None:
    found = each("product in properties.products")

    assert found.name == "product"
    assert found.origin == ("properties", "products", "[]")
    assert [line.get("sku") for line in found.lines(names_of())] == [None, "s-2"]  # type: ignore[union-attr]


def test_each_over_missing_and_over_an_empty_list() -> None:
    found = each("x in properties.products")

    assert found.lines({"properties": {}}) is MISSING
    assert not found.lines({"properties": {"products": []}})


@pytest.mark.parametrize(
    ("expression", "value"),
    [("properties.total", "5"), ("properties.total", {"a": 1}), ("properties.total + 1", "5")],
)
def test_each_over_anything_else_is_a_fault(expression: str, value: Any) -> None:
    with pytest.raises(MappingFault) as raised:
        each(f"x in {expression}").lines({"properties": {"total": value}})

    assert raised.value.fault.line == 7


@pytest.mark.parametrize("text", ["user in properties.a", "x of properties.a", 5, "x in nothing"])
def test_a_wrong_each_is_told(text: Any) -> None:
    found, findings = compile_each(document(text), SCOPE, caches=Caches.off())

    assert found is None
    assert findings


def test_the_name_of_each_is_known_by_its_source() -> None:
    found = each("product in properties.products")
    scope = SCOPE.with_name(found.name, found.origin)

    template = compiled({"id": "{{ product.sku }}"}, scope=scope)

    assert [read.path for read in template.reads] == [("properties", "products", "[]", "sku")]


def value(text: Any, names: Any, scope: ScopeSpec = ENV) -> Any:
    template, findings = compile_value(document(text), scope, caches=Caches.off())
    assert template is not None, findings
    return template.render(names).value


def test_a_single_value_is_a_text_a_number_or_what_its_expression_gives() -> None:
    names = {"env": {"ID": "7"}, "settings": {"v": "v25.0"}}

    assert value("https://x.example/{{ settings.v }}/{{ env.ID }}/events", names) == (
        "https://x.example/v25.0/7/events"
    )
    assert value(5, names) == 5
    assert value("{{ [1] }}", names) == [1]
    assert value("{{ env.NONE }}", names) is MISSING


def test_a_list_or_object_is_no_single_value() -> None:
    template, findings = compile_value(document({"a": 1}), ENV, caches=Caches.off())

    assert template is None
    assert [one.code for one in findings] == ["E207"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ env.A }}", {"A"}),
        ("Bearer {{ env.A }}", {"A"}),
        ("{{ env['A'] | lower }}", {"A"}),
        ("{{ env.A | default('off' if env.B else 'live') }}", {"A", "B"}),
        ("{{ settings.a }}", set()),
    ],
)
def test_a_template_knows_which_variables_it_reads(text: str, names: set[str]) -> None:
    assert compiled(text, scope=ENV).env_names == names


def test_a_template_knows_its_names_and_reads_with_their_places() -> None:
    tree = {
        "a": "{{ properties.total | number }}",
        "b": {"$for": "p in properties.products | take(3)", "$do": "{{ p.price }}"},
        "c": "{{ tables.status[context.page.state] }}",
        "d": "{{ properties.products[0].price }}",
    }

    template = compiled(tree)

    assert template.names == {"properties", "tables", "context"}
    assert [read.path for read in template.reads] == [
        ("properties", "total"),
        ("properties", "products"),
        ("properties", "products", "[]", "price"),
        ("tables", "status"),
        ("context", "page", "state"),
        ("properties", "products", "[]", "price"),
    ]
    assert template.reads[0].place == Place(FILE, 8, 11)
    assert template.reads[0].places == (Place(FILE, 8, 11), Place(FILE, 8, 22))


def test_a_template_knows_which_leaf_reads_a_name() -> None:
    tree = {"id": "{{ event.messageId }}:{{ part }}", "a": {"b": "{{ part }}", "c": 1}}

    template = compiled(tree)

    assert template.leaf_reads(("id",), "part")
    assert template.leaf_reads(("a", "b"), "part")
    assert not template.leaf_reads(("a", "c"), "part")
    assert not template.leaf_reads(("id",), "user")


def test_a_trace_tells_what_each_leaf_gave_and_why_it_was_dropped() -> None:
    tree = {
        "a": "{{ properties.total | number }}",
        "b": "{{ properties.absent }}",
        "c": "{{ properties.empty }}",
        "d": "{{ properties.total + 1 }}",
        "e": "constant",
        "f": {"$if": "{{ part }}", "g": 1},
        "h": {"$for": "p in properties.products", "$do": {"id": "{{ p.sku }}"}},
    }
    event = {"properties": {"total": "5", "empty": "", "products": [{}, {"sku": "s"}]}}

    found = rendered(tree, names_of(event), trace=True)

    seen = [(one.path, one.value, one.dropped) for one in found.trace]
    assert seen == [
        ("a", 5, ""),
        ("b", MISSING, "missing"),
        ("c", "", "empty"),
        ("d", MISSING, f"fault: {found.faults[0].message}"),
        ("e", "constant", ""),
        ("f", 0, "condition is not true"),
        ("h", event["properties"]["products"], ""),
        ("h[0].id", MISSING, "missing"),
        ("h[0].id", "s", ""),
    ]
    assert found.trace[0].place == Place(FILE, 8, 11)
    assert found.trace[0].expression == "{{ properties.total | number }}"
    assert found.trace[1].as_json()["line"] == 9


def test_without_a_trace_nothing_is_traced() -> None:
    assert rendered({"a": "{{ part }}"}).trace == ()


def test_a_warning_does_not_stop_a_template() -> None:
    assert [one.code for one in findings_of("{{ 2 * part | round }}")] == ["W201"]
    assert rendered("{{ 2 * part | round }}", {"part": 2}).value == 4


def test_phone_numbers_are_parsed_once_while_caches_are_on() -> None:
    caches = Caches.on()
    tree, _ = parse_tree(document({"ph": "{{ user.phone | normalize_phone('CO') }}"}))
    template, _ = compile_tree(tree, ScopeSpec(NAMES), caches=caches)
    assert template is not None

    found = [template.render({"user": {"phone": "310 555 0199"}}).value for _ in range(3)]

    assert found == [{"ph": "573105550199"}] * 3
    assert caches.counts()[PHONES.name].hits == 2


def test_names_that_are_null_or_not_given_are_missing() -> None:
    assert rendered({"a": "{{ properties.x }}"}, {"properties": None}).value is MISSING
    assert rendered({"a": "{{ properties.x }}"}, {}).value is MISSING


def test_tuples_are_lists() -> None:
    found = rendered(
        {"a": "{{ properties | length }}", "b": "{{ properties[1] }}"}, {"properties": (1, 2)}
    )

    assert found.value == {"a": 2, "b": 2}


def test_a_part_that_stands_twice_is_worked_out_once() -> None:
    caches = Caches.on()
    part = "{{ user.name | normalize_name }}"
    loop = {"$for": "one in properties.a", "$do": [part, "{{ one | normalize_city }}"]}
    tree, _ = parse_tree(document({"a": part, "b": part, "c": loop}))
    template, _ = compile_tree(tree, ScopeSpec(NAMES), caches=caches)
    assert template is not None

    found = template.render({"user": {"name": "Ana"}, "properties": {"a": ["Cali", "Tunja"]}})

    assert found.value == {
        "a": "ana",
        "b": "ana",
        "c": [["ana", "cali"], ["ana", "tunja"]],
    }
    counts = caches.counts()[PERSONAL.name]
    assert (counts.hits, counts.misses) == (0, 3)


def test_each_leaf_reports_the_fault_of_a_part_that_they_share() -> None:
    part = "{{ properties.a | sum }}"

    found = rendered({"a": part, "b": [part]}, {"properties": {"a": ["x"]}})

    assert found.value is MISSING
    assert [one.path for one in found.faults] == ["a", "b[0]"]


def test_what_only_python_calls_equal_is_no_shared_part() -> None:
    found = rendered(
        {"a": "{{ properties.a | json ~ 1 }}", "b": "{{ properties.a | json ~ 1.0 }}"},
        {"properties": {"a": []}},
    )

    assert found.value == {"a": "[]1", "b": "[]1.0"}


def test_a_number_goes_through_text_into_the_next_filter() -> None:
    names = {"user": {"phone": 3105550199, "id": 42, "zip": 1.5}, "settings": {"country": "co"}}

    found = rendered(
        {
            "a": "{{ user.phone | text | normalize_phone(settings.country) }}",
            "b": "{{ user.id | text | truncate(1) }}",
            "c": "{{ user.zip | text | replace('.', ',') }}",
            "d": "{{ user.id | text | sha256 }}",
        },
        names,
    )

    assert found.value == {
        "a": "573105550199",
        "b": "4",
        "c": "1,5",
        "d": "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049",
    }


def test_true_is_no_index() -> None:
    assert rendered("{{ (properties.a | split)[true] }}", {"properties": {"a": "x,y"}}).value is (
        MISSING
    )


def test_an_argument_that_has_to_be_there_and_is_not_makes_the_filter_missing() -> None:
    names = {"properties": {"a": "x?y=1", "b": "y"}}

    assert rendered("{{ properties.a | url_param(properties.b) }}", names).value == "1"
    assert rendered("{{ properties.a | url_param(properties.c) }}", names).value is MISSING
    assert rendered("{{ properties.a | without_params('y', properties.c) }}", names).value == "x"


def test_hashes_of_the_same_filters_share_a_cache_between_templates() -> None:
    caches = Caches.on()
    tree, _ = parse_tree(document({"em": "{{ user.email | normalize_email | sha256 }}"}))
    templates = [compile_tree(tree, ScopeSpec(NAMES), caches=caches)[0] for _ in range(2)]

    for template in templates:
        assert template is not None
        template.render({"user": {"email": "ana@tienda.co"}})

    assert caches.counts()[PERSONAL.name].hits == 1


def test_a_payload_tells_its_size() -> None:
    tree = {"a": "{{ properties.a }}"}

    assert rendered(tree, {"properties": {"a": "ñ"}}).size_bytes == len('{"a":"ñ"}'.encode())
    assert rendered(tree, {"properties": {"a": 2**70}}).size_bytes is None
    assert rendered(tree, {}).size_bytes is None
