"""Decisions: what a release says of an event for one destination.

Those that are made for each event and destination are tuples by name: made in a fifth of the time
of a frozen dataclass (tests.bench).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from engine.model.jsonvalue import Body, Json


class Verb(StrEnum):
    """What is to be done with one event at one destination."""

    SEND = "send"
    SHADOW = "shadow"
    SKIP = "skip"
    DROP = "drop"
    INVALID = "invalid"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a mapping could not do: the payload's path, and where the rule stands.

    ``file`` and ``line`` name the rule's text; the message never shows data.
    """

    path: str
    message: str
    file: str = ""
    line: int = 0

    def as_json(self) -> Body:
        """The form it has in answers and lists."""
        return {"path": self.path, "message": self.message, "file": self.file, "line": self.line}


class Payload(NamedTuple):
    """What a mapping made of one event: ``group`` holds the values it must share with others.

    ``size_bytes`` is its length as JSON, ``dedupe_key`` the vendor's own key in it, if any.
    """

    body: Body
    size_bytes: int
    group: tuple[Json, ...] = ()
    dedupe_key: str | None = None


class Decision(NamedTuple):
    """One delivery-to-be, or why there is none: exactly what ``dry-run --json`` prints.

    ``window_ms`` is how old the event may be when it is sent, None for any age. ``warnings`` are
    for who writes rules: a dry run fills them in, the server never does.
    """

    destination: str
    verb: Verb
    rule: str | None = None
    part: int = 0
    reason: str = ""
    payload: Payload | None = None
    faults: tuple[Fault, ...] = ()
    window_ms: int | None = None
    warnings: tuple[Fault, ...] = ()

    def as_json(self) -> Body:
        """The machine form of the design; ``warnings`` stand in it where there are some."""
        warnings = [warning.as_json() for warning in self.warnings]
        return {
            "destination": self.destination,
            "decision": str(self.verb),
            "rule": self.rule,
            "part": self.part,
            "reason": self.reason,
            "payload": self.payload.body if self.payload else None,
            "errors": [fault.as_json() for fault in self.faults],
            **({"warnings": warnings} if warnings else {}),
        }
