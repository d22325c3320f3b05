"""Filters of objects."""

from typing import Any, Final

from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.mapping.missing import plain_text
from engine.model.jsonvalue import Json


def look_up(key: Any, table: dict[str, Json]) -> Any:
    """The value at the key in a table; a number or boolean is looked up as JSON writes it."""
    return table.get(plain_text(key))


def first_key(value: dict[str, Json], prefix: str) -> Any:
    """The value of the first key, by name, that begins with the prefix."""
    first, found = "", None
    for key, one in value.items():
        if key.startswith(prefix) and one is not None and (found is None or key < first):
            first, found = key, one
    return found


_REST = Argument("key", Kind.TEXT)
_KEYS = (_REST,)

FILTERS: Final = (
    FilterSpec(
        "keys",
        "a list of its keys",
        Kind.OBJECT,
        Kind.LIST,
        list,
        (Example({"a": 1, "b": 2}, ["a", "b"]),),
    ),
    FilterSpec(
        "values",
        "a list of its values",
        Kind.OBJECT,
        Kind.LIST,
        lambda value: list(value.values()),
        (Example({"a": 1, "b": 2}, [1, 2]),),
    ),
    FilterSpec(
        "pick",
        "with these keys alone",
        Kind.OBJECT,
        Kind.OBJECT,
        lambda value, *keys: {key: value[key] for key in keys if key in value},
        (Example({"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}, ("a", "c")),),
        _KEYS,
        rest=_REST,
    ),
    FilterSpec(
        "omit",
        "without these keys",
        Kind.OBJECT,
        Kind.OBJECT,
        lambda value, *keys: {key: one for key, one in value.items() if key not in keys},
        (Example({"a": 1, "b": 2, "c": 3}, {"b": 2}, ("a", "c")),),
        _KEYS,
        rest=_REST,
    ),
    FilterSpec(
        "merge",
        "with the keys of the other object, which go first",
        Kind.OBJECT,
        Kind.OBJECT,
        lambda value, other: {**value, **other},
        (Example({"a": 1, "b": 1}, {"a": 1, "b": 2}, ({"b": 2},)),),
        (Argument("object", Kind.OBJECT),),
    ),
    FilterSpec(
        "lookup",
        "what a table has at this key",
        Kind.PLAIN,
        Kind.ANY,
        look_up,
        (
            Example("paid", gives=True, arguments=({"paid": True},)),
            Example(7, "seven", ({"7": "seven"},)),
            Example("new", None, ({"paid": True},)),
        ),
        (Argument("table", Kind.OBJECT),),
        may_be_missing=True,
    ),
    FilterSpec(
        "first_key",
        "the value of the first key that begins with the text, such as a cookie's",
        Kind.OBJECT,
        Kind.ANY,
        first_key,
        (Example({"_ga_B": "2", "_ga_A": "1"}, "1", ("_ga_",)), Example({}, None, ("_ga_",))),
        (Argument("prefix", Kind.TEXT),),
        may_be_missing=True,
    ),
)
