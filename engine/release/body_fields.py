"""Which fields of a posted body the parts of its event are made of."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from engine.mapping.scope import ScopeSpec
from engine.mapping.sources import Steps, sources_of, sources_of_each
from engine.mapping.tree import Tree, split_loop
from engine.model.document import Document
from engine.model.finding import Finding

BodyFields: TypeAlias = Mapping[Steps, Steps]
"""Paths in the event -> paths in the body, an element of a list as ``[]``."""

BODY = "body"


def fields_of(each: Sequence[Document], tree: Tree, scope: ScopeSpec) -> BodyFields:
    """For the path of each part of the event the field of the body that it is made of.

    Where there are several it is the one that is read first; parts that are made of something else
    are left out. ``scope`` is without the names of ``each``.
    """
    places: dict[Steps, Steps] = {(BODY,): ()}
    for written in each:
        head = split_loop(written)
        if isinstance(head, Finding):
            continue
        for key, made_of in sources_of_each(written, scope).items():
            if (found := _first(made_of, places)) is not None:
                places[head[0], *key] = found
        scope = scope.with_name(head[0], None)
    paths = {at: _first(made_of, places) for at, made_of in sources_of(tree, scope).items()}
    return {at: path for at, path in paths.items() if path is not None}


def _first(made_of: Sequence[Steps], places: Mapping[Steps, Steps]) -> Steps | None:
    for path in made_of:
        # A key of an object that a loop wrote out, else a name alone.
        for length in (2, 1):
            if (place := places.get(path[:length])) is not None:
                return place + path[length:]
    return None


def field_of(fields: BodyFields, path: Steps) -> Steps | None:
    """The field of the body behind a path of the event, None where none is known.

    Of what is passed on whole it is the same path below the field.
    """
    for length in range(len(path), 0, -1):
        if (found := fields.get(path[:length])) is not None:
            rest = path[length:]
            return found if "[]" in rest else found + rest
    return None
