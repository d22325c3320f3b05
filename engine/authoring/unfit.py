"""Values of an event that were there and could not be written as a vendor wants them.

A phone of three digits costs the event nothing: its leaf is missing, and the rest goes. Nothing at
the vendor shows it, so a dry run does, without the data.
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.mapping.filters.catalogue import FILTERS
from engine.mapping.tree import Branch, Constant, Items, Leaf, Tree
from engine.model.decision import Fault
from engine.model.jsonvalue import Body, Json, as_body
from engine.release.routes import Rule

STRICT: Final = ("public_ip", "valid_fbc", "valid_fbp")
"""Filters that let a good value through as it is, beside those that write foreign data anew."""

FORMING: Final = (*(spec.name for spec in FILTERS.values() if spec.lenient), *STRICT)

FORMED: Final = re.compile(
    r"\s*\{\{-?\s*(?P<path>[a-z_]+(?:\.\w+)+)\s*(?:\|\s*(?:text|trim)\s*)*"
    rf"\|\s*(?P<filter>{'|'.join(FORMING)})\b"
)
"""A leaf that begins with a look-up and a filter that may find it of no use."""

LOOK_UP: Final = re.compile(r"\s*\{\{-?\s*(?P<path>[a-z_]+(?:\.\w+)+)\s*-?\}\}\s*")


def unfit(rule: Rule, names: Body, payload: Body) -> tuple[Fault, ...]:
    """A warning for each leaf that is not in the payload though what it reads is in ``names``."""
    if rule.tree is None:
        return ()
    return tuple(
        Fault(".".join(path), _words(found), leaf.place.file, leaf.place.line)
        for path, leaf in _leaves(rule.tree, (), names)
        if (found := FORMED.match(leaf.text.text))
        and _is_there(names, found["path"].split("."))
        and not _is_there(payload, path)
    )


def _leaves(
    tree: Tree, path: tuple[str, ...], names: Body
) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Every leaf of an object, and of the objects and lists in it, with its path.

    That of an element is its list's, which is there with any of them. An object that its own
    condition leaves out says nothing of the leaves in it.
    """
    match tree:
        case Leaf():
            yield path, tree
        case Items(items):
            yield from ((path, item) for item in items if isinstance(item, Leaf))
        case Branch(members=members, condition=condition):
            if condition is None or _holds(condition, names):
                for key, member in members.items():
                    yield from _leaves(member, (*path, key), names)


def _holds(condition: Leaf | Constant, names: Body) -> bool:
    """Whether a condition that is one look-up holds; of any other it is not known, and so not."""
    found = LOOK_UP.fullmatch(condition.text.text) if isinstance(condition, Leaf) else None
    if found is None:
        return False
    value: Json = names
    for step in found["path"].split("."):
        value = as_body(value).get(step)
    return bool(value)


def _is_there(place: Body, path: list[str] | tuple[str, ...]) -> bool:
    """Whether something stands at a path; blanks are nothing."""
    found: Json = place
    for step in path:
        found = as_body(found).get(step)
    return bool(found.strip()) if isinstance(found, str) else found not in (None, [], {})


def _words(found: re.Match[str]) -> str:
    return f"{found['path']} is there and {found['filter']} can make nothing of it: left out"
