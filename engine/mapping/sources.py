"""What the parts of a tree are made of: the look-ups that give their values."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from engine.mapping import syntax
from engine.mapping.expression import Reading, read_expression, read_text
from engine.mapping.scope import ScopeSpec
from engine.mapping.tokens import Text
from engine.mapping.tree import Branch, Items, Leaf, Loop, Tree, split_loop
from engine.mapping.uses import origin_of
from engine.model.document import Document
from engine.model.finding import Finding

Steps: TypeAlias = tuple[str, ...]
"""A path, an element of a list as ``[]``."""


def sources_of(tree: Tree, scope: ScopeSpec) -> Mapping[Steps, tuple[Steps, ...]]:
    """For the path of each part that has an expression, the paths that its value may come from.

    In the order of writing; what only decides whether, or which, is none of them.
    """
    return dict(_sources(tree, scope, ()))


def sources_of_each(written: Document, scope: ScopeSpec) -> Mapping[Steps, tuple[Steps, ...]]:
    """The same for the elements of an ``each:``; by key where one is written out as an object."""
    head = split_loop(written)
    if isinstance(head, Finding):
        return {}
    reading = read_expression(Text.of(written), head[1], scope)[0]
    if reading is None:
        return {}
    if (origin := origin_of(reading.expression, scope)) is not None:
        return {(): (origin,)}
    match reading.expression:
        case syntax.Elements((syntax.Members(members),)):
            return {(key,): _resolved(value, scope) for key, value in members}
    return {(): _resolved(reading.expression, scope)}


def _sources(tree: Tree, scope: ScopeSpec, at: Steps) -> Iterator[tuple[Steps, tuple[Steps, ...]]]:
    match tree:
        case Leaf(text):
            yield at, _paths(read_text(text, scope)[0], scope)
        case Branch():
            if isinstance(tree.merged, Leaf):
                yield at, _paths(read_text(tree.merged.text, scope)[0], scope)
            for key, part in tree.members.items():
                yield from _sources(part, scope, (*at, key))
        case Items(items):
            for item in items:
                yield from _sources(item, scope, (*at, "[]"))
        case Loop():
            reading = read_expression(tree.text, tree.start, scope)[0]
            yield at, _paths(reading, scope)
            origin = None if reading is None else origin_of(reading.expression, scope)
            yield from _sources(tree.body, scope.with_name(tree.name, origin), (*at, "[]"))


def _paths(reading: Reading | None, scope: ScopeSpec) -> tuple[Steps, ...]:
    return () if reading is None else _resolved(reading.expression, scope)


def _resolved(expression: syntax.Expression, scope: ScopeSpec) -> tuple[Steps, ...]:
    return tuple(dict.fromkeys(scope.resolved(one) for one in _values(expression)))


def _values(expression: syntax.Expression) -> Iterator[Steps]:
    if (path := syntax.chain_of(expression)) is not None:
        yield path
    elif isinstance(expression, syntax.Choice):
        yield from _values(expression.yes)
        yield from _values(expression.no)
    elif not isinstance(expression, syntax.Comparison | syntax.Test | syntax.Not):
        for part in syntax.parts_of(expression):
            yield from _values(part)
