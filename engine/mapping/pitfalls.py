"""What is written right and most likely meant otherwise (warnings W2xx)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from engine.mapping.tokens import Lines, Source

ROUNDING: Final = frozenset({"round", "integer", "cents", "abs", "text"})
"""Filters that one wants of a result, hardly of its last operand alone."""

OPERATIONS: Final = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod)


@dataclass(frozen=True, slots=True)
class Pitfall:
    """A warning, and where in the text it stands."""

    code: str
    at: int
    message: str
    hint: str


def pitfalls(node: nodes.Node, lines: Lines, source: Source) -> Iterator[Pitfall]:
    """The pitfalls of an expression."""
    for one in _all(node):
        operand = _last_operand(one)
        if isinstance(operand, nodes.Filter) and not _in_parentheses(operand, lines, source):
            yield Pitfall(
                "W201",
                lines.at(operand),
                f"| {operand.name} takes only what stands right before it, not the whole result",
                f"write (…) | {operand.name}, or put the last part in parentheses if it is meant",
            )
        if isinstance(one, nodes.Sub) and (key := hyphened(one, lines, source)):
            yield Pitfall(
                "W202",
                lines.at(leftmost(one.right)),
                f"{key} is a subtraction",
                f"write {_bracketed(key)} for the key, or spaces around the -",
            )


def hyphen_hints(node: nodes.Node, lines: Lines, source: Source) -> dict[int, str]:
    """For the token of each name behind a hyphen without spaces: what to write for a key."""
    subtractions = [one for one in _all(node) if isinstance(one, nodes.Sub)]
    found = {lines.index(leftmost(one.right)): hyphened(one, lines, source) for one in subtractions}
    return {
        index: f"{key} is a subtraction; for a key write {_bracketed(key)}"
        for index, key in found.items()
        if key
    }


def hyphened(node: nodes.Sub, lines: Lines, source: Source) -> str:
    """``properties.user-id`` where it is written so, without spaces; else the empty text."""
    right = leftmost(node.right)
    index = lines.index(right)
    if not isinstance(node.left, nodes.Getattr) or not isinstance(right, nodes.Name):
        return ""
    before, hyphen, after = source.tokens[index - 2 : index + 1]
    if hyphen.text != "-" or before.end != hyphen.at or hyphen.end != after.at:
        return ""
    first = lines.index(leftmost(node.left))
    return "".join(token.text for token in source.tokens[first : index + 1])


def _bracketed(key: str) -> str:
    base, _, last = key.rpartition(".")
    return f"{base}['{last}']"


def _last_operand(node: nodes.Node) -> nodes.Node | None:
    """The last operand of ``a * b | round`` or ``a ~ b | lower``, if its filter is suspicious."""
    if isinstance(node, nodes.Concat):
        *before, last = node.nodes
        is_filtered = any(isinstance(one, nodes.Filter) for one in before)
        return None if is_filtered or _is(last, "default") else last
    if isinstance(node, OPERATIONS) and isinstance(node.right, nodes.Filter):
        return node.right if node.right.name in ROUNDING else None
    return None


def _is(node: nodes.Node, name: str) -> bool:
    return isinstance(node, nodes.Filter) and node.name == name


def _in_parentheses(node: nodes.Filter, lines: Lines, source: Source) -> bool:
    first = lines.index(leftmost(node))
    return first > 0 and source.tokens[first - 1].text == "("


def leftmost(node: nodes.Node) -> nodes.Node:
    """The node of the first token that a node is written with."""
    match node:
        case nodes.BinExpr(left=inner) | nodes.CondExpr(expr1=inner) | nodes.Compare(expr=inner):
            return leftmost(inner)
        case nodes.Getattr(node=inner) | nodes.Getitem(node=inner) | nodes.Filter(node=inner):
            return leftmost(inner) if inner is not None else node
        case nodes.Test(node=inner) | nodes.Call(node=inner):
            return leftmost(inner)
        case nodes.Concat(nodes=[inner, *_]):
            return leftmost(inner)
        case _:
            return node


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)
