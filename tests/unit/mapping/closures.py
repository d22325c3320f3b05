"""A second evaluator of the language, plain and slow: the judge of the generated code.

It walks the tree and the expressions, and has operators of its own, written straight from the
design. It shares with the engine what reads an expression, and the filters.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.mapping import syntax, tree
from engine.mapping.arguments import argument_at
from engine.mapping.expression import read_expression, read_text
from engine.mapping.faults import Misfit
from engine.mapping.filters.spec import apply_filter, apply_test, argument_value
from engine.mapping.scope import ScopeSpec
from engine.model.document import Place

Names = Mapping[str, Any]
Closure = Callable[[Names], Any]


@dataclass
class Judge:
    """Evaluates a tree; ``faults`` gets the path and line of each."""

    scope: ScopeSpec
    faults: list[tuple[str, int]] = field(default_factory=list)

    def value(self, node: tree.Tree, names: Names, path: str = "") -> Any:
        match node:
            case tree.Constant(value):
                return value
            case tree.Leaf(text):
                return self._leaf(read_text(text, self.scope)[0], text, names, path)
            case tree.Branch():
                return self._branch(node, names, path)
            case tree.Items(items):
                found = []
                for item in items:
                    self._append(found, item, names, path)
                return found
            case tree.Loop():
                return self._loop(node, names, path)
        raise AssertionError(node)

    def _leaf(self, reading: Any, text: Any, names: Names, path: str) -> Any:
        try:
            return closure(reading.expression)(names)
        except Misfit:
            self._fault(path, text.place(reading.at))
            return None

    def _branch(self, node: tree.Branch, names: Names, path: str) -> Any:
        if isinstance(node.condition, tree.Leaf):
            text = node.condition.text
            if not self._leaf(read_text(text, self.scope)[0], text, names, path):
                return None
        found = {}
        for key, part in node.members.items():
            value = self.value(part, names, f"{path}.{key}" if path else key)
            if is_sent(value, part):
                found[key] = value
        self._merge(node, found, names, path)
        return found

    def _merge(self, node: tree.Branch, found: dict[str, Any], names: Names, path: str) -> None:
        if not isinstance(node.merged, tree.Leaf):
            return
        text = node.merged.text
        reading = read_text(text, self.scope)[0]
        given = self._leaf(reading, text, names, path)
        if given is None or given in ("", [], {}):
            return
        if not isinstance(given, dict):
            self._fault(path, text.place(reading.at))
            return
        rest = {key: one for key, one in given.items() if key not in node.members}
        found |= {key: one for key, one in rest.items() if one not in (None, "", [], {})}

    def _append(self, found: list[Any], node: tree.Tree, names: Names, path: str) -> None:
        value = self.value(node, names, f"{path}[{len(found)}]")
        if is_sent(value, node):
            found.append(value)

    def _loop(self, node: tree.Loop, names: Names, path: str) -> Any:
        reading = read_expression(node.text, node.start, self.scope)[0]
        elements = self._leaf(reading, node.text, names, path)
        if elements is None:
            return None
        if not isinstance(elements, list):
            self._fault(path, node.text.place(node.start))
            return None
        inner = Judge(self.scope.with_name(node.name, None), self.faults)
        found: list[Any] = []
        for element in elements:
            inner._append(found, node.body, {**names, node.name: element}, path)
        return found

    def _fault(self, path: str, place: Place) -> None:
        self.faults.append((path, place.line))


def is_sent(value: Any, node: tree.Tree) -> bool:
    """Rule 5: nothing empty is sent, but constants stand as written."""
    return value is not None and (isinstance(node, tree.Constant) or value not in ("", [], {}))


def closure(expression: syntax.Expression) -> Closure:
    """The expression as a function of the names."""
    match expression:
        case syntax.Constant(value):
            return lambda _: value
        case syntax.Name(name):
            return lambda names: names.get(name)
        case syntax.Key(base, key):
            return _looked_up(base, syntax.Constant(key))
        case syntax.Item(base, index):
            return _looked_up(base, index)
        case syntax.Filter():
            return _filter(expression)
        case syntax.Test(spec, value):
            of, given = closure(value), _arguments(expression)
            return lambda names: apply_test(spec, of(names), *(one(names) for one in given))
        case syntax.Choice(condition, yes, no):
            test, one, other = closure(condition), closure(yes), closure(no)
            return lambda names: one(names) if test(names) else other(names)
        case syntax.Both(left, right):
            one, other = closure(left), closure(right)
            return lambda names: one(names) and other(names)
        case syntax.Either(left, right):
            one, other = closure(left), closure(right)
            return lambda names: one(names) or other(names)
        case syntax.Not(value):
            of = closure(value)
            return lambda names: not of(names)
        case syntax.Comparison(sign, left, right):
            return _operator(COMPARE[sign], left, right)
        case syntax.Arithmetic(sign, left, right):
            return _operator(lambda one, other: calculate(sign, one, other), left, right)
        case syntax.Negative(value):
            return _operator(lambda one, other: calculate("-", other, one), value, ZERO)
        case syntax.Joined(parts):
            closures = [closure(part) for part in parts]
            return lambda names: join([one(names) for one in closures])
        case syntax.Elements(elements):
            closures = [closure(one) for one in elements]
            return lambda names: [
                one for one in [each(names) for each in closures] if one is not None
            ]
        case syntax.Members(members):
            pairs = [(key, closure(value)) for key, value in members]
            return lambda names: {
                key: one
                for key, one in [(key, each(names)) for key, each in pairs]
                if one is not None
            }
    raise AssertionError(expression)


ZERO = syntax.Constant(0)


def _operator(
    operate: Callable[[Any, Any], Any], left: syntax.Expression, right: syntax.Expression
) -> Closure:
    one, other = closure(left), closure(right)
    return lambda names: operate(one(names), other(names))


def _looked_up(base: syntax.Expression, index: syntax.Expression) -> Closure:
    of, at = closure(base), closure(index)

    def look_up(names: Names) -> Any:
        value, key = of(names), at(names)
        if isinstance(value, dict) and isinstance(key, str):
            return value.get(key)
        if isinstance(value, list) and is_number(key) and key == int(key):
            return value[int(key)] if -len(value) <= key < len(value) else None
        return None

    return look_up


def _filter(expression: syntax.Filter) -> Closure:
    spec, of, given = expression.spec, closure(expression.value), _arguments(expression)

    def run(names: Names) -> Any:
        value = of(names)
        if spec.name == "default":
            return given[0](names) if value is None or value == "" else value
        if value is None:
            return None
        return apply_filter(spec, spec.run, value, tuple(one(names) for one in given))

    return run


def _arguments(expression: syntax.Filter | syntax.Test) -> list[Closure]:
    closures = []
    for position, given in enumerate(expression.arguments):
        argument, of = (
            argument_at(expression.spec, position),
            closure(given or syntax.Constant(None)),
        )
        is_plain = expression.spec.name == "default"

        def value(
            names: Names, argument: Any = argument, of: Closure = of, is_plain: bool = is_plain
        ) -> Any:
            found = of(names)
            return found if is_plain else argument_value(expression.spec, argument, found)

        closures.append(value)
    return closures


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal."""
    if is_number(one) and is_number(other):
        return one == other
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def within(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    if isinstance(other, list):
        return any(same(one, each) for each in other)
    if isinstance(other, str | dict):
        return isinstance(one, str) and one in other
    raise Misfit("in")


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def in_order(one: Any, other: Any) -> bool:
        if one is None or other is None:
            return False
        if (is_number(one) and is_number(other)) or (
            isinstance(one, str) and isinstance(other, str)
        ):
            return compare(one, other)
        raise Misfit("order")

    return in_order


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": same,
    "!=": lambda one, other: not same(one, other),
    "<": ordered(lambda one, other: one < other),
    "<=": ordered(lambda one, other: one <= other),
    ">": ordered(lambda one, other: one > other),
    ">=": ordered(lambda one, other: one >= other),
    "in": within,
    "not in": lambda one, other: not within(one, other),
}

CALCULATE: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": lambda one, other: one / other,
    "//": lambda one, other: one // other,
    "%": lambda one, other: one % other,
}


def calculate(sign: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    if sign == "+" and isinstance(one, str) and isinstance(other, str):
        return one + other
    if not is_number(one) or not is_number(other):
        raise Misfit(sign)
    try:
        found = CALCULATE[sign](one, other)
    except (ZeroDivisionError, OverflowError):
        raise Misfit(sign) from None
    if isinstance(found, float) and not math.isfinite(found):
        raise Misfit(sign)
    if isinstance(found, int) and not -(2**63) <= found < 2**64:
        raise Misfit(sign)
    return found


def join(parts: list[Any]) -> Any:
    if any(part is None for part in parts):
        return None
    return "".join(map(as_text, parts))


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if is_number(value) and math.isfinite(value):
        return str(value)
    raise Misfit("text")
