"""What each leaf of a template gave, and why what is not in the payload was dropped."""

from dataclasses import dataclass
from typing import Any

from engine.mapping.faults import Misfit
from engine.mapping.missing import MISSING, STAYS, Missing
from engine.model.document import Place
from engine.model.jsonvalue import Body, Json


@dataclass(frozen=True, slots=True)
class LeafTrace:
    """One leaf of one render: where it stands in the payload and in the rule, and what it gave.

    A ``$if``, ``$merge`` or ``$for`` is traced too, at the path of its object or list. ``dropped``
    says why nothing of it is in the payload: ``missing``, ``empty``, ``condition is not true``, or
    a fault. ``reads`` are the paths that its expression looks at, in the order of writing, an
    element of a list as ``[]``.
    """

    path: str
    place: Place
    expression: str
    value: Json | Missing
    dropped: str
    reads: tuple[tuple[str, ...], ...] = ()

    def as_json(self) -> Body:
        """The form it has in explanations."""
        return {
            "path": self.path,
            "file": self.place.file,
            "line": self.place.line,
            "expression": self.expression,
            "value": None if self.value is MISSING else self.value,
            "dropped": self.dropped,
        }


@dataclass(frozen=True, slots=True)
class Origin:
    """A leaf as written: its place, its text, and the paths that it looks at."""

    place: Place
    expression: str
    reads: tuple[tuple[str, ...], ...] = ()

    def seen(self, path: str, value: Any, fault: Misfit | None) -> LeafTrace:
        """What a leaf gave."""
        return self._trace(path, value, fault, "empty", is_kept=value or value.__class__ in STAYS)

    def asked(self, path: str, value: Any, fault: Misfit | None) -> LeafTrace:
        """What a condition gave."""
        return self._trace(path, value, fault, "condition is not true", is_kept=value)

    def _trace(
        self, path: str, value: Any, fault: Misfit | None, otherwise: str, *, is_kept: Any
    ) -> LeafTrace:
        why = f"fault: {fault}" if fault else "missing" if value is None else otherwise
        shown = MISSING if value is None else value
        dropped = "" if is_kept else why
        return LeafTrace(path, self.place, self.expression, shown, dropped, self.reads)
