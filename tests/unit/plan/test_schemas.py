"""The tracking plan holds for its own examples and for their nearest neighbours."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.plan.tracking_plan import EVENT_SCHEMAS, REGISTRY, SCHEMAS, refusals, stem_of


def changed(stem: str, path: str, *value: object) -> dict[str, Any]:
    """The schema's example with one field set, or removed when no value is given."""
    event = copy.deepcopy(EVENT_SCHEMAS[stem]["examples"][0])
    *parents, last = path.split(".")
    place = event
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    if value:
        place[last] = value[0]
    else:
        place.pop(last, None)
    return event


@pytest.mark.parametrize("path", SCHEMAS)
def test_every_file_is_a_2020_12_schema_that_says_what_it_is(path):
    schema = SCHEMAS[path]

    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize("path", SCHEMAS)
def test_every_reference_leads_to_a_file_of_the_plan(path):
    resolver = REGISTRY.resolver(base_uri=f"file:///{path}")

    for reference in references(SCHEMAS[path]):
        assert resolver.lookup(reference).contents["title"]


def references(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            elif key != "examples":
                yield from references(value)


@pytest.mark.parametrize("stem", EVENT_SCHEMAS)
def test_an_event_schema_says_which_event_it_is_for_and_shows_a_good_one(stem):
    schema = EVENT_SCHEMAS[stem]

    (example,) = schema["examples"]

    assert stem_of(example) == stem
    assert refusals(example) == set()
    assert json.loads(json.dumps(example)) == example  # no date or other YAML type slipped in
    assert stem == schema["title"].lower().replace(" ", "-")


def test_no_two_schemas_are_for_the_same_event():
    claims = Counter(
        (schema["properties"]["type"]["const"], schema["properties"].get("event", {}).get("const"))
        for schema in EVENT_SCHEMAS.values()
    )

    assert max(claims.values()) == 1
    assert {kind for kind, _ in claims} == {"track", "page", "screen", "identify", "group", "alias"}


@pytest.mark.parametrize("stem", EVENT_SCHEMAS)
@pytest.mark.parametrize("field", ["type", "messageId", "timestamp"])
def test_no_event_does_without_type_id_and_time(stem, field):
    assert ("$", "required") in refusals(changed(stem, field), stem)


@pytest.mark.parametrize("stem", sorted(set(EVENT_SCHEMAS) - {"alias"}))
def test_either_id_is_enough_but_one_is_needed(stem):
    event = changed(stem, "userId", "cli-10001") | {"anonymousId": "8c1f7a52"}

    assert refusals({k: v for k, v in event.items() if k != "userId"}, stem) == set()
    assert refusals({k: v for k, v in event.items() if k != "anonymousId"}, stem) == set()
    nobody = {k: v for k, v in event.items() if k not in ("userId", "anonymousId")}
    assert refusals(nobody, stem) == {("$", "anyOf")}


REQUIRED = {
    "alias": ["userId", "previousId"],
    "group": ["groupId"],
    "order-completed": ["properties.order_id"],
    "order-refunded": ["properties.order_id"],
    "points-earned": ["properties.points"],
    "points-redeemed": ["properties.points"],
    "products-searched": ["properties.query"],
    "web-vital-measured": ["properties.metric", "properties.value"],
}


@pytest.mark.parametrize(
    ("stem", "field"), [(stem, field) for stem, fields in REQUIRED.items() for field in fields]
)
def test_an_event_without_a_field_that_no_mapping_could_replace_is_refused(stem, field):
    event = changed(stem, field)

    assert "required" in {keyword for _, keyword in refusals(event)}


ONE_OF_THESE = [
    ("cart-viewed", "properties", ["cart_id", "products"]),
    ("checkout-started", "properties", ["products", "value", "revenue", "total"]),
    ("coupon-applied", "properties", ["coupon_id", "coupon_name"]),
    ("order-completed", "properties.products.0", ["product_id", "sku"]),
    ("product-added", "properties", ["product_id", "sku"]),
    ("product-list-viewed", "properties", ["list_id", "category", "products"]),
    ("product-removed", "properties", ["product_id", "sku"]),
    ("product-viewed", "properties", ["product_id", "sku"]),
    ("promotion-clicked", "properties", ["promotion_id", "name"]),
    ("promotion-viewed", "properties", ["promotion_id", "name"]),
]


@pytest.mark.parametrize(("stem", "place", "fields"), ONE_OF_THESE)
def test_any_one_of_a_choice_will_do_and_none_will_not(stem, place, fields):
    def with_only(kept: str | None) -> dict[str, Any]:
        event = copy.deepcopy(EVENT_SCHEMAS[stem]["examples"][0])
        inner = event
        for key in place.split("."):
            inner = inner[int(key)] if isinstance(inner, list) else inner[key]
        for field in fields:
            inner.pop(field, None)
        if kept:
            inner[kept] = [{"sku": "TE-1"}] if kept == "products" else "1"
        return event

    assert [refusals(with_only(field)) for field in fields] == [set()] * len(fields)
    assert {keyword for _, keyword in refusals(with_only(None))} == {"anyOf"}


TAKEN = [
    ("order-completed", "properties.total", "5415775.00"),
    ("order-completed", "properties.total", " -1 "),
    ("order-completed", "properties.order_id", 10045),
    ("order-completed", "properties.currency", "cop"),
    ("order-completed", "properties.coupon", ""),
    ("order-completed", "properties.products.0.product_id", 40017),
    ("order-completed", "properties.products.0.quantity", "2"),
    ("order-completed", "properties.products.0.variant", 256),
    ("order-completed", "properties.gift_note", {"from": "Óscar"}),
    ("order-completed", "context.anything", [1, "dos", None]),
    ("order-completed", "context.ga_session_id", 1795180449),
    ("order-completed", "context.consent.categoryPreferences", ["Analytics"]),
    ("order-completed", "context.consent.categoryPreferences", {"marketing": False}),
    ("order-completed", "integrations", {"All": False, "Meta": True, "GA4": {"debug": 1}}),
    ("order-completed", "timestamp", "2026-11-20T08:31:07-05:00"),
    ("order-completed", "messageId", "m" * 100),
    ("order-completed", "userId", 10023),
    ("cart-viewed", "properties.products", []),
    ("order-completed", "properties.products", []),
    ("order-completed", "properties", {"order_id": "TE-1"}),
    ("products-searched", "properties.query", {"text": "s26", "color": "azul"}),
    ("promotion-viewed", "properties.position", 1),
    ("web-vital-measured", "properties.value", "0.04"),
    ("identify", "traits.phone", 573005550123),
    ("identify", "traits.address", "Carrera 43A # 7-50, Medellín"),
    ("signed-up", "properties", {}),
]


@pytest.mark.parametrize(("stem", "path", "value"), TAKEN)
def test_what_really_arrives_is_taken(stem, path, value):
    assert refusals(changed(stem, path, value)) == set()


REFUSED = [
    ("order-completed", "properties.total", "5.415.775", "pattern"),
    ("order-completed", "properties.total", True, "type"),
    ("order-completed", "properties.total", "", "pattern"),
    ("order-completed", "properties.order_id", "", "minLength"),
    ("order-completed", "properties.order_id", 1.5, "type"),
    ("order-completed", "properties.currency", "CO", "minLength"),
    ("order-completed", "properties.currency", "C0P", "pattern"),
    ("order-completed", "properties.products.0.price", "$ 5.041.900", "pattern"),
    ("order-completed", "context.consent.categoryPreferences", {"advertising": "yes"}, "type"),
    ("order-completed", "context.consent.categoryPreferences", [True], "type"),
    ("order-completed", "context.ip", 3405803801, "type"),
    ("order-completed", "integrations", {"Meta": "no"}, "type"),
    ("order-completed", "timestamp", "20/11/2026 08:31", "pattern"),
    ("order-completed", "timestamp", "2026-11-20T08:31:07", "pattern"),
    ("order-completed", "messageId", "m" * 101, "maxLength"),
    ("order-completed", "messageId", "", "minLength"),
    ("order-completed", "userId", "", "minLength"),
    ("cart-viewed", "properties.products", {"sku": "TE-1"}, "type"),
    ("cart-viewed", "properties.products", [{"name": "Galaxy A17"}], "anyOf"),
    ("products-searched", "properties.query", "", "minLength"),
    ("points-earned", "properties.points", "many", "pattern"),
    ("web-vital-measured", "properties.metric", "FPS", "enum"),
    ("web-vital-measured", "properties.rating", "bad", "enum"),
    ("identify", "traits.email", 7, "type"),
]


@pytest.mark.parametrize(("stem", "path", "value", "keyword"), REFUSED)
def test_what_no_mapping_could_use_is_refused_where_it_stands(stem, path, value, keyword):
    ((where, refused_by),) = refusals(changed(stem, path, value))

    assert refused_by == keyword
    assert where.replace("[", ".").replace("]", "").startswith(f"$.{path}")
