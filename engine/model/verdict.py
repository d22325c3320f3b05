"""Verdicts: what ingest decides of an event."""

from dataclasses import dataclass, field
from typing import TypeAlias

from engine.model.event import Event
from engine.model.jsonvalue import Body, Json


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not as it must be: a path in the data (dotted, may be empty) and words.

    ``lacks`` are the keys below the path of which one at least is wanted and none is there.
    """

    path: str
    message: str
    lacks: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> Body:
        """The form it has in answers and lists."""
        return {"path": self.path, "message": self.message}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event meets its schema and goes into the log."""

    event: Event


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The event does not meet its schema: kept as it came (``body``), with the reasons."""

    event: Event
    body: Json
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing is kept: no object, or the source's policy says so."""

    reasons: tuple[Reason, ...]
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An event with this id came from this source before, within the window."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The person has opted out: nothing is kept but a count."""

    message_id: str
    why: str


Verdict: TypeAlias = Accepted | Quarantined | Rejected | Duplicate | Suppressed

VERDICTS = ("accepted", "quarantined", "rejected", "duplicate", "suppressed")


def verdict_name(verdict: Verdict) -> str:
    """The word of the design for it, in lower case."""
    return type(verdict).__name__.lower()
