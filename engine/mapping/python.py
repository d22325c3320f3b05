"""Expressions of the language as expressions of Python, for the one function of a template.

Nothing of a user's text gets into the source but through ``repr``: names become numbered variables,
functions are bound by numbered names. Look-ups go into ``dict`` alone, by ``dict.get`` on objects
whose type was checked once, at the top of the function or of the loop that they belong to.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.mapping import missing, syntax
from engine.mapping.calls import filter_source, test_source
from engine.mapping.kinds import is_dear, key_of, names_in
from engine.mapping.shared import UNSET, Shared, marked, unset
from engine.model.cache import Caches
from engine.model.jsonvalue import Body, Json

OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "+": missing.add,
    "-": missing.subtract,
    "*": missing.multiply,
    "/": missing.divide,
    "//": missing.divide_whole,
    "%": missing.remainder,
    "==": missing.equal,
    "<": missing.less,
    "<=": missing.less_equal,
    ">": missing.greater,
    ">=": missing.greater_equal,
    "in": missing.contained,
}
NEGATED: Final = {"!=": "==", "not in": "in"}
ORDERS: Final = frozenset({"<", "<=", ">", ">="})
NEAR: Final = range(1_000)
NOTHING: Final[dict[str, Any]] = {}


@dataclass(slots=True)
class Frame:
    """The function, or the body of a loop: the names that it brings, and what it looks up first.

    ``head`` are the lines at its top, ``look_ups`` the variables that hold ``get`` of the object at
    a path, that of an empty one where there is none, ``parts`` the number and source of each dear
    part by what it says.
    """

    names: dict[str, str]
    outer: "Frame | None" = None
    head: list[str] = field(default_factory=list)
    look_ups: dict[tuple[str, ...], str] = field(default_factory=dict)
    parts: dict[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Writer:
    """Writes expressions; ``bound`` are the values that the source knows by name.

    ``fixed`` are the objects that are the same for every event.
    """

    caches: Caches
    fixed: Mapping[str, Body]
    bound: dict[str, Any] = field(default_factory=lambda: {"nothing": NOTHING.get, "UNSET": UNSET})
    frame: Frame = field(default_factory=lambda: Frame({}))
    shared: Shared = field(default_factory=Shared)
    numbered: int = 0
    passed: int = 0
    known: dict[int, str] = field(default_factory=dict)
    made: dict[tuple[str, str], Callable[..., Any]] = field(default_factory=dict)

    def fresh(self, letter: str) -> str:
        """A variable that nothing else uses."""
        self.numbered += 1
        return f"{letter}{self.numbered}"

    def passing(self) -> str:
        """A variable for a value that is looked at twice, within one leaf.

        The next leaf takes the same ones, so that a call has few to set up and to clear. Nothing
        reads its variable after a part written later has run, so that a shared part, which brings
        those of the leaf where it was written, does no harm.
        """
        self.passed += 1
        return f"t{self.passed}"

    def bind(self, value: Any) -> str:
        """The name by which the source knows a value."""
        if id(value) not in self.known:
            name = self.known[id(value)] = self.fresh("K")
            self.bound[name] = value
        return self.known[id(value)]

    def literal(self, value: Json) -> str:
        """The source of a value that is known when a release loads."""
        return self.bind(value) if isinstance(value, dict | list) else f"({value!r})"

    def known_value(self, expression: syntax.Expression) -> Json:
        """What it gives for every event; None where that is missing, or not known."""
        if isinstance(expression, syntax.Constant):
            return expression.value
        path = _path(expression)
        return self._fixed_at(path) if path is not None and path[0] in self.fixed else None

    def _fixed_at(self, path: tuple[str, ...]) -> Json:
        found: Json = dict(self.fixed)
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return found

    def once(self, key: tuple[str, str], function: Callable[..., Any]) -> Callable[..., Any]:
        """The first function of this template under a key."""
        return self.made.setdefault(key, function)

    def write(self, expression: syntax.Expression) -> str:
        """The Python expression that gives the value of this one."""
        match expression:
            case syntax.Filter() | syntax.Item() | syntax.Comparison() if is_dear(expression):
                return self._part(expression)
        return self._written(expression)

    def _part(self, expression: syntax.Expression) -> str:
        """A dear part: the same source wherever it stands, so that it can be worked out once."""
        frame, key = self._home(names_in(expression)), key_of(expression)
        if key in frame.parts:
            number, source = frame.parts[key]
            self.shared.again(number)
            return source
        source = self._written(expression)
        number = self.shared.new()
        frame.head.append(unset(number))
        frame.parts[key] = number, marked(number, source)
        return frame.parts[key][1]

    def _written(self, expression: syntax.Expression) -> str:  # noqa: PLR0911 - one a node
        match expression:
            case syntax.Constant(value):
                return self.literal(value)
            case syntax.Name(name):
                return self._name(name)
            case syntax.Key(base, key):
                return self._key(base, key)
            case syntax.Item(base, index):
                return self._item(base, index)
            case syntax.Filter():
                return filter_source(self, expression)
            case syntax.Test():
                return test_source(self, expression)
            case syntax.Comparison():
                return self._comparison(expression)
            case _:
                return self._operation(expression)

    def _operation(self, expression: syntax.Expression) -> str:  # noqa: PLR0911 - one a node
        write = self.write
        match expression:
            case syntax.Choice(condition, yes, no):
                return f"({write(yes)} if {write(condition)} else {write(no)})"
            case syntax.Both(left, right):
                return f"({write(left)} and {write(right)})"
            case syntax.Either(left, right):
                return f"({write(left)} or {write(right)})"
            case syntax.Not(value):
                return f"(not {write(value)})"
            case syntax.Arithmetic(sign, left, right):
                return f"{self.bind(OPERATORS[sign])}({write(left)}, {write(right)})"
            case syntax.Negative(value):
                return f"{self.bind(missing.negate)}({write(value)})"
            case syntax.Joined(parts):
                return f"{self.bind(missing.joined)}({self._tuple(parts)})"
            case syntax.Elements(elements):
                return f"{self.bind(missing.there)}({self._tuple(elements)})"
            case syntax.Members(members):
                pairs = "".join(f"{key!r}: {write(value)}, " for key, value in members)
                return f"{self.bind(missing.there_by_key)}({{{pairs}}})"
        raise AssertionError(expression)

    def _tuple(self, parts: tuple[syntax.Expression, ...]) -> str:
        return "(" + "".join(f"{self.write(part)}, " for part in parts) + ")"

    def _name(self, name: str) -> str:
        return self._home({name}).names.get(name) or self._from_scope(name)

    def _home(self, names: Collection[str]) -> Frame:
        """The innermost frame that brings one of the names: a loop's, else that of the function."""
        frame = self.frame
        while frame.outer is not None and not any(name in frame.names for name in names):
            frame = frame.outer
        return frame

    def _from_scope(self, name: str) -> str:
        frame = self._home({name})
        variable = frame.names[name] = self.fresh("n")
        frame.head.append(f"{variable} = get({name!r})")
        return variable

    def _key(self, base: syntax.Expression, key: str) -> str:
        path = _path(base)
        if path is not None and path[0] in self.fixed:
            return self.literal(self._fixed_at((*path, key)))
        if path is not None:
            return f"{self._look_up(path)}({key!r})"
        found = self.passing()
        source = self.write(base)
        return f"({found}.get({key!r}) if ({found} := {source}).__class__ is dict else None)"

    def _look_up(self, path: tuple[str, ...]) -> str:
        """The variable that holds ``get`` of the object at a path of keys."""
        frame = self._home({path[0]})
        if path not in frame.look_ups:
            found = self._name(path[0]) if len(path) == 1 else self.fresh("p")
            if len(path) > 1:
                frame.head.append(f"{found} = {self._look_up(path[:-1])}({path[-1]!r})")
            variable = frame.look_ups[path] = self.fresh("g")
            frame.head.append(f"{variable} = {found}.get if {found}.__class__ is dict else nothing")
        return frame.look_ups[path]

    def _item(self, base: syntax.Expression, index: syntax.Expression) -> str:
        source, slow = self.write(base), self.bind(missing.item)
        match index:
            case syntax.Constant(int() as at) if at.__class__ is int and at in NEAR:
                found = self.passing()
                there = f"({found} := {source}).__class__ is list and len({found}) > {at}"
                return f"({found}[{at}] if {there} else {slow}({found}, {at}))"
        return f"{slow}({source}, {self.write(index)})"

    def _comparison(self, one: syntax.Comparison) -> str:
        sign = NEGATED.get(one.sign, one.sign)
        negation = "not " if one.sign in NEGATED else ""
        return f"({negation}{self._positive(sign, one.left, one.right)})"

    def _positive(self, sign: str, left: syntax.Expression, right: syntax.Expression) -> str:
        source = self.write(left)
        match sign, right:
            # A text equals nothing but the same text, in Python as in JSON.
            case "==", syntax.Constant(str() as text):
                return f"{source} == {text!r}"
            case "==", syntax.Constant(bool() as truth) if self.known_value(left) is None:
                return f"{source} is {truth}"
            case "in", syntax.Elements(elements) if elements and all(map(_is_text, elements)):
                return f"{source} in {self._tuple(elements)}"
            case _, syntax.Constant(int() | float() as number) if sign in ORDERS and not isinstance(
                number, bool
            ):
                found, slow = self.passing(), self.bind(OPERATORS[sign])
                fits = f"({found} := {source}).__class__ in {self.bind(missing.NUMBERS)}"
                fast = f"{found} {sign} ({number!r})"
                return f"({fast} if {fits} else {slow}({found}, ({number!r})))"
        return f"{self.bind(OPERATORS[sign])}({source}, {self.write(right)})"


def _is_text(expression: syntax.Expression) -> bool:
    return isinstance(expression, syntax.Constant) and isinstance(expression.value, str)


def _path(expression: syntax.Expression) -> tuple[str, ...] | None:
    """The path of a look-up by keys alone."""
    match expression:
        case syntax.Name(name):
            return (name,)
        case syntax.Key(base, key):
            path = _path(base)
            return None if path is None else (*path, key)
    return None
