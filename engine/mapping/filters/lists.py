"""Filters of lists."""

from collections.abc import Iterable
from typing import Any, Final

from engine.mapping.faults import Misfit
from engine.mapping.filters.number import number
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind, Shortcut
from engine.mapping.missing import LISTS, NUMBERS, finite, frozen, joined
from engine.model.jsonvalue import Json, a_json_type, json_type


def field(element: Any, key: str | None) -> Any:
    """The value at ``key`` of an element, or the element itself without a key."""
    if key is None:
        return element
    return element.get(key) if element.__class__ is dict else None


def pluck(elements: Iterable[Any], *keys: str) -> list[Json]:
    """Of each element the value at the first of the keys that it has; without, it is left out."""
    found: list[Json] = []
    for element in elements:
        if element.__class__ is not dict:
            continue
        for key in keys:
            if (value := element.get(key)) is not None and value != "":
                found.append(value)
                break
    return found


def join(elements: Iterable[Any], separator: str = ",") -> str:
    """The elements as one text, what is missing left out."""
    texts: list[Any] = []
    for element in elements:
        if element is not None:
            texts += (separator, element)
    return str(joined(texts[1:]))


def total(elements: Iterable[Any], key: str | None = None, default: Any = None) -> Any:
    """The sum of the elements, or of their values at ``key``; missing if none is there.

    An element without a value counts as ``default``, or not at all.
    """
    if key is not None:
        elements = [one.get(key) for one in elements if one.__class__ is dict]
    values = [one if one.__class__ in NUMBERS else numeric(one) for one in elements]
    return _sum(values if default is None else [default if v is None else v for v in values])


def sum_product(elements: Iterable[Any], key_a: str, key_b: str, default_b: Any = 1) -> Any:
    """The sum of a times b of each element; one without a is left out, b defaults."""
    return _sum([_product(element, key_a, key_b, default_b) for element in elements])


def _product(element: Any, key_a: str, key_b: str, default_b: Any) -> Any:
    one, other = numeric(field(element, key_a)), numeric(field(element, key_b))
    if one is None:
        return None
    try:
        return finite(one * (default_b if other is None else other))
    except OverflowError:
        raise Misfit("the result is no finite number") from None


def _sum(values: Iterable[Any]) -> Any:
    there = [value for value in values if value is not None]
    try:
        return finite(sum(there)) if there else None
    except OverflowError:
        raise Misfit("the result is no finite number") from None


def numeric(value: Any) -> Any:
    """A number or what a numeric text stands for; missing stays missing."""
    if value is None or value.__class__ in NUMBERS:
        return value
    if value.__class__ is str:
        return number(value)
    raise Misfit(f"a sum takes numbers, found {a_json_type(value)}")


def unique(elements: Iterable[Any]) -> list[Json]:
    """Each element once, in the order of its first place."""
    kept: dict[Any, Json] = {}
    for element in elements:
        kept.setdefault(frozen(element), element)
    return list(kept.values())


def ordered(elements: Iterable[Any], key: str | None = None) -> list[Json]:
    """The elements from the smallest, by themselves or by their values at ``key``.

    A key with dots is a path. Those without a value stay at the end, in their order.
    """
    pairs = [(_at_path(element, key), element) for element in elements]
    if len({_order_kind(value) for value, _ in pairs if value is not None}) > 1:
        raise Misfit("sort takes numbers or texts, found both")
    absent = [element for value, element in pairs if value is None]
    there = [pair for pair in pairs if pair[0] is not None]
    return [element for _, element in sorted(there, key=lambda pair: pair[0])] + absent


def _at_path(element: Any, path: str | None) -> Any:
    for key in path.split(".") if path is not None else ():
        element = field(element, key)
    return element


def _order_kind(value: Any) -> str:
    if value.__class__ in NUMBERS or value.__class__ is str:
        return json_type(value)
    raise Misfit(f"sort takes numbers or texts, found {a_json_type(value)}")


def compact(elements: Iterable[Any]) -> list[Json]:
    """The elements without missing and empty ones; 0 and false stay."""
    return [one for one in elements if one is not None and one not in ("", [], {}, ())]


def as_list(value: Any) -> list[Json]:
    """A list as it is, anything else as the one element of a list."""
    return list(value) if value.__class__ in LISTS else [value]


def take(elements: Any, count: Any) -> list[Json]:
    """The first so many elements."""
    return list(elements[: max(0, int(finite(count)))])


_KEY = (Argument("key", Kind.TEXT, None),)


def flatten(elements: Iterable[Any]) -> list[Json]:
    """The elements of the lists in the list, one level deep."""
    found: list[Json] = []
    for element in elements:
        if element.__class__ in LISTS:
            found += element
        else:
            found.append(element)
    return found


def positions(elements: Iterable[Any], key: str, wanted: Any) -> list[Json]:
    """Where the elements stand, from 0, whose value at ``key`` is the wanted one."""
    sought = frozen(wanted)
    return [at for at, one in enumerate(elements) if frozen(field(one, key)) == sought]


FILTERS: Final = (
    FilterSpec(
        "length",
        "how many elements, keys or characters it has",
        Kind.SIZED,
        Kind.NUMBER,
        len,
        (Example(["a", "b"], 2), Example("abc", 3), Example({}, 0)),
        shortcut=Shortcut("len({0})"),
    ),
    FilterSpec(
        "first",
        "the first element",
        Kind.LIST,
        Kind.ANY,
        lambda elements: elements[0] if elements else None,
        (Example(["a", "b"], "a"), Example([], None)),
        may_be_missing=True,
        shortcut=Shortcut("({0}[0] if {0} else None)"),
    ),
    FilterSpec(
        "last",
        "the last element",
        Kind.LIST,
        Kind.ANY,
        lambda elements: elements[-1] if elements else None,
        (Example(["a", "b"], "b"), Example([], None)),
        may_be_missing=True,
    ),
    FilterSpec(
        "join",
        "one text of all elements; what is missing is left out",
        Kind.LIST,
        Kind.TEXT,
        join,
        (Example(["a", None, 2], "a,2"), Example(["a", "b"], "a / b", (" / ",))),
        (Argument("sep", Kind.TEXT, ","),),
    ),
    FilterSpec(
        "pluck",
        "the value at the key of each element; of several keys the first that is there",
        Kind.LIST,
        Kind.LIST,
        pluck,
        (
            Example([{"id": 1}, {"x": 2}, {"id": 3}], [1, 3], ("id",)),
            Example([{"sku": "S"}, {"id": "I", "sku": "S"}], ["S", "I"], ("id", "sku")),
        ),
        (Argument("key", Kind.TEXT),),
        rest=Argument("key", Kind.TEXT),
    ),
    FilterSpec(
        "positions",
        "where the elements stand, from 0, that have this value at the key",
        Kind.LIST,
        Kind.LIST,
        positions,
        (Example([{"ok": False}, {"ok": True}, {}, {"ok": False}], [0, 3], ("ok", False)),),
        (Argument("key", Kind.TEXT), Argument("value", Kind.PLAIN)),
    ),
    FilterSpec(
        "sum",
        "the sum of the elements, or of their values at the key; numeric text counts",
        Kind.LIST,
        Kind.NUMBER,
        total,
        (
            Example([1, "2.5"], 3.5),
            Example([{"n": 2}, {}], 2, ("n",)),
            Example([{"n": 2}, {}], 3, ("n", 1)),
            Example([], None),
        ),
        (*_KEY, Argument("default", Kind.NUMBER, None)),
        may_be_missing=True,
    ),
    FilterSpec(
        "sum_product",
        "the sum of a times b of each element; one without a is left out, b defaults to 1",
        Kind.LIST,
        Kind.NUMBER,
        sum_product,
        (
            Example([{"price": "10.5", "quantity": 2}, {"price": 4}], 25, ("price", "quantity")),
            Example([{"quantity": 2}], None, ("price", "quantity")),
        ),
        (
            Argument("key_a", Kind.TEXT),
            Argument("key_b", Kind.TEXT),
            Argument("default_b", Kind.NUMBER, 1),
        ),
        may_be_missing=True,
    ),
    FilterSpec(
        "unique",
        "each element once",
        Kind.LIST,
        Kind.LIST,
        unique,
        (Example(["a", "b", "a", 1, 1.0, True], ["a", "b", 1, True]),),
    ),
    FilterSpec(
        "sort",
        "from the smallest, by itself or by the value at the key, or at a path with dots",
        Kind.LIST,
        Kind.LIST,
        ordered,
        (
            Example([3, 1, 2], [1, 2, 3]),
            Example([{"n": 2}, {}, {"n": 1}], [{"n": 1}, {"n": 2}, {}], ("n",)),
            Example([{"a": {"n": 2}}, {"a": {}}], [{"a": {"n": 2}}, {"a": {}}], ("a.n",)),
        ),
        _KEY,
    ),
    FilterSpec(
        "take",
        "the first n elements",
        Kind.LIST,
        Kind.LIST,
        take,
        (Example([1, 2, 3], [1, 2], (2,)),),
        (Argument("n", Kind.NUMBER),),
    ),
    FilterSpec(
        "compact",
        "without missing and empty elements",
        Kind.LIST,
        Kind.LIST,
        compact,
        (Example(["a", "", None, 0, [], {}], ["a", 0]),),
    ),
    FilterSpec(
        "list",
        "a list of the one value; a list as it is",
        Kind.ANY,
        Kind.LIST,
        as_list,
        (Example("a", ["a"]), Example(["a"], ["a"])),
    ),
    FilterSpec(
        "flatten",
        "one list of the elements of its lists; what is no list stays an element",
        Kind.LIST,
        Kind.LIST,
        flatten,
        (Example([[1, 2], [3], 4], [1, 2, 3, 4]), Example([], [])),
    ),
)
