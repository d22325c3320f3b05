"""A filter of categories: a path of them as keys of their own, as analytics report it."""

import re
from typing import Any, Final

from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.model.cache import CATEGORIES

MOST_LEVELS: Final = 5
LONGEST_LEVEL: Final = 100
"""What analytics take (docs/vendors/): deeper levels are not reported, longer ones are dropped."""

BETWEEN: Final = re.compile("[/>]")


def levels(text: str, name: str) -> Any:
    """The parts of ``A/B`` or ``A > B`` under ``name``, ``name`` and 2, and so on."""
    parts = [part for one in BETWEEN.split(text) if (part := one.strip())]
    return {
        f"{name}{at}" if at > 1 else name: part[:LONGEST_LEVEL]
        for at, part in enumerate(parts[:MOST_LEVELS], start=1)
    }


FILTERS: Final = (
    FilterSpec(
        "levels",
        "the parts of a path such as A/B or A > B as keys: the name, the name with 2, … up to 5, "
        "each of at most 100 characters; for $merge",
        Kind.TEXT,
        Kind.OBJECT,
        levels,
        (
            Example(
                "Celulares/Gama alta",
                {"item_category": "Celulares", "item_category2": "Gama alta"},
                ("item_category",),
            ),
            Example("Hogar > Cocina > ", {"level": "Hogar", "level2": "Cocina"}, ("level",)),
        ),
        (Argument("name", Kind.TEXT),),
        cache=CATEGORIES,
    ),
)
