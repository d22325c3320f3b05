"""What each keyword of JSON Schema says when a value does not meet it, in words.

No value of the data is shown, but for a short word where a closed list is expected.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.model.jsonvalue import Json, json_type

FOUND = {
    "null": "null",
    "boolean": "a boolean",
    "number": "a number",
    "text": "text",
    "list": "a list",
    "object": "an object",
}

EXPECTED = {
    "null": "null",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "array": "a list",
    "object": "an object",
}

SHORT_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,19}")
"""What a closed list may hold; nothing that looks like an address, a phone number or a token."""

LISTED_AT_MOST = 12
PATTERN_AT_MOST = 120


def words(keyword: str, expects: Any, value: Json) -> str:
    """What is wrong with ``value``, which breaks ``keyword: expects``."""
    say = _WORDS.get(keyword)
    return say(expects, value) if say else f"does not meet {keyword} of its schema"


def type_words(types: Iterable[str], value: Json) -> str:
    """The words for a value of none of these types."""
    names = list(dict.fromkeys(types))
    found = FOUND[json_type(value)]
    if isinstance(value, float) and "integer" in names:
        found = "a number with a fraction"
    return f"is {found}, expected {either([EXPECTED.get(one, one) for one in names])}"


def choice_words(options: Iterable[Json], value: Json) -> str:
    """The words for a value that is none of these."""
    shown = [json.dumps(one, ensure_ascii=False) for one in options]
    rest = len(shown) - LISTED_AT_MOST
    text = either(shown) if rest <= 0 else f"{', '.join(shown[:LISTED_AT_MOST])} or {rest} more"
    expected = f"one of {text}" if len(shown) > 1 else text
    return f"is {shown_word(value)}, expected {expected}"


def shown_word(value: Json) -> str:
    """The value itself if it is a short word, else its type."""
    if isinstance(value, str) and SHORT_WORD.fullmatch(value):
        return f'"{value}"'
    if value == "":
        return "empty"
    return FOUND[json_type(value)] if json_type(value) != "text" else "another text"


def either(names: list[str]) -> str:
    """``a, b or c``."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _types(types: Any, value: Json) -> str:
    return type_words([types] if isinstance(types, str) else types, value)


def _shortest(length: int, value: Json) -> str:
    if not value:
        return "is empty"
    return f"is shorter than {_count(length, 'character')}"


def _fewest(count: int, value: Json) -> str:
    if not value:
        return f"is empty, expected at least {_count(count, 'element')}"
    return f"has too few elements, expected at least {count}"


def _pattern(pattern: str, _: Json) -> str:
    shown = pattern if len(pattern) <= PATTERN_AT_MOST else f"{pattern[:PATTERN_AT_MOST]}…"
    return f"does not have the form {shown}"


def _excluded(schema: Any, _: Json) -> str:
    title = schema.get("title") if isinstance(schema, Mapping) else None
    if isinstance(title, str) and title.startswith(("a ", "an ")):
        return f"is {title}, which is excluded here"
    if isinstance(schema, Mapping) and "pattern" in schema:
        return f"has a form that is excluded here: {schema['pattern']}"
    if isinstance(schema, Mapping) and {"enum", "const"} & schema.keys():
        return "is a value that is excluded here"
    if isinstance(schema, Mapping) and isinstance(needed := schema.get("required"), list):
        named = " and ".join(f'"{name}"' for name in needed)
        return f"has {named}, which {'is' if len(needed) == 1 else 'together are'} excluded here"
    return "is of a kind that is excluded here"


def _items(schema: Any, _: Json) -> str:
    return "has more elements than it may" if schema is False else "has wrong elements"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


_WORDS: Mapping[str, Callable[[Any, Json], str]] = {
    "additionalProperties": lambda _, __: "is not known here",
    "const": lambda expects, value: choice_words([expects], value),
    "contains": lambda _, __: "lacks an element of the kind that it must contain",
    "enum": choice_words,
    "exclusiveMaximum": lambda limit, _: f"is not below {limit}",
    "exclusiveMinimum": lambda limit, _: f"is not above {limit}",
    "items": _items,
    "maxContains": lambda limit, _: f"contains more than {limit} of what it may contain",
    "maximum": lambda limit, _: f"is above the maximum of {limit}",
    "maxItems": lambda limit, _: f"has more than {_count(limit, 'element')}",
    "maxLength": lambda limit, _: f"is longer than {_count(limit, 'character')}",
    "maxProperties": lambda limit, _: f"has more than {_count(limit, 'key')}",
    "minContains": lambda limit, _: f"contains fewer than {limit} of what it must contain",
    "minimum": lambda limit, _: f"is below the minimum of {limit}",
    "minItems": _fewest,
    "minLength": _shortest,
    "minProperties": lambda limit, _: f"has fewer than {_count(limit, 'key')}",
    "multipleOf": lambda step, _: f"is not a multiple of {step}",
    "not": _excluded,
    "oneOf": lambda _, __: "fits more than one of the alternatives, where one alone is expected",
    "pattern": _pattern,
    "required": lambda _, __: "is missing",
    "type": _types,
    "unevaluatedItems": _items,
    "unevaluatedProperties": lambda _, __: "is not known here",
    "uniqueItems": lambda _, __: "has the same element twice",
}
