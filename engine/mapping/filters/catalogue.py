"""The closed list of filters and tests; the reference pages are made from it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.mapping.filters import (
    contact,
    currency,
    hashing,
    ids,
    labels,
    levels,
    lists,
    masking,
    number,
    objects,
    personal,
    phone,
    postal,
    tests,
    text,
    time,
    visitor,
    web,
)
from engine.mapping.filters.spec import FilterSpec, TestSpec

GROUPS: Final[Mapping[str, tuple[FilterSpec, ...]]] = MappingProxyType(
    {
        "text": (*text.FILTERS, *labels.FILTERS),
        "numbers": (*number.FILTERS, *currency.FILTERS),
        "time": time.FILTERS,
        "lists": lists.FILTERS,
        "objects": (*objects.FILTERS, *levels.FILTERS),
        "ids and cookies": (*ids.FILTERS, *visitor.FILTERS),
        "URLs and addresses": web.FILTERS,
        "personal data": (
            *personal.FILTERS,
            *postal.FILTERS,
            *phone.FILTERS,
            *masking.FILTERS,
            *contact.FILTERS,
        ),
        "hashing": hashing.FILTERS,
    }
)
"""The filters by subject, in the order of the reference."""

FILTERS: Final[Mapping[str, FilterSpec]] = MappingProxyType(
    {spec.name: spec for group in GROUPS.values() for spec in group}
)
"""Every filter by name."""

TESTS: Final[Mapping[str, TestSpec]] = MappingProxyType({spec.name: spec for spec in tests.TESTS})
"""Every test by name."""
