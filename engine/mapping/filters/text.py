"""Filters of texts."""

import json
import unicodedata
from base64 import b64encode
from typing import Any, Final

import orjson

from engine.mapping.faults import Misfit
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind, Shortcut
from engine.mapping.limits import TEXT_BYTES, bounded, check_length, too_long, utf8
from engine.mapping.missing import finite, plain_text
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Json


def or_default(value: Any, default: Any) -> Any:
    """The value, or ``default`` where it is missing or an empty text."""
    return default if value is None or value == "" else value


def replaced(text: str, old: str, new: str) -> str:
    """The text with every ``old`` made ``new``; its length is known before it is made."""
    if not old:
        raise Misfit("replace has nothing to look for: its first text is empty")
    check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return bounded(text.replace(old, new))


def split(text: str, separator: str = ",") -> list[Json]:
    """The parts between the separators, trimmed, the empty ones left out."""
    if not separator:
        raise Misfit("split has nothing to split at: its text is empty")
    return [part for piece in text.split(separator) if (part := piece.strip())]


def values_named(text: str, name: str) -> list[Json]:
    """The values of a name in a header such as ``t=1,v1=ab,v1=cd``, in order."""
    pairs = (piece.partition("=") for piece in text.split(","))
    return [value.strip() for key, sign, value in pairs if sign and key.strip() == name]


def truncated(text: str, length: float) -> str:
    """The first ``length`` characters."""
    return text[: max(0, int(finite(length)))]


def plain_ascii(text: str) -> str:
    """The text without accents and without what has no ASCII form."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def snake(text: str) -> str:
    """``Order Completed`` as ``order_completed``."""
    words = "".join(one if one.isalnum() else " " for one in plain_ascii(text).lower())
    return "_".join(words.split())


def as_json(value: Any) -> str:
    """The value as JSON with sorted keys and no spaces."""
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number beyond 64 bits, half a surrogate pair, or nested too deep
        return bounded(_exact_json(value))
    if len(data) > TEXT_BYTES:
        raise too_long()
    return data.decode()


def _exact_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except (RecursionError, ValueError):
        raise BoundPassed("a value is nested too deep to be written as text") from None


def escaped_markup(text: str) -> str:
    """The text with the three characters that begin and end markup written out."""
    return bounded(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def base64(text: str) -> str:
    """The text's UTF-8 bytes in base64."""
    return bounded(b64encode(utf8(text)).decode())


_ONE = (Argument("part", Kind.TEXT),)

SHORT: Final = "len({0}) < 5_000"
"""So few characters stay within the bound of a text in any case, as one becomes three at most."""

FILTERS: Final = (
    FilterSpec(
        "default",
        "the value, or x where it is missing or an empty text",
        Kind.ANY,
        Kind.ANY,
        or_default,
        (Example(None, 1, (1,)), Example("", "COP", ("COP",)), Example(0, 0, (1,))),
        (Argument("x", Kind.ANY),),
        may_be_missing=True,
    ),
    FilterSpec(
        "lower",
        "in lower case",
        Kind.TEXT,
        Kind.TEXT,
        lambda text: bounded(text.lower()),
        (Example("Ana LUCÍA", "ana lucía"),),
        shortcut=Shortcut("{0}.lower()", SHORT),
    ),
    FilterSpec(
        "upper",
        "in upper case",
        Kind.TEXT,
        Kind.TEXT,
        lambda text: bounded(text.upper()),
        (Example("cop", "COP"),),
        shortcut=Shortcut("{0}.upper()", SHORT),
    ),
    FilterSpec(
        "capitalize",
        "the first letter in upper case, the others in lower case",
        Kind.TEXT,
        Kind.TEXT,
        lambda text: bounded(text.capitalize()),
        (Example("pHONES", "Phones"),),
    ),
    FilterSpec(
        "trim",
        "without white space around it",
        Kind.TEXT,
        Kind.TEXT,
        lambda text: text.strip(),
        (Example("  x y ", "x y"),),
        shortcut=Shortcut("{0}.strip()"),
    ),
    FilterSpec(
        "trim_start",
        "without the text at its beginning, if it is there",
        Kind.TEXT,
        Kind.TEXT,
        lambda text, part: text.removeprefix(part),
        (Example("/data", "data", ("/",)), Example("data", "data", ("/",))),
        (Argument("part", Kind.TEXT),),
    ),
    FilterSpec(
        "trim_end",
        "without the text at its end, if it is there",
        Kind.TEXT,
        Kind.TEXT,
        lambda text, part: text.removesuffix(part),
        (Example("https://shop.example/", "https://shop.example", ("/",)),),
        (Argument("part", Kind.TEXT),),
    ),
    FilterSpec(
        "replace",
        "every old text made new",
        Kind.TEXT,
        Kind.TEXT,
        replaced,
        (Example("a-b-c", "a b c", ("-", " ")),),
        (Argument("old", Kind.TEXT), Argument("new", Kind.TEXT)),
        shortcut=Shortcut("{0}", "{1} not in {0} and " + SHORT),
    ),
    FilterSpec(
        "split",
        "a list of its parts, trimmed, without empty ones",
        Kind.TEXT,
        Kind.LIST,
        split,
        (Example("a, b,,c", ["a", "b", "c"]), Example("a/b", ["a", "b"], ("/",))),
        (Argument("sep", Kind.TEXT, ","),),
    ),
    FilterSpec(
        "values_named",
        "a list of the values that a name has in a header such as t=1,v1=ab",
        Kind.TEXT,
        Kind.LIST,
        values_named,
        (Example("t=1,v1=ab, v1=cd", ["ab", "cd"], ("v1",)), Example("t=1", [], ("v1",))),
        (Argument("name", Kind.TEXT),),
    ),
    FilterSpec(
        "truncate",
        "its first n characters",
        Kind.TEXT,
        Kind.TEXT,
        truncated,
        (Example("abcdef", "abc", (3,)), Example("ab", "ab", (3,))),
        (Argument("n", Kind.NUMBER),),
        shortcut=Shortcut("{0}", "len({0}) <= {1}"),
    ),
    FilterSpec(
        "text",
        "a number or boolean as JSON writes it; a text as it is",
        Kind.PLAIN,
        Kind.TEXT,
        plain_text,
        (
            Example(10045, "10045"),
            Example(value=True, gives="true"),
            Example("x", "x"),
            Example(1.5, "1.5"),
        ),
        shortcut=Shortcut("{0}", classes=frozenset({str})),
    ),
    FilterSpec(
        "ascii",
        "without accents and without what ASCII can't write",
        Kind.TEXT,
        Kind.TEXT,
        plain_ascii,
        (Example("Bogotá Ñ", "Bogota N"),),
    ),
    FilterSpec(
        "snake",
        "in lower case, words joined by underscores: an event's name for an API",
        Kind.TEXT,
        Kind.TEXT,
        snake,
        (Example("Order Completed", "order_completed"), Example("Ítem (2)", "item_2")),
    ),
    FilterSpec(
        "json",
        "as JSON text with sorted keys",
        Kind.ANY,
        Kind.TEXT,
        as_json,
        (Example({"b": 1, "a": [True]}, '{"a":[true],"b":1}'),),
    ),
    FilterSpec(
        "starts_with",
        "whether it begins with the text",
        Kind.TEXT,
        Kind.BOOLEAN,
        lambda text, part: text.startswith(part),
        (Example("Order Completed", gives=True, arguments=("Order",)),),
        _ONE,
        shortcut=Shortcut("{0}.startswith({1})"),
    ),
    FilterSpec(
        "ends_with",
        "whether it ends with the text",
        Kind.TEXT,
        Kind.BOOLEAN,
        lambda text, part: text.endswith(part),
        (Example("Order Completed", gives=False, arguments=("Order",)),),
        _ONE,
        shortcut=Shortcut("{0}.endswith({1})"),
    ),
    FilterSpec(
        "contains",
        "whether the text stands in it",
        Kind.TEXT,
        Kind.BOOLEAN,
        lambda text, part: part in text,
        (Example("Order Completed", gives=True, arguments=("Comp",)),),
        _ONE,
        shortcut=Shortcut("({1} in {0})"),
    ),
    FilterSpec(
        "base64",
        "its UTF-8 bytes in base64",
        Kind.TEXT,
        Kind.TEXT,
        base64,
        (Example("señal", "c2XDsWFs"),),
    ),
    FilterSpec(
        "escape_markup",
        "with &amp;, &lt; and &gt; for &, < and >, so that a value can be no tag and no mention",
        Kind.TEXT,
        Kind.TEXT,
        escaped_markup,
        (Example("<!channel> R&D", "&lt;!channel&gt; R&amp;D"),),
    ),
)
