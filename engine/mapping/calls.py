"""Filters and tests as source: a check of the value's type, then a call or what stands for one.

A value that does not fit, and an argument that has to be looked at, go the slow way, which knows
every case: ``apply_filter``, ``apply_test``, ``argument_value``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from engine.mapping import syntax
from engine.mapping.arguments import argument_at
from engine.mapping.filters.spec import (
    CLASSES,
    Argument,
    FilterSpec,
    Kind,
    Shortcut,
    apply_filter,
    apply_test,
    argument_value,
    unfit_argument,
)
from engine.mapping.kinds import is_of

if TYPE_CHECKING:
    from engine.mapping.python import Writer

INLINE_TESTS: Final = {
    "defined": "({} is not None)",
    "undefined": "({} is None)",
    "text": "({}.__class__ is str)",
    "object": "({}.__class__ is dict)",
}
NOTHING: Final = syntax.Constant(None)


@dataclass(frozen=True, slots=True)
class InTurn:
    """A filter and the next as one function, equal for the same two: so they share a cache."""

    first: Callable[..., Any]
    then: Callable[[Any], Any]

    def __call__(self, value: Any, *arguments: Any) -> Any:
        """What the second gives of what the first gives."""
        found = self.first(value, *arguments)
        return None if found is None else self.then(found)


def filter_source(writer: "Writer", one: syntax.Filter) -> str:
    """The source of ``value | filter(arguments)``."""
    if one.spec.name == "default":
        return _default(writer, one)
    one = _fused(_settled(writer, one))
    constants = _constants(one)
    if constants is None:
        return _with_arguments(writer, one)
    return _with_constants(writer, one, constants)


def _settled(writer: "Writer", one: syntax.Filter) -> syntax.Filter:
    """The filter with constants for the arguments that are the same for every event."""
    arguments = []
    for position, given in enumerate(one.arguments):
        argument = argument_at(one.spec, position)
        value = None if given is None else writer.known_value(given)
        fits = value is not None and not unfit_argument(argument, value)
        arguments.append(syntax.Constant(value) if fits else given)
    return replace(one, arguments=tuple(arguments))


def _default(writer: "Writer", one: syntax.Filter) -> str:
    value, fallback = writer.write(one.value), writer.write(one.arguments[0] or NOTHING)
    found = writer.passing()
    empty = "" if is_of(one.value, CLASSES[Kind.NUMBER]) else f" or {found} == ''"
    return f"({fallback} if ({found} := {value}) is None{empty} else {found})"


def _fused(one: syntax.Filter) -> syntax.Filter:
    """The filter and the one before it as one: an id that is normalised and hashed is kept once."""
    before = one.value
    if not isinstance(before, syntax.Filter) or one.arguments or not before.spec.lenient:
        return one
    first, then = before.spec, one.spec
    if not (first.takes is then.takes is Kind.ID and first.cache and then.cache):
        return one
    name, run = f"{first.name} | {then.name}", InTurn(first.run, then.run)
    return syntax.Filter(
        replace(first, name=name, run=run, gives=then.gives), before.value, before.arguments
    )


def _with_constants(writer: "Writer", one: syntax.Filter, constants: tuple[Any, ...]) -> str:
    spec, found = one.spec, writer.passing()
    literals = [writer.literal(constant) for constant in constants]
    given = "".join(f", {literal}" for literal in literals)
    quick, classes = f"{writer.bind(_run(writer, spec))}({found}{given})", CLASSES[spec.takes]
    if (shortcut := _shortcut(spec, constants)) is not None:
        sources = (found, *literals)
        gives, holds = shortcut.gives.format(*sources), shortcut.holds.format(*sources)
        quick = f"({gives} if {holds} else {quick})" if holds else gives
        classes = shortcut.classes or classes
    value, classes, slow = _behind(writer, one, classes, constants)
    source = writer.write(value)
    if is_of(value, classes):
        return f"({quick} if ({found} := {source}) is not None else None)"
    fits = f"({found} := {source}).__class__ {_is_in(writer, classes)}"
    return f"({quick} if {fits} else None if {found} is None else {writer.bind(slow)}({found}))"


def _with_arguments(writer: "Writer", one: syntax.Filter) -> str:
    """The arguments are written once, as nested ones would double with each level."""
    spec, found = one.spec, writer.passing()
    value, classes, slow = _behind(writer, one, CLASSES[spec.takes], None)
    given, needed = _arguments(writer, one), _needed(one)
    called = writer.bind(slow)
    if not any(given[position] == "None" for position in needed):
        unfit = [f"(not {found}.__class__ {_is_in(writer, classes)})"]
        for position in needed:
            # Looked at here, before the call, so that what is there goes the quick way.
            name = writer.passing()
            unfit.insert(0, f"(({name} := {given[position]}) is None)")
            given[position] = name
        called = f"({called} if {' | '.join(unfit)} else {writer.bind(_run(writer, spec))})"
    written = ", ".join((found, *given))
    return f"(None if ({found} := {writer.write(value)}) is None else {called}({written}))"


def _behind(
    writer: "Writer",
    one: syntax.Filter,
    classes: frozenset[type[Any]],
    constants: tuple[Any, ...] | None,
) -> tuple[syntax.Expression, frozenset[type[Any]], Callable[..., Any]]:
    """The value, its types and the slow way, with filters taken in that change nothing that fits.

    ``text`` before another filter is one: what is a text already needs no look at it.
    """
    value, slow = one.value, _slow(writer, one.spec, constants)
    while isinstance(value, syntax.Filter) and (before := _constants(value)) is not None:
        shortcut = _shortcut(value.spec, before)
        if shortcut is None or shortcut.gives != "{0}" or shortcut.holds:
            break
        passed = classes & (shortcut.classes or CLASSES[value.spec.takes])
        if not passed or (value.spec.may_be_missing and constants is None):
            break
        slow = _after(_slow(writer, value.spec, before), slow)
        value, classes = value.value, passed
    return value, classes, slow


def _after(first: Callable[[Any], Any], slow: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *arguments: slow(first(value), *arguments)


def _run(writer: "Writer", spec: FilterSpec) -> Callable[..., Any]:
    return spec.run if spec.cache is None else writer.caches.wrap(spec.cache, spec.run)


def _slow(
    writer: "Writer", spec: FilterSpec, constants: tuple[Any, ...] | None
) -> Callable[..., Any]:
    """A function of a value of any type, and of the arguments where they are no constants."""
    run, classes, bound = _run(writer, spec), CLASSES[spec.takes], constants or ()

    def slow(value: Any, *given: Any) -> Any:
        # Arguments were looked at when they were written, so only one that is missing matters.
        if spec.rest is None and value.__class__ in classes and None not in given:
            return run(value, *bound, *given)
        return apply_filter(spec, run, value, bound + given)

    return writer.once((spec.name, repr(bound)), slow)


def _shortcut(spec: FilterSpec, constants: tuple[Any, ...]) -> Shortcut | None:
    if spec.shortcut is None:
        return None
    suits = spec.shortcut.suits
    return spec.shortcut if suits is None or suits(*constants) else None


def _constants(one: syntax.Filter) -> tuple[Any, ...] | None:
    """The values of the arguments, where all are constants that are there."""
    found = []
    for position, given in enumerate(one.arguments):
        argument = argument_at(one.spec, position)
        if given is None or (given == NOTHING and not argument.is_required):
            found.append(argument.default)
        elif isinstance(given, syntax.Constant) and given.value is not None:
            found.append(given.value)
        else:
            return None
    return tuple(found)


def _arguments(writer: "Writer", one: syntax.Filter | syntax.Test) -> list[str]:
    sources = []
    for position, given in enumerate(one.arguments):
        argument = argument_at(one.spec, position)
        if given is None or (given == NOTHING and not argument.is_required):
            sources.append(repr(argument.default))
        elif isinstance(given, syntax.Constant):
            sources.append(writer.literal(given.value))
        else:
            check = partial(argument_value, one.spec, argument)
            sources.append(_checked(writer, argument, writer.bind(check), writer.write(given)))
    return sources


def _checked(writer: "Writer", argument: Argument, check: str, source: str) -> str:
    """The source of an argument that is looked at when it is there."""
    if argument.wrong is not None:
        return f"{check}({source})"
    found = writer.passing()
    fits = f"({found} := {source}).__class__ {_is_in(writer, CLASSES[argument.kind])}"
    return f"({found} if {fits} else {check}({found}))"


def _needed(one: syntax.Filter | syntax.Test) -> list[int]:
    """The arguments that have to be there and could be missing."""
    return [
        position
        for position, given in enumerate(one.arguments)
        if given is not None
        and argument_at(one.spec, position).is_required
        and (not isinstance(given, syntax.Constant) or given.value is None)
    ]


def test_source(writer: "Writer", one: syntax.Test) -> str:
    """The source of ``value is test(arguments)``."""
    value = writer.write(one.value)
    if one.spec.name in INLINE_TESTS and not isinstance(one.value, syntax.Constant):
        return INLINE_TESTS[one.spec.name].format(value)
    given = ", ".join((value, *_arguments(writer, one)))
    if _needed(one):
        return f"{writer.bind(partial(apply_test, one.spec))}({given})"
    return f"{writer.bind(one.spec.run)}({given})"


def _is_in(writer: "Writer", classes: frozenset[type[Any]]) -> str:
    if len(classes) == 1:
        (single,) = classes
        return f"is {single.__name__}"
    return f"in {writer.bind(classes)}"
