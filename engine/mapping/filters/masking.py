"""Filters that show personal data to people without telling it."""

from typing import Any, Final

from engine.mapping.filters.spec import Example, FilterSpec, Kind

DOTS: Final = "***"

SHOWN_DIGITS: Final = 2
"""How many digits of a phone number are left: enough to tell two orders apart, not two people."""


def masked_email(text: str) -> Any:
    """The first letter and the domain of an address; missing where the text is none."""
    local, at, domain = text.strip().lower().rpartition("@")
    return f"{local[0]}{DOTS}@{domain}" if at and local and domain else None


def masked_phone(text: str) -> Any:
    """The last digits of a number; missing where there are too few to hide any."""
    digits = "".join(one for one in text if one.isdecimal())
    return DOTS + digits[-SHOWN_DIGITS:] if len(digits) > 2 * SHOWN_DIGITS else None


FILTERS: Final = (
    FilterSpec(
        "mask_email",
        "an e-mail address's first letter and domain, for people to read; else missing",
        Kind.TEXT,
        Kind.TEXT,
        masked_email,
        (Example(" Ana.Ruiz@Shop.Example ", "a***@shop.example"), Example("no address", None)),
        may_be_missing=True,
    ),
    FilterSpec(
        "mask_phone",
        "a phone number's last two digits, for people to read; missing if it is too short",
        Kind.TEXT,
        Kind.TEXT,
        masked_phone,
        (Example("+57 300 765 4321", "***21"), Example("123", None)),
        may_be_missing=True,
    ),
)
