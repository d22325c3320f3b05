"""Filters of what a browser, or whoever speaks for it, says of its visitor."""

import re
from typing import Any, Final
from urllib.parse import unquote

from engine.mapping.filters.ids import LONGEST_COOKIE, UUID
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.mapping.missing import plain_text
from engine.model.cache import COOKIES
from engine.model.nobody import NOBODY

DECODED_AT_MOST: Final = 5
"""How often a cookie is percent-decoded: each hand on its way may have encoded it once more."""

OPTED_OUT: Final = "~1"
"""What some cookies end in that keep to one subdomain; it is no part of their last value."""

BASE36: Final = re.compile(r"[0-9a-z]{1,32}")


def person_id(value: Any, nobody: dict[str, Any], longest: float) -> Any:
    """The id as text, unless it means nobody: blank, too long, known as such, or in the table."""
    text = value if value.__class__ is str else plain_text(value)
    bare = text.strip().lower()
    if not bare or bare in NOBODY or bare in nobody:
        return None
    return text if len(text) <= longest else None


def valid_uuid(text: str) -> Any:
    """The UUID in lower case; missing for any other text."""
    lower = text.lower()
    return lower if UUID.fullmatch(lower) else None


def cookie_part(text: str, position: float) -> Any:
    """The part at a position of a cookie whose parts stand between ``^``, else between ``|``."""
    if len(text) > LONGEST_COOKIE:
        return None
    cookie = _decoded(text).removesuffix(OPTED_OUT)
    parts, at = cookie.split("^" if "^" in cookie else "|"), int(position)
    return parts[at] or None if len(parts) > 1 and 0 <= at < len(parts) else None


def _decoded(text: str) -> str:
    for _ in range(DECODED_AT_MOST):
        if "%" not in text:
            break
        text = unquote(text)
    return text.strip()


def base36_id(value: Any) -> Any:
    """The id as text, if it is nothing but digits and small letters."""
    text = plain_text(value)
    return text if BASE36.fullmatch(text) else None


_NOBODY = {"guest": True}

FILTERS: Final = (
    FilterSpec(
        "person_id",
        "an id as text, unless it means nobody: blank, over n characters, or in lower case and "
        "without blanks around it a key of the table",
        Kind.PLAIN,
        Kind.TEXT,
        person_id,
        (
            Example("cli-7", "cli-7", (_NOBODY, 200)),
            Example(10045, "10045", (_NOBODY, 200)),
            Example(" Guest ", None, (_NOBODY, 200)),
            Example("cli-70045", None, (_NOBODY, 8)),
        ),
        (Argument("nobody", Kind.OBJECT), Argument("n", Kind.NUMBER)),
        may_be_missing=True,
        lenient=True,
    ),
    FilterSpec(
        "valid_uuid",
        "in lower case if it is a UUID, else missing",
        Kind.TEXT,
        Kind.TEXT,
        valid_uuid,
        (
            Example("01A1F94F-DD01-7547-B7DA-7186C449100D", "01a1f94f-dd01-7547-b7da-7186c449100d"),
            Example("1795184123", None),
        ),
        may_be_missing=True,
        lenient=True,
    ),
    FilterSpec(
        "cookie_part",
        "the part at a position of a cookie whose parts stand between ^ or |, "
        "however often it was percent-encoded",
        Kind.TEXT,
        Kind.TEXT,
        cookie_part,
        (
            Example("1et50ne^2^g9b^1^0", "1et50ne", (0,)),
            Example("tot0xn|1795184473000|6|1|k.example/collect", "6", (2,)),
            Example("1et50ne%255E2%255Eg9b", "g9b", (2,)),
            Example("1et50ne", None, (0,)),
        ),
        (Argument("position", Kind.NUMBER),),
        may_be_missing=True,
        lenient=True,
        cache=COOKIES,
    ),
    FilterSpec(
        "base36_id",
        "an id as text if it is nothing but digits and small letters, else missing",
        Kind.PLAIN,
        Kind.TEXT,
        base36_id,
        (Example("1et50ne", "1et50ne"), Example("../x", None), Example("1ET", None)),
        may_be_missing=True,
        lenient=True,
    ),
)
