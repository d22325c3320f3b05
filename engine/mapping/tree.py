"""A payload tree as written: leaves, objects, lists, ``$for``, ``$if``, ``$use`` and ``$merge``.

What the texts of its leaves say is read when the tree is compiled, as only then the names in scope
are known.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from engine.mapping.scope import nearest
from engine.mapping.tokens import Text, has_expression
from engine.model.document import Document, Place
from engine.model.finding import Finding, error
from engine.model.jsonvalue import Json

FOR: Final = "$for"
DO: Final = "$do"
IF: Final = "$if"
USE: Final = "$use"
MERGE: Final = "$merge"
WORDS: Final = (FOR, DO, IF, USE, MERGE)

SLIPS: Final = frozenset(
    (
        "$fro",
        "$foreach",
        "$for_each",
        "$each",
        "$in",
        "$then",
        "$else",
        "$elif",
        "$elseif",
        "$when",
        "$unless",
        "$iff",
        "$uses",
        "$include",
        "$fragment",
        "$with",
        "$switch",
        "$case",
        "$match",
        "$loop",
        "$repeat",
        "$dos",
        "$merges",
        "$spread",
        "$extend",
        "$take",
    )
)
"""Keys that look like ours and are none; any other ``$…`` is a key of the payload, as some vendors
have such keys. ``$$for`` stands for the key ``$for`` itself."""

LOOP: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s+in\s+(?=\S)", re.ASCII)
KEYWORDS: Final = frozenset(
    ("and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None")
)
STEP: Final = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Constant:
    """A value without an expression, as written."""

    value: Json
    place: Place


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text with an expression in it."""

    text: Text
    place: Place


@dataclass(frozen=True, slots=True)
class Branch:
    """An object: ``members`` laid over the fragments of ``uses``; ``condition`` is its ``$if``.

    ``merged`` is its ``$merge``: an object of the event whose other keys stand beside the members.
    """

    members: Mapping[str, "Tree"]
    place: Place
    condition: Leaf | Constant | None = None
    uses: tuple["Use", ...] = ()
    merged: Leaf | Constant | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Tree", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Loop:
    """``$for: NAME in EXPR`` with ``$do``; the expression begins at ``start`` of the text."""

    name: str
    text: Text
    start: int
    body: "Tree"
    place: Place


@dataclass(frozen=True, slots=True)
class Use:
    """``$use: NAME``."""

    name: str
    place: Place


Tree: TypeAlias = Constant | Leaf | Branch | Items | Loop


def parse_tree(document: Document) -> tuple[Tree, list[Finding]]:
    """The tree of a document; where a part can't be read, a null stands and a finding tells why."""
    value = document.value
    if isinstance(value, Mapping):
        return _parse_loop(document) if FOR in value or DO in value else _parse_branch(document)
    if isinstance(value, list):
        parsed = [parse_tree(part) for part in document.elements()]
        items = tuple(tree for tree, _ in parsed)
        return Items(items, document.place()), [one for _, found in parsed for one in found]
    return parse_leaf(document), []


def parse_leaf(document: Document) -> Leaf | Constant:
    """A text with an expression, or a constant."""
    value = document.value
    if isinstance(value, str) and has_expression(value):
        return Leaf(Text.of(document), document.place())
    return Constant(value, document.place())


def split_loop(document: Document) -> tuple[str, int] | Finding:
    """The name of ``NAME in EXPR``, and where the expression begins; else what is wrong."""
    value, place = document.value, document.place()
    hint = "write it like: product in properties.products"
    if not isinstance(value, str):
        return error("E207", place, "this takes a text: NAME in EXPRESSION", hint)
    if has_expression(value):
        return error("E207", place, "the expression stands without braces here", hint)
    found = LOOP.match(value)
    if found is None:
        return error("E207", place, "found no NAME in EXPRESSION", hint)
    if found[1] in KEYWORDS:
        return error("E207", place, f'"{found[1]}" can\'t be a name', "choose another")
    return found[1], found.end()


def _parse_loop(document: Document) -> tuple[Tree, list[Finding]]:
    place = document.place()
    keys = [key for key, _ in document.items()]
    if FOR not in keys or DO not in keys:
        lacking, there = (FOR, DO) if FOR not in keys else (DO, FOR)
        message = f"{there} stands without {lacking}"
        finding = error("E207", document.key_place(there), message, "a loop has both")
        return Constant(None, place), [finding]
    findings = [
        error("E207", document.key_place(key), f"{key} can't stand beside $for", "put it into $do")
        for key in keys
        if key not in (FOR, DO)
    ]
    body, found = parse_tree(document.at(DO))
    head = split_loop(document.at(FOR))
    if isinstance(head, Finding):
        return Constant(None, place), [*findings, head, *found]
    name, start = head
    text = Text.of(document.at(FOR))
    return Loop(name, text, start, body, document.place(FOR)), findings + found


def _parse_branch(document: Document) -> tuple[Tree, list[Finding]]:
    findings: list[Finding] = []
    members: dict[str, Tree] = {}
    for key, part in document.items():
        if key in SLIPS:
            hint = nearest(key, WORDS)
            hint = f"{hint} ($${key[1:]} stands for the key itself)".strip()
            findings.append(error("E207", document.key_place(key), f"unknown key {key}", hint))
        elif key not in WORDS:
            tree, found = parse_tree(part)
            members[key[1:] if key.startswith("$$") else key] = tree
            findings += found
    uses, found = _uses(document)
    findings += found
    condition = parse_leaf(document.at(IF)) if IF in _keys(document) else None
    merged = parse_leaf(document.at(MERGE)) if MERGE in _keys(document) else None
    if isinstance(merged, Constant) and not _is_null(merged):
        hint = 'write it like: "{{ properties.extra }}"'
        findings.append(error("E207", merged.place, "$merge takes an expression", hint))
    return Branch(members, document.place(), condition, uses, merged), findings


def _keys(document: Document) -> list[str]:
    return [key for key, _ in document.items()]


def _uses(document: Document) -> tuple[tuple[Use, ...], list[Finding]]:
    if USE not in _keys(document):
        return (), []
    part = document.at(USE)
    if not isinstance(part.value, str) or has_expression(part.value):
        hint = "the fragments of this file are known by their names"
        return (), [error("E207", part.place(), "$use takes the name of a fragment", hint)]
    return (Use(part.value, part.place()),), []


def merge_trees(defaults: Tree, over: Tree) -> Tree:
    """``over`` laid over ``defaults``, object by object; a null in it removes the key."""
    if not isinstance(defaults, Branch) or not isinstance(over, Branch):
        return over
    members = dict(defaults.members)
    uses = defaults.uses + over.uses
    merged = over.merged if over.merged is not None else defaults.merged
    for key, tree in over.members.items():
        # Behind a fragment or an object the null has to stay: it removes what they bring.
        if _is_null(tree) and not uses and merged is None:
            members.pop(key, None)
        elif key in members:
            members[key] = merge_trees(members[key], tree)
        else:
            members[key] = tree
    condition = over.condition if over.condition is not None else defaults.condition
    return replace(over, members=members, uses=uses, condition=condition, merged=merged)


def _is_null(tree: Tree) -> bool:
    return isinstance(tree, Constant) and tree.value is None


def place_in(tree: Tree, path: str | Iterable[str]) -> Place | None:
    """Where the leaf at a payload's path stands, or the nearest part above it.

    The path is ``contents[2].id``, ``contents.2.id`` or its steps; a loop counts for each of its
    elements. None for a tree without a place.
    """
    steps = STEP.findall(path) if isinstance(path, str) else list(path)
    found = node_at(tree, steps)[0]
    return found.place if found.place.line else None


def node_at(tree: Tree, steps: list[str]) -> tuple[Tree, list[str]]:
    """The node at the steps, or the nearest above it with the steps that are left."""
    for taken, step in enumerate(steps):
        below = _below(tree, step)
        if below is None:
            return tree, steps[taken:]
        tree = below
    return tree, []


def _below(tree: Tree, step: str) -> Tree | None:
    match tree:
        case Branch(members, merged=merged):
            return members.get(step, merged)
        case Items(items):
            return items[int(step)] if step.isdecimal() and int(step) < len(items) else None
        case Loop(body=body):
            return body if step.isdecimal() else None
        case _:
            return None
