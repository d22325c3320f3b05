"""Loops of an inbound mapping that give several events one ``messageId``: one alone would count."""

from collections.abc import Iterator

from engine.mapping import syntax
from engine.mapping.expression import ScopeSpec, read_text
from engine.mapping.tree import Leaf, Tree
from engine.model.finding import Finding, error
from engine.release.inbound import InboundMapping
from engine.release.scope import INBOUND_NAMES, OF_POST, OF_PULL

PART = "part"


def same_ids(mapping: InboundMapping, tree: Tree) -> Iterator[Finding]:
    """A finding for the first loop whose turns ``tree``, the messageId, may not tell apart."""
    loops = [one for one in mapping.each if not one.is_single]
    names = {*INBOUND_NAMES, *OF_POST, *OF_PULL, *(one.name for one in mapping.each)}
    reading = (
        read_text(tree.text, ScopeSpec(frozenset(names)))[0] if isinstance(tree, Leaf) else None
    )
    for loop in loops:
        if reading is None or not _differs(reading.expression, _made_of(mapping, loop.name)):
            message = (
                f"turns of {loop.name} may get the same messageId, and all but one are dropped"
            )
            hint = f"make it of {loop.name} or of {PART}, also where it falls back to another"
            yield error("E342", mapping.document.place("event", "messageId"), message, hint)
            return


def _made_of(mapping: InboundMapping, loop: str) -> frozenset[str]:
    """The names whose values differ from turn to turn of a loop."""
    made = {PART, loop}
    for one in mapping.each:
        if made & one.template.names:
            made.add(one.name)
    return frozenset(made)


def _differs(expression: syntax.Expression, names: frozenset[str]) -> bool:
    """Whether the value may be another at each turn, whichever way it is worked out."""
    match expression:
        case syntax.Name(name):
            return name in names
        case syntax.Filter(spec, value, arguments) if spec.name == "default":
            fallbacks = [one for one in arguments if one is not None]
            return _differs(value, names) and all(_is_new(one, names) for one in fallbacks)
        case syntax.Choice(_, yes, no):
            return _is_new(yes, names) and _is_new(no, names)
        case syntax.Either(left, right):
            return _is_new(left, names) and _is_new(right, names)
    return any(_differs(one, names) for one in syntax.parts_of(expression))


def _is_new(expression: syntax.Expression, names: frozenset[str]) -> bool:
    """Whether it differs, or is empty: then the event gets an id that nothing else has."""
    is_empty = isinstance(expression, syntax.Constant) and expression.value in ("", None)
    return is_empty or _differs(expression, names)
