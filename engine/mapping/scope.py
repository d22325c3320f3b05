"""What an expression may name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from engine.model.jsonvalue import Body

MOST_LISTED: Final = 16
"""Names that a hint lists where none is near; more would hide the message."""


@dataclass(frozen=True, slots=True)
class ScopeSpec:
    """The names in scope.

    ``closed`` gives the keys of those whose keys are known when a release loads: another key is a
    finding. ``origins`` gives the path of what a name stands for, where it is a part of another:
    ``{"product": ("properties", "products", "[]")}``. ``fixed`` gives the objects that are the same
    for every event: what an expression reads there is written into its code.
    """

    names: frozenset[str]
    closed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fixed: Mapping[str, Body] = field(default_factory=dict, compare=False)

    def __hash__(self) -> int:
        return hash(self.names)

    def with_name(self, name: str, origin: tuple[str, ...] | None) -> "ScopeSpec":
        """The scope with one more name, that of a ``$for`` or ``each``."""
        origins = dict(self.origins) if origin is None else {**self.origins, name: origin}
        return ScopeSpec(self.names | {name}, self.closed, origins, self.fixed)

    def resolved(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The path from a name that stands for itself."""
        return tuple(self.origins.get(path[0], path[:1])) + path[1:]


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the known name that is nearest, else with all of them where they are few."""
    names = sorted(known)
    lower = {one.lower(): one for one in names}
    if found := get_close_matches(name.lower(), lower, n=1, cutoff=0.6):
        return f'did you mean "{lower[found[0]]}"?'
    return f"known are {', '.join(names)}" if 0 < len(names) <= MOST_LISTED else ""
