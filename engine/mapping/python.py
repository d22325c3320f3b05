"""Expressions of the language as expressions of Python, for the one function of a template.

Nothing of a user's text gets into the source but through ``repr``: names become numbered variables,
functions are bound by numbered names. Look-ups go into ``dict`` alone, by ``dict.get`` on objects
whose type was checked once, at the top of the function or of the loop that they belong to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from engine.mapping import missing, syntax
from engine.mapping.arguments import argument_at
from engine.mapping.filters.spec import (
    CLASSES,
    FilterSpec,
    Kind,
    apply_filter,
    apply_test,
    argument_value,
)
from engine.model.cache import Caches

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
INLINE_TESTS: Final = {"defined": "({} is not None)", "undefined": "({} is None)"}
NO_KEYS: Final[dict[str, Any]] = {}
NOTHING: Final = syntax.Constant(None)


@dataclass(slots=True)
class Frame:
    """The function, or the body of a loop: the names that it brings, and what it looks up first.

    ``head`` are the lines at its top, ``objects`` the variables that hold the object at a path, an
    empty one where there is none.
    """

    names: dict[str, str]
    outer: "Frame | None" = None
    head: list[str] = field(default_factory=list)
    objects: dict[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(slots=True)
class Writer:
    """Writes expressions; ``bound`` are the values that the source knows by name."""

    caches: Caches
    bound: dict[str, Any] = field(default_factory=lambda: {"NO_KEYS": NO_KEYS})
    frame: Frame = field(default_factory=lambda: Frame({}))
    numbered: int = 0
    known: dict[int, str] = field(default_factory=dict)

    def fresh(self, letter: str) -> str:
        """A variable that nothing else uses."""
        self.numbered += 1
        return f"{letter}{self.numbered}"

    def bind(self, value: Any) -> str:
        """The name by which the source knows a value."""
        if id(value) not in self.known:
            name = self.known[id(value)] = self.fresh("K")
            self.bound[name] = value
        return self.known[id(value)]

    def write(self, expression: syntax.Expression) -> str:  # noqa: PLR0911 - one a node
        """The Python expression that gives the value of this one."""
        match expression:
            case syntax.Constant(value):
                return f"({value!r})"
            case syntax.Name(name):
                return self._name(name)
            case syntax.Key(base, key):
                return self._key(base, key)
            case syntax.Item(base, index):
                return f"{self.bind(missing.item)}({self.write(base)}, {self.write(index)})"
            case syntax.Filter():
                return self._filter(expression)
            case syntax.Test():
                return self._test(expression)
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
        return self._home(name).names.get(name) or self._from_scope(name)

    def _home(self, name: str) -> Frame:
        """The frame that brings a name: a loop's, else that of the function."""
        frame = self.frame
        while name not in frame.names and frame.outer is not None:
            frame = frame.outer
        return frame

    def _from_scope(self, name: str) -> str:
        frame = self._home(name)
        variable = frame.names[name] = self.fresh("n")
        frame.head.append(f"{variable} = get({name!r})")
        return variable

    def _key(self, base: syntax.Expression, key: str) -> str:
        path = _path(base)
        if path is not None:
            return f"{self._object(path)}.get({key!r})"
        found = self.fresh("t")
        source = self.write(base)
        return f"({found}.get({key!r}) if ({found} := {source}).__class__ is dict else None)"

    def _object(self, path: tuple[str, ...]) -> str:
        """The variable that holds the object at a path of keys."""
        frame = self._home(path[0])
        if path not in frame.objects:
            found = self._name(path[0]) if len(path) == 1 else self.fresh("p")
            if len(path) > 1:
                frame.head.append(f"{found} = {self._object(path[:-1])}.get({path[-1]!r})")
            variable = frame.objects[path] = self.fresh("d")
            frame.head.append(f"{variable} = {found} if {found}.__class__ is dict else NO_KEYS")
        return frame.objects[path]

    def _filter(self, one: syntax.Filter) -> str:
        value, found = self.write(one.value), self.fresh("t")
        if one.spec.name == "default":
            (otherwise,) = one.arguments
            fallback = self.write(otherwise or NOTHING)
            return f"({fallback} if ({found} := {value}) is None or {found} == '' else {found})"
        run = self._run(one.spec)
        given = found + "".join(f", {source}" for source in self._arguments(one))
        slow = f"{self.bind(self._slow(one.spec))}({given})"
        if _may_lack(one):
            return f"(None if ({found} := {value}) is None else {slow})"
        fast = f"{self.bind(run)}({given})"
        if one.spec.takes is Kind.ANY:
            return f"(None if ({found} := {value}) is None else {fast})"
        fits = f"({found} := {value}).__class__ {self._is_of(one.spec.takes)}"
        return f"({fast} if {fits} else None if {found} is None else {slow})"

    def _run(self, spec: FilterSpec) -> Callable[..., Any]:
        return self.caches.wrap(spec.cache, spec.run) if spec.cache is not None else spec.run

    def _slow(self, spec: FilterSpec) -> Callable[..., Any]:
        run = self._run(spec)
        return lambda value, *arguments: apply_filter(spec, run, value, arguments)

    def _is_of(self, kind: Kind) -> str:
        classes = CLASSES[kind]
        if len(classes) == 1:
            return f"is {self.bind(next(iter(classes)))}"
        return f"in {self.bind(classes)}"

    def _arguments(self, one: syntax.Filter | syntax.Test) -> list[str]:
        sources = []
        for position, given in enumerate(one.arguments):
            argument = argument_at(one.spec, position)
            if given is None or (given == NOTHING and not argument.is_required):
                sources.append(repr(argument.default))
            elif isinstance(given, syntax.Constant):
                sources.append(f"({given.value!r})")
            else:
                check = partial(argument_value, one.spec, argument)
                sources.append(f"{self.bind(check)}({self.write(given)})")
        return sources

    def _test(self, one: syntax.Test) -> str:
        value = self.write(one.value)
        if one.spec.name in INLINE_TESTS and not isinstance(one.value, syntax.Constant):
            return INLINE_TESTS[one.spec.name].format(value)
        given = value + "".join(f", {source}" for source in self._arguments(one))
        if _may_lack(one):
            return f"{self.bind(partial(apply_test, one.spec))}({given})"
        return f"{self.bind(one.spec.run)}({given})"

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
            case "in", syntax.Elements(elements) if elements and all(map(_is_text, elements)):
                return f"{source} in {self._tuple(elements)}"
            case _, syntax.Constant(int() | float() as number) if sign in ORDERS and not isinstance(
                number, bool
            ):
                found, slow = self.fresh("t"), self.bind(OPERATORS[sign])
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


def _may_lack(one: syntax.Filter | syntax.Test) -> bool:
    """Whether an argument that has to be there could be missing."""
    return any(
        given is not None
        and argument_at(one.spec, position).is_required
        and (not isinstance(given, syntax.Constant) or given.value is None)
        for position, given in enumerate(one.arguments)
    )


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
