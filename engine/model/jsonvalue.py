"""JSON values and their types."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""Any JSON value. Read it, build a new one, never write into it."""

Body: TypeAlias = Mapping[str, Json]
"""A JSON object."""


def json_type(value: object) -> str:
    """The JSON name of the type of ``value``, as shown to users: "text", "list" and so on."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list() | tuple():
            return "list"
        case _:
            return "object"


def a_json_type(value: object) -> str:
    """The same as it stands in a sentence: "a text", "an object", "null"."""
    return with_article(json_type(value))


def with_article(noun: str) -> str:
    """``noun`` with its article; null has none."""
    if noun == "null":
        return noun
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def strings_in(value: Json) -> list[str]:
    """Every text within ``value``, at any depth, keys left out."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in strings_in(item)]
    if isinstance(value, Sequence):
        return [text for item in value for text in strings_in(item)]
    return []


def as_body(value: object) -> Body:
    """``value`` if it is an object, else an empty one: for look-ups into what may be anything."""
    # Nearly all that comes is a dict or nothing: asking for a Mapping takes ten times as long.
    if type(value) is dict:
        return value
    return value if isinstance(value, Mapping) else {}
