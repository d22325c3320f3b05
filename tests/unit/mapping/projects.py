"""What the tests of this room share: documents from values, scopes, and one realistic event."""

from collections.abc import Mapping
from typing import Any

from engine.mapping.compile import (
    Condition,
    Rendered,
    ScopeSpec,
    Template,
    compile_condition,
    compile_tree,
)
from engine.mapping.tree import parse_tree
from engine.model.cache import Caches
from engine.model.document import Document, Path, Place
from engine.model.finding import Finding

FILE = "rules/meta.yaml"
NAMES = frozenset(
    [
        "event",
        "properties",
        "context",
        "traits",
        "user",
        "consent",
        "source",
        "now",
        "tables",
        "settings",
        "part",
        "flags",
    ]
)
SCOPE = ScopeSpec(NAMES, {"tables": frozenset({"status"})})

EVENT: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m-1",
    "timestamp": "2026-11-24T21:06:03.120Z",
    "properties": {
        "order_id": "10045",
        "total": "1299900",
        "currency": "COP",
        "products": [
            {"product_id": "p-1", "price": 1199900, "quantity": 1},
            {"sku": "s-2", "price": "100000"},
        ],
    },
    "context": {"ip": "203.0.113.7", "page": {"url": "https://shop.example/p"}},
}


def names_of(event: Mapping[str, Any] = EVENT, **more: Any) -> dict[str, Any]:
    """The scope of an event."""
    return {
        "event": event,
        "properties": event.get("properties"),
        "context": event.get("context"),
        "user": {"email": "Ana@Tienda.co"},
        "tables": {"status": {"paid": True}},
        "part": 0,
        **more,
    }


def document(value: Any, line: int = 7, column: int = 5) -> Document:
    """A document whose parts stand one a line, in the order of a walk, two columns in a level."""
    places: dict[Path, Place] = {}

    def place(part: Any, path: Path) -> None:
        places[path] = Place(FILE, line + len(places), column + 2 * len(path))
        if isinstance(part, dict | list):
            inner = part.items() if isinstance(part, dict) else enumerate(part)
            for key, one in inner:
                place(one, (*path, key))

    place(value, ())
    return Document(FILE, value, places, {})


def compiled(tree: Any, scope: ScopeSpec = SCOPE, **options: Any) -> Template:
    """The template of a tree that has no errors."""
    fragments = {
        name: parse_tree(document(one))[0] for name, one in options.pop("fragments", {}).items()
    }
    parsed, findings = parse_tree(document(tree))
    template, more = compile_tree(
        parsed, scope, fragments=fragments, caches=Caches.off(), **options
    )
    assert template is not None, [str(one) for one in [*findings, *more]]
    return template


def rendered(tree: Any, scope: Mapping[str, Any] | None = None, **options: Any) -> Rendered:
    """What a tree gives."""
    return compiled(tree, **options).render(names_of() if scope is None else scope)


def value_of(expression: str, **properties: Any) -> Any:
    """What an expression gives for these properties; faults are not expected."""
    found = rendered("{{ [" + expression + "] }}", {"properties": properties})
    assert not found.faults, found.faults
    return found.value[0] if found.value else None


def fault_of(expression: str, **properties: Any) -> str:
    """The message of the one fault of an expression."""
    found = rendered("{{ " + expression + " }}", {"properties": properties})
    assert not found.value
    (fault,) = found.faults
    return fault.message


def findings_of(tree: Any, scope: ScopeSpec = SCOPE, **options: Any) -> list[Finding]:
    """What is found wrong with a tree."""
    fragments = {
        name: parse_tree(document(one))[0] for name, one in options.pop("fragments", {}).items()
    }
    parsed, findings = parse_tree(document(tree))
    _, more = compile_tree(parsed, scope, fragments=fragments, caches=Caches.off(), **options)
    return [*findings, *more]


def condition(text: Any, scope: ScopeSpec = SCOPE) -> Condition:
    """The condition of a text that has no errors."""
    found, findings = compile_condition(document(text), scope, caches=Caches.off())
    assert found is not None, [str(one) for one in findings]
    return found
