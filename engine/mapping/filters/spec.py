"""How a filter and a test are declared: types, one line of documentation, examples that run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from engine.mapping.faults import Misfit
from engine.mapping.missing import LISTS, NUMBERS, frozen, plain_text
from engine.model.cache import CacheSpec
from engine.model.jsonvalue import Json, a_json_type, with_article


class Kind(StrEnum):
    """What a filter takes or gives, as the reference names it."""

    ANY = "anything"
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"
    PLAIN = "text, number or boolean"
    SIZED = "text, list or object"
    NUMERIC = "number or text"
    ID = "text or number, or a list of them"


CLASSES: Final[dict[Kind, frozenset[type[Any]]]] = {
    Kind.ANY: frozenset({str, int, float, bool, list, tuple, dict}),
    Kind.TEXT: frozenset({str}),
    Kind.NUMBER: NUMBERS,
    Kind.BOOLEAN: frozenset({bool}),
    Kind.LIST: LISTS,
    Kind.OBJECT: frozenset({dict}),
    Kind.PLAIN: frozenset({str, int, float, bool}),
    Kind.SIZED: frozenset({str, list, tuple, dict}),
    Kind.NUMERIC: frozenset({str, int, float}),
    Kind.ID: frozenset({str}),
}
"""The Python types that a filter is called with; an ``ID`` comes to it as text, one at a time."""

REQUIRED: Final = object()
"""The default of an argument that has to be given."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument; ``default`` is what it is when left out or missing.

    ``wrong`` says what is wrong with a value that stands in the rule, or gives the empty text.
    """

    name: str
    kind: Kind
    default: Any = REQUIRED
    wrong: Callable[[Json], str] | None = None

    @property
    def is_required(self) -> bool:
        """Whether the filter gives missing without it."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Example:
    """A value put through the filter with these arguments; ``gives`` is None for missing."""

    value: Json
    gives: Json
    arguments: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What stands in a template's code in place of a call, at a third of its time (tests.bench).

    ``holds`` and ``gives`` are Python expressions of ``{0}``, a value of one of ``classes`` (None:
    of those that the filter takes), and of ``{1}``, ``{2}``, the arguments, where all of them are
    constants, which ``suits`` looks at. Where ``holds`` does not, the filter is called.
    """

    gives: str
    holds: str = ""
    classes: frozenset[type[Any]] | None = None
    suits: Callable[..., bool] | None = None


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """A filter: ``run`` gets a value that is there and of the kind that it takes.

    ``rest`` is what any further arguments are. ``may_be_missing`` tells that it can give missing
    for a value that is there. A ``lenient`` filter gives missing where another would be at fault,
    as its job is to make what it can of foreign data.
    """

    name: str
    doc: str
    takes: Kind
    gives: Kind
    run: Callable[..., Json]
    examples: tuple[Example, ...]
    arguments: tuple[Argument, ...] = ()
    rest: Argument | None = None
    may_be_missing: bool = False
    lenient: bool = False
    cache: CacheSpec | None = None
    shortcut: Shortcut | None = None

    @property
    def signature(self) -> str:
        """How it is written: ``round(digits=0)``."""
        return _signature(self.name, self.arguments, self.rest)


@dataclass(frozen=True, slots=True)
class TestSpec:
    """A test, as in ``x is text``: ``run`` gets any value, missing too, and gives a boolean."""

    __test__ = False  # no test of ours, though its name begins like one

    name: str
    doc: str
    run: Callable[..., bool]
    examples: tuple[Example, ...]
    arguments: tuple[Argument, ...] = ()
    rest: Argument | None = None

    @property
    def signature(self) -> str:
        """How it is written: ``like(pattern)``."""
        return _signature(self.name, self.arguments, self.rest)


def _signature(name: str, arguments: tuple[Argument, ...], rest: Argument | None) -> str:
    words = [one.name if one.is_required else f"{one.name}={one.default}" for one in arguments]
    words += [f"{rest.name}, …"] if rest else []
    return f"{name}({', '.join(words)})" if words else name


def argument_value(spec: FilterSpec | TestSpec, argument: Argument, value: Any) -> Any:
    """An argument worked out at run time, or its default where it is missing (None: required)."""
    absent = None if argument.is_required else argument.default
    if value is None:
        return absent
    if wrong := unfit_argument(argument, value):
        if isinstance(spec, FilterSpec) and spec.lenient:
            return absent
        raise Misfit(f"{argument.name} of {spec.name} {wrong}")
    return value


def unfit_argument(argument: Argument, value: Any) -> str:
    """What is wrong with a value for this argument, or the empty text."""
    if value.__class__ not in CLASSES[argument.kind]:
        return f"must be {with_article(argument.kind)}, found {a_json_type(value)}"
    return argument.wrong(value) if argument.wrong is not None else ""


def apply_filter(
    spec: FilterSpec, run: Callable[..., Json], value: Any, arguments: tuple[Any, ...]
) -> Any:
    """What the filter gives for a value of any type; ``run`` is ``spec.run`` or its cached twin."""
    if value is None:
        return None
    arguments = _given(spec, arguments)
    if spec.takes is Kind.ID:
        return _apply_to_ids(spec, run, value, arguments)
    if value.__class__ in CLASSES[spec.takes]:
        return None if _lacks_argument(spec, arguments) else run(value, *arguments)
    if spec.lenient:
        return None
    raise _unfit(spec, value)


def _given(spec: FilterSpec, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments without those of the rest that are missing."""
    if spec.rest is None:
        return arguments
    declared = len(spec.arguments)
    return arguments[:declared] + tuple(one for one in arguments[declared:] if one is not None)


def _apply_to_ids(
    spec: FilterSpec, run: Callable[..., Json], value: Any, arguments: tuple[Any, ...]
) -> Any:
    """One text or number, or each of a list: what can't be used left out, each result once."""
    if value.__class__ in LISTS:
        found = (_apply_to_ids(spec, run, one, arguments) for one in value if one is not None)
        return list({frozen(one): one for one in found if one is not None}.values())
    if value.__class__ not in CLASSES[Kind.NUMERIC]:
        if spec.lenient:
            return None
        raise _unfit(spec, value)
    if _lacks_argument(spec, arguments):
        return None
    return run(_id_text(value), *arguments)


def _id_text(value: Any) -> str:
    if value.__class__ is float and value.is_integer():
        value = int(value)
    return plain_text(value)


def apply_test(spec: TestSpec, value: Any, *arguments: Any) -> bool:
    """Whether the test holds; it doesn't where an argument that it needs is missing."""
    return not _lacks_argument(spec, arguments) and spec.run(value, *arguments)


def _lacks_argument(spec: FilterSpec | TestSpec, arguments: tuple[Any, ...]) -> bool:
    if None not in arguments:
        return False
    pairs = zip(spec.arguments, arguments, strict=False)
    return any(value is None and argument.is_required for argument, value in pairs)


def _unfit(spec: FilterSpec, value: Any) -> Misfit:
    hint = "; | number makes a number of a text" if _is_numeric_text(spec, value) else ""
    return Misfit(f"{spec.name} takes {spec.takes}, found {a_json_type(value)}{hint}")


def _is_numeric_text(spec: FilterSpec, value: Any) -> bool:
    return spec.takes is Kind.NUMBER and isinstance(value, str)
