"""The arguments of a filter or test, held against its declaration when a release loads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from engine.mapping.filters.spec import Argument, FilterSpec, TestSpec, unfit_argument
from engine.mapping.scope import nearest
from engine.model.jsonvalue import Json


@dataclass(frozen=True, slots=True)
class Given:
    """An argument as written: its position or name, whether it is a constant, and its value."""

    key: int | str
    constant: Json = None
    is_constant: bool = False


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with the argument at ``index`` of those given, or with all of them."""

    message: str
    hint: str
    index: int | None = None


def given_as(key: int | str, node: nodes.Node) -> Given:
    """The argument that a node of Jinja's tree is."""
    match node:
        case nodes.Const(value=value):
            return Given(key, value, is_constant=True)
        case nodes.Neg(node=nodes.Const(value=int() | float() as value)):
            return Given(key, -value, is_constant=True)
        case _:
            return Given(key)


def arrange(
    spec: FilterSpec | TestSpec, given: Sequence[Given]
) -> tuple[list[int | None], list[Wrong]]:
    """For each declared argument, and each further one, which of the given it is."""
    slots: list[int | None] = [None] * len(spec.arguments)
    wrong: list[Wrong] = []
    names = [argument.name for argument in spec.arguments]
    for index, one in enumerate(given):
        if isinstance(one.key, int):
            if one.key < len(names):
                slots[one.key] = index
            elif spec.rest is not None:
                slots.append(index)
            else:
                wrong.append(_too_many(spec, index))
                break
        elif one.key not in names:
            hint = nearest(one.key, names) or f"it is {spec.signature}"
            wrong.append(Wrong(f"{spec.name} has no argument {one.key}", hint, index))
        elif slots[names.index(one.key)] is not None:
            wrong.append(Wrong(f"{one.key} is given twice", f"it is {spec.signature}", index))
        else:
            slots[names.index(one.key)] = index
    wrong += _lacking(spec, slots, wrong)
    return slots, wrong + list(_unfit(spec, slots, given))


def _too_many(spec: FilterSpec | TestSpec, index: int) -> Wrong:
    count = len(spec.arguments)
    takes = "no argument" if not count else f"at most {count} argument{'s' * (count > 1)}"
    return Wrong(f"{spec.name} takes {takes}", f"it is {spec.signature}", index)


def _lacking(
    spec: FilterSpec | TestSpec, slots: list[int | None], wrong: list[Wrong]
) -> list[Wrong]:
    lacking = [
        argument.name
        for argument, slot in zip(spec.arguments, slots, strict=False)
        if argument.is_required and slot is None
    ]
    if not lacking or wrong:
        return []
    return [Wrong(f"{spec.name} lacks {' and '.join(lacking)}", f"it is {spec.signature}")]


def _unfit(
    spec: FilterSpec | TestSpec, slots: list[int | None], given: Sequence[Given]
) -> Iterator[Wrong]:
    for position, index in enumerate(slots):
        if index is None or not given[index].is_constant:
            continue
        argument = argument_at(spec, position)
        value = given[index].constant
        if value is not None and (words := unfit_argument(argument, value)):
            yield Wrong(f"{argument.name} of {spec.name} {words}", f"it is {spec.signature}", index)


def argument_at(spec: FilterSpec | TestSpec, position: int) -> Argument:
    """The declaration of the argument at a position."""
    if position < len(spec.arguments):
        return spec.arguments[position]
    assert spec.rest is not None
    return spec.rest
