"""What is known of an expression before it runs: its type, whether it can fail, what it costs."""

from typing import Any, Final

from engine.mapping import syntax
from engine.mapping.filters.spec import CLASSES, Kind

WIDER: Final = (Kind.NUMERIC, Kind.PLAIN, Kind.SIZED)
"""The types of several kinds, from the narrowest."""

LITERALS: Final[dict[type[Any], Kind]] = {
    str: Kind.TEXT,
    bool: Kind.BOOLEAN,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
}


def kind_of(expression: syntax.Expression) -> Kind:  # noqa: PLR0911 - one a node
    """The type of what it gives, where that is not missing; anything, if the data decide."""
    match expression:
        case syntax.Constant(value):
            return LITERALS.get(value.__class__, Kind.ANY)
        case syntax.Filter():
            return _kind_of_filter(expression)
        case syntax.Joined():
            return Kind.TEXT
        case syntax.Test() | syntax.Comparison() | syntax.Not():
            return Kind.BOOLEAN
        case syntax.Arithmetic(sign):
            return Kind.NUMERIC if sign == "+" else Kind.NUMBER
        case syntax.Negative():
            return Kind.NUMBER
        case syntax.Elements():
            return Kind.LIST
        case syntax.Members():
            return Kind.OBJECT
        case syntax.Choice(_, one, other) | syntax.Both(one, other) | syntax.Either(one, other):
            return _either(one, other)
    return Kind.ANY


def _kind_of_filter(one: syntax.Filter) -> Kind:
    if one.spec.name == "default":
        return _either(one.value, one.arguments[0] or syntax.Constant(None))
    if one.spec.takes is Kind.ID and not is_of(one.value, CLASSES[Kind.NUMERIC]):
        return Kind.SIZED if one.spec.gives is Kind.TEXT else Kind.ANY  # a list of ids gives a list
    return one.spec.gives


def _either(one: syntax.Expression, other: syntax.Expression) -> Kind:
    """The type of a value that comes from one of two; what is always missing adds none."""
    kinds = {kind_of(part) for part in (one, other) if part != syntax.Constant(None)}
    if len(kinds) == 1:
        return kinds.pop()
    classes = frozenset[type[Any]]().union(*(CLASSES[kind] for kind in kinds))
    return next((kind for kind in WIDER if classes <= CLASSES[kind]), Kind.ANY)


def is_of(expression: syntax.Expression, classes: frozenset[type[Any]]) -> bool:
    """Whether what it gives has one of these types for sure, or is missing."""
    return CLASSES[kind_of(expression)] <= classes


def can_fail(expression: syntax.Expression) -> bool:
    """Whether working it out may end in a fault or pass a bound."""
    match expression:
        case syntax.Filter(spec) if spec.name != "default":
            return True
        case syntax.Comparison(sign, _, right):
            if sign not in ("==", "!=") or not isinstance(right, syntax.Constant):
                return True
        case syntax.Test(_, _, arguments):
            if not all(isinstance(one, syntax.Constant) for one in arguments):
                return True
        case syntax.Arithmetic() | syntax.Negative() | syntax.Joined():
            return True
    return any(map(can_fail, syntax.parts_of(expression)))


def is_dear(expression: syntax.Expression) -> bool:
    """Whether keeping what it gives costs less than working it out again."""
    match expression:
        case syntax.Filter(spec) if spec.name != "default" and spec.shortcut is None:
            return True
        case syntax.Comparison(sign, _, right) if sign in ("in", "not in"):
            if not isinstance(right, syntax.Elements):
                return True
    return any(map(is_dear, syntax.parts_of(expression)))


def names_in(expression: syntax.Expression) -> frozenset[str]:
    """The names that it reads."""
    if isinstance(expression, syntax.Name):
        return frozenset((expression.name,))
    return frozenset[str]().union(*map(names_in, syntax.parts_of(expression)))


def key_of(expression: syntax.Expression) -> str:  # noqa: PLR0911 - one a node
    """A text that two expressions have in common when they say the same."""
    match expression:
        case syntax.Constant(value):
            return repr(value)
        case syntax.Name(name):
            return name
        case syntax.Key(base, key):
            return f"{key_of(base)}.{key!r}"
        case syntax.Filter(spec, value, arguments) | syntax.Test(spec, value, arguments):
            given = (one if one is None else key_of(one) for one in arguments)
            kind = expression.__class__.__name__
            return f"{kind}({key_of(value)}, {spec.name}, {', '.join(map(str, given))})"
        case syntax.Comparison(sign) | syntax.Arithmetic(sign):
            return f"({key_of(expression.left)} {sign} {key_of(expression.right)})"
        case syntax.Members(members):
            return f"{{{', '.join(f'{key!r}: {key_of(value)}' for key, value in members)}}}"
    parts = ", ".join(map(key_of, syntax.parts_of(expression)))
    return f"{expression.__class__.__name__}({parts})"
