"""Which events a file of ``rules/derived/`` takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Self

from engine.model.event import Event
from engine.model.jsonvalue import Body
from engine.project.derived import TakesSpec

KEPT_ROUTES = 4096


@dataclass(frozen=True, slots=True)
class Takes:
    """Which events are taken, with the answers found so far."""

    types: tuple[str, ...]
    events: tuple[str, ...]
    sources: tuple[str, ...]
    found: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: TakesSpec) -> Self:
        """What a file writes of it."""
        return cls(spec.type, spec.event, spec.source)

    def takes(self, event: Event) -> bool:
        """Whether it takes the event; one that was made from others only by its full name."""
        key = (event.type, event.name, event.source)
        taken = self.found.get(key)
        if taken is None:
            taken = (
                _fits(self.types, event.type)
                and _fits(self.events, event.name)
                and _fits(self.sources, event.source)
            )
            if len(self.found) < KEPT_ROUTES:
                self.found[key] = taken
        return taken and (event.name in self.events or not is_derived(event.body))


def _fits(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(one == value or fnmatchcase(value, one) for one in patterns)


def is_derived(body: Body) -> bool:
    """Whether an event says that it was made from others."""
    context = body.get("context")
    return isinstance(context, Mapping) and "derived" in context
