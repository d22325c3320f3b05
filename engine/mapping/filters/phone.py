"""Filters of phone numbers: the one door to the library phonenumbers.

It is loaded with the first number: its 3 MiB are saved where nobody sends any (tests.bench).
"""

import re
from functools import cache
from importlib import import_module
from typing import Any, Final

from engine.mapping.filters.hashing import is_hash, known_hash
from engine.mapping.filters.places import code_of
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.model.cache import PHONES

LONGEST: Final = 64
"""Characters of a text that may be a number; a longer one is no number, and slow to search."""

FEWEST_DIGITS: Final = 7
MOST_DIGITS: Final = 15
"""Digits of an international number (ITU-T E.164)."""

COMMENT: Final = re.compile(r"(?<=\d)[^\d]+$")
"""What stands behind a number: ``(WhatsApp)``."""

WHOLE_FLOAT: Final = re.compile(r"\+?\d{7,}\.0", re.ASCII)
"""What a number becomes where all numbers of JSON are floats."""

SAME_AT_END: Final = 7
COUNTED: Final = ("1234567890", "0123456789")
"""How numbers end that people type to get past a form: 3000000000, 1234567890."""

MEXICO: Final = 52
"""Its mobile numbers had a 1 behind this code until 2019, and many still write it."""


def phone(text: str, country: str | None = None) -> Any:
    """The digits with the country's code, without plus, zeros before it or extension.

    ``+`` or ``00`` tell that the code is there. Without them the number is read as one of
    ``country``, else as one with its code if it is a valid one; else it could be anybody's.
    """
    text = text.strip()
    if is_hash(text):
        return known_hash(text)
    if not text or len(text) > LONGEST:
        return None
    found = _digits_of(_bare(text), code_of(country) if country else None)
    return None if found is None or _is_made_up(found) else found


def _digits_of(text: str, region: str | None) -> Any:
    if text.startswith("00"):
        return _dialled(text.lstrip("0"), region)
    if "+" in text or text.lower().startswith("tel:"):
        return _international(text)
    return _national(text, region) or _national("+" + text, None)


def _is_made_up(digits: str) -> bool:
    return digits.endswith(COUNTED) or len(set(digits[-SAME_AT_END:])) == 1


def phone_e164(text: str, country: str | None = None) -> Any:
    """As ``phone``, with a plus."""
    found = phone(text, country)
    return found if found is None or is_hash(found) else f"+{found}"


def _bare(text: str) -> str:
    """Without a comment behind it; letters may be part of a number of fewer digits."""
    if WHOLE_FLOAT.fullmatch(text):
        return text[:-2]
    if text[-1].isdecimal() or sum(map(str.isdecimal, text)) < FEWEST_DIGITS:
        return text
    return COMMENT.sub("", text)


def _dialled(text: str, region: str | None) -> Any:
    """A number as somebody dials it from ``region``, where a carrier's digit may come first."""
    number = _parsed("+" + text, None)
    if number is not None and not _library().is_possible_number(number) and region:
        own = str(_library().country_code_for_region(region.upper()))
        behind = text[1:].lstrip(" -.")
        if behind.startswith(own) and (found := _national("+" + behind, None)):
            return found
    return _international("+" + text)


def _repaired(number: Any, dialled: str) -> Any:
    """The number, or if it is not valid the one without the digit that is dialled before it."""
    national = _library().national_significant_number(number)
    shorter = national.removeprefix("1" if number.country_code == MEXICO else dialled)
    if shorter == national or _library().is_valid_number(number):
        return number
    other = _parsed(f"+{number.country_code}{shorter}", None)
    return other if other is not None and _library().is_valid_number(other) else number


def _international(text: str) -> Any:
    """The digits of a number whose country code is there, valid or not: plans change."""
    number = _parsed(text, None)
    if number is None:
        return None
    number = _repaired(number, "0")
    if _library().is_possible_number(number):
        return _digits(number)
    digits = "".join(str(int(one)) for one in text if one.isdecimal())
    return digits if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS else None


def _national(text: str, region: str | None) -> Any:
    if region is None and not text.startswith("+"):
        return None
    number = _parsed(text, region.upper() if region else None)
    if number is None:
        return None
    number = _repaired(number, "")
    return _digits(number) if _library().is_valid_number(number) else None


@cache
def _library() -> Any:
    return import_module("phonenumbers")


def _parsed(text: str, region: str | None) -> Any:
    try:
        return _library().parse(text, region)
    except _library().NumberParseException:
        return None


def _digits(number: Any) -> str:
    number.extension = None
    return str(_library().format_number(number, _library().PhoneNumberFormat.E164)[1:])


_ARGUMENTS = (Argument("country", Kind.TEXT, None),)

FILTERS: Final = (
    FilterSpec(
        "normalize_phone",
        "a phone number's digits with country code; missing if it can't be",
        Kind.ID,
        Kind.TEXT,
        phone,
        (
            Example("+57 300-123 4567", "573001234567"),
            Example("0057 310 555 0199", "573105550199"),
            Example("310 555 0199", "573105550199", ("Colombia",)),
            Example("310 555 0199", None),
            Example("3000000000", None, ("CO",)),
            Example("+44 (0)20 7946 0123", "442079460123"),
            Example("+57 310 555 0199 ext 12", "573105550199"),
            Example("+57 310 555 0199 (WhatsApp)", "573105550199"),
            Example("+57 0 310 555 0199", "573105550199"),
            Example("3105550199.0", "573105550199", ("CO",)),
        ),
        _ARGUMENTS,
        may_be_missing=True,
        lenient=True,
        cache=PHONES,
    ),
    FilterSpec(
        "normalize_phone_e164",
        "a phone number's digits with plus and country code; missing if it can't be",
        Kind.ID,
        Kind.TEXT,
        phone_e164,
        (
            Example("310 555 0199", "+573105550199", ("co",)),
            Example("tel:+57-310-555-0199", "+573105550199"),
            Example("12345", None),
        ),
        _ARGUMENTS,
        may_be_missing=True,
        lenient=True,
        cache=PHONES,
    ),
)
