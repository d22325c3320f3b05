"""What an expression says, read and checked: the nodes that are translated and evaluated.

Names are in scope, filters and tests known, arguments complete: nothing is left to refuse.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.mapping.filters.spec import FilterSpec, TestSpec
from engine.model.jsonvalue import Json


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, number, boolean or null as written; for the writer of code, any fixed value."""

    value: Json


@dataclass(frozen=True, slots=True)
class Name:
    """A name in scope; ``at`` is where it stands in its text."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Key:
    """``base.key``, or ``base['key']``."""

    base: "Expression"
    key: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Item:
    """``base[index]``."""

    base: "Expression"
    index: "Expression"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """``value | filter(arguments)``, with one expression for each declared argument and the rest.

    None stands for an argument that is left out.
    """

    spec: FilterSpec
    value: "Expression"
    arguments: tuple["Expression | None", ...]


@dataclass(frozen=True, slots=True)
class Test:
    """``value is test(arguments)``."""

    __test__ = False  # no test of ours, though its name begins like one

    spec: TestSpec
    value: "Expression"
    arguments: tuple["Expression | None", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``yes if condition else no``."""

    condition: "Expression"
    yes: "Expression"
    no: "Expression"


@dataclass(frozen=True, slots=True)
class Both:
    """``left and right``."""

    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Either:
    """``left or right``."""

    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Not:
    """``not value``."""

    value: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left sign right``; sign is one of ``== != < <= > >= in`` and ``not in``."""

    sign: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left sign right``; sign is one of ``+ - * / // %``."""

    sign: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negative:
    """``-value``."""

    value: "Expression"


@dataclass(frozen=True, slots=True)
class Joined:
    """``a ~ b``, or a text around expressions."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Elements:
    """``[a, b]``."""

    elements: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Members:
    """``{'a': b}``."""

    members: tuple[tuple[str, "Expression"], ...]


Expression: TypeAlias = (
    Constant
    | Name
    | Key
    | Item
    | Filter
    | Test
    | Choice
    | Both
    | Either
    | Not
    | Comparison
    | Arithmetic
    | Negative
    | Joined
    | Elements
    | Members
)


def chain_of(expression: Expression) -> tuple[str, ...] | None:
    """The path of a plain look-up: ``a.b[0].c`` is a, b, [], c; None for any other expression."""
    match expression:
        case Name(name):
            return (name,)
        case Key(base, key):
            path = chain_of(base)
            return None if path is None else (*path, key)
        case Item(base, Constant(int())):
            path = chain_of(base)
            return None if path is None else (*path, "[]")
    return None


def parts_of(expression: Expression) -> Iterator[Expression]:
    """The expressions that it is made of, in the order of writing."""
    match expression:
        case Key(base):
            yield base
        case Item(base, index):
            yield from (base, index)
        case Filter(_, value, arguments) | Test(_, value, arguments):
            yield value
            yield from (one for one in arguments if one is not None)
        case Choice(condition, yes, no):
            yield from (condition, yes, no)
        case Both(left, right) | Either(left, right):
            yield from (left, right)
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            yield from (left, right)
        case Not(value) | Negative(value):
            yield value
        case Joined(parts) | Elements(parts):
            yield from parts
        case Members(members):
            yield from (value for _, value in members)
