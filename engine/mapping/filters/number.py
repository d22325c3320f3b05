"""Filters of numbers."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from engine.mapping.faults import Misfit
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind, Shortcut
from engine.mapping.missing import NUMBERS, finite
from engine.model.jsonvalue import Json

NUMERIC: Final = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
"""Numeric text: no grouping, as 1.299 is one thing in Bogotá and another in Boston."""

SURELY_FITS: Final = 19
"""Digits below which a whole number has 64 bits at most; plain amounts and ids go this way."""

MOST_DIGITS: Final = 12
LONGEST: Final = 100
"""Characters of a numeric text: a longer one is no number that JSON could carry."""

WHOLE_FROM: Final = 10**15
"""A float this large has no decimals left to round, and more digits than quantize keeps."""


def number(value: Any) -> Any:
    """The number that a text stands for; missing for a blank one."""
    if value.__class__ is not str:
        return value
    text = value.strip()
    if not text:
        return None
    if len(text) < SURELY_FITS and text.isascii() and text.isdigit():
        return int(text)
    found = NUMERIC.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise Misfit('number takes a numeric text such as "1299900.5", found another text')
    whole = found[2] is None and found[3] is None
    return finite(int(text) if whole else float(text))


def integer(value: Any) -> Any:
    """The number, or the numeric text, cut to a whole one."""
    found = number(value)
    return None if found is None else finite(int(found))


def rounded(value: Any, digits: Any = 0) -> Any:
    """The number with so many decimals, halves away from zero as in accounting."""
    if value.__class__ is int:
        return value
    near = _near(Decimal(repr(finite(value))), int(digits))
    return finite(int(near) if digits == 0 else float(near))


def cents(value: Any) -> Any:
    """The amount in hundredths, as a whole number."""
    if value.__class__ is int:
        return finite(value * 100)
    return finite(int(_near(Decimal(repr(finite(value))) * 100, 0)))


def _near(exact: Decimal, digits: int) -> Decimal:
    if abs(exact) > WHOLE_FROM:
        return exact
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _no_digits(value: Json) -> str:
    fits = isinstance(value, int | float) and value in range(MOST_DIGITS + 1)
    return "" if fits else f"must be a whole number from 0 to {MOST_DIGITS}"


WHOLE: Final = frozenset({int})

_LIMIT = (Argument("x", Kind.NUMBER),)

FILTERS: Final = (
    FilterSpec(
        "number",
        "a number of a numeric text; a number as it is, missing for a blank text",
        Kind.NUMERIC,
        Kind.NUMBER,
        number,
        (Example("149.90", 149.9), Example(" 1299900 ", 1299900), Example(5, 5), Example("", None)),
        may_be_missing=True,
        shortcut=Shortcut("{0}", classes=NUMBERS),
    ),
    FilterSpec(
        "integer",
        "cut to a whole number; takes numeric text too",
        Kind.NUMERIC,
        Kind.NUMBER,
        integer,
        (Example("149.90", 149), Example(-1.5, -1)),
        may_be_missing=True,
        shortcut=Shortcut("{0}", "-(2**63) <= {0} < 2**63", classes=WHOLE),
    ),
    FilterSpec(
        "round",
        "with so many decimals, halves away from zero",
        Kind.NUMBER,
        Kind.NUMBER,
        rounded,
        (Example(2.5, 3), Example(10.125, 10.13, (2,)), Example(7, 7, (2,))),
        (Argument("digits", Kind.NUMBER, 0, _no_digits),),
        shortcut=Shortcut("{0}", classes=WHOLE),
    ),
    FilterSpec(
        "abs",
        "without its sign",
        Kind.NUMBER,
        Kind.NUMBER,
        abs,
        (Example(-3, 3), Example(1.5, 1.5)),
    ),
    FilterSpec(
        "max",
        "the larger of it and x",
        Kind.NUMBER,
        Kind.NUMBER,
        max,
        (Example(-3, 0, (0,)), Example(5, 5, (0,))),
        _LIMIT,
    ),
    FilterSpec(
        "min",
        "the smaller of it and x",
        Kind.NUMBER,
        Kind.NUMBER,
        min,
        (Example(120, 100, (100,)),),
        _LIMIT,
    ),
    FilterSpec(
        "at_least",
        "as it is, but missing if it is below x",
        Kind.NUMBER,
        Kind.NUMBER,
        lambda value, least: value if value >= least else None,
        (Example(5, 5, (0,)), Example(-1, None, (0,))),
        _LIMIT,
        may_be_missing=True,
        shortcut=Shortcut("({0} if {0} >= {1} else None)"),
    ),
    FilterSpec(
        "cents",
        "an amount in hundredths, as a whole number",
        Kind.NUMBER,
        Kind.NUMBER,
        cents,
        (Example(19.99, 1999), Example(3, 300)),
    ),
)
