"""A birth date as the vendors want it before it is hashed."""

import re
from datetime import date
from typing import Any, Final

FIRST_YEAR: Final = 1900

NOTHING: Final = "19000101"
"""What forms and databases write where no date was given."""

DATE: Final = re.compile(
    r"(\d{4})([-/]?)(\d\d)\2(\d\d)"
    r"(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
"""The year first. At another hour than midnight it is another day in another part of the world."""


def birthdate(text: str, until: str | None = None) -> Any:
    """``YYYYMMDD`` of a date with the year first; others could be read in two ways.

    Nobody was born after ``until``, a moment in ISO 8601.
    """
    found = DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = found[1], found[3], found[4]
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return None
    is_past = until is None or f"{year}-{month}-{day}" <= until[: len("YYYY-MM-DD")]
    written = f"{year}{month}{day}"
    return written if int(year) >= FIRST_YEAR and is_past and written != NOTHING else None
