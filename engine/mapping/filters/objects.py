"""Filters of objects."""

import json
from typing import Any, Final

from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.mapping.missing import LISTS, plain_text
from engine.model.jsonvalue import Json

LONGEST_JSON: Final = 65_536
"""Characters of a text that is read as JSON: the bound of a text in the language."""


DEEPEST: Final = 20
"""Levels into which ``plain_keys`` looks; deeper a value stays as it came."""


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


def keys_with_prefix(value: dict[str, Json], *prefixes: str) -> dict[str, Json]:
    """The keys that begin with one of the prefixes, with their values."""
    # Most objects have none: their keys in one text tell it in a third of the time (tests.bench).
    together = "\n".join(value)
    for prefix in prefixes:
        if prefix in together:
            return {key: one for key, one in value.items() if key.startswith(prefixes)}
    return {}


def parse_json(text: str) -> Any:
    """What a JSON text says; missing for any other text, and for numbers that no JSON has."""
    if len(text) > LONGEST_JSON:
        return None
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(text: str) -> Json:
    raise ValueError(text)


def plain_keys(value: Any, depth: int = 0) -> Any:
    """The value with every key in lower case and without what is no letter or digit.

    Of keys that become the same the first that isn't null counts.
    """
    if depth == DEEPEST:
        return value
    if isinstance(value, dict):
        found: dict[str, Json] = {}
        for key, one in value.items():
            plain = "".join(filter(str.isalnum, key.lower()))
            if found.get(plain) is None:
                found[plain] = plain_keys(one, depth + 1)
        return found
    return [plain_keys(one, depth + 1) for one in value] if value.__class__ in LISTS else value


_REST = Argument("key", Kind.TEXT)
_KEYS = (_REST,)
_PREFIX = Argument("prefix", Kind.TEXT)

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
        "keys_with_prefix",
        "with the keys alone that begin with one of the texts",
        Kind.OBJECT,
        Kind.OBJECT,
        keys_with_prefix,
        (Example({"utm_id": "7", "utm_term": "a", "b": 2}, {"utm_id": "7"}, ("utm_i",)),),
        (_PREFIX,),
        rest=_PREFIX,
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
    FilterSpec(
        "parse_json",
        "what the JSON text holds, such as that of a header",
        Kind.TEXT,
        Kind.ANY,
        parse_json,
        (
            Example('{"used": [75]}', {"used": [75]}),
            Example("<html>", None),
        ),
        may_be_missing=True,
    ),
    FilterSpec(
        "plain_keys",
        "with each key, at every depth, in lower case and of letters and digits alone: for bodies "
        "whose spelling varies",
        Kind.ANY,
        Kind.ANY,
        plain_keys,
        (
            Example({"Url": "/a", "total_count": 1}, {"url": "/a", "totalcount": 1}),
            Example([{"Country/Region": "CO"}], [{"countryregion": "CO"}]),
        ),
    ),
)
