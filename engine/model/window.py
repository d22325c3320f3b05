"""Windows: what is kept of the events that have a key in common, for events made from events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json

NEVER = Millis(0)
NOTHING: Body = {}

SOMEBODY = ""
"""Stands among ``users`` for a guest of whom no more is known than that they are none of them."""

GROUP = "derived:"
"""How the readers of the log are called that make events; no destination has such a name."""

BACK_FILL = "derived-backfill:"
"""What a back-fill is asked for with: a setting with the moment from which on events count. It is
there until the figures are built."""


def of_destinations(groups: Iterable[str]) -> list[str]:
    """The groups of the log that are destinations."""
    return [name for name in groups if not name.startswith(GROUP)]


@dataclass(frozen=True, slots=True)
class Window:
    """The figures of one key, as ``engine/pipeline/figures`` keeps them.

    ``number`` knows it in the state, below 0 where it is not there yet. ``cause`` is the last event
    of it, kept where something may fall due at ``due``. What happened until ``closed_at`` is done
    with. ``touched_at`` is when its newest event was received. ``users`` are the userIds that its
    keys told, a person's names being one, and ``SOMEBODY`` for whoever else had their browser.
    """

    number: int
    figures: Mapping[str, Json] = field(default_factory=dict)
    cause: Event | None = None
    due: Millis | None = None
    closed_at: Millis | None = None
    touched_at: Millis = NEVER
    users: tuple[str, ...] = ()

    @property
    def user(self) -> str | None:
        """The userId of the one person that it is of; None where that isn't known for sure."""
        return (self.users[0] or None) if len(self.users) == 1 else None


class Counted(NamedTuple):
    """A value of ``once:`` that was counted: when, under which key of a person, if under one.

    ``filled`` are the properties that ``fill:`` names, as its event had them.
    """

    at: Millis
    key: str | None = None
    filled: Body = NOTHING


class Made(NamedTuple):
    """An event on its way into the log: made from others, and not accepted yet.

    ``source`` is the name of the source whose event it is, ``at`` its own moment.
    """

    message_id: str
    source: str
    body: Body
    at: Millis


@dataclass(frozen=True, slots=True)
class Found:
    """What the state holds for some keys, read at one moment.

    ``position`` is how far the log was read, ``once`` those of the asked values that were counted.
    ``numbers`` gives the window of each key that has one, of those under which they were, too.
    """

    position: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)
    windows: Mapping[int, Window] = field(default_factory=dict)
    once: Mapping[str, Counted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What one step changes, written at once with how far it has read.

    ``keys`` leads keys to windows (a number below 0 is that of a new one in ``windows``), None
    takes a key out. What led to a window in ``moved`` leads to another one from now on.
    """

    position: int | None = None
    windows: Sequence[Window] = ()
    removed: Sequence[int] = ()
    keys: Mapping[str, int | None] = field(default_factory=dict)
    moved: Mapping[int, int] = field(default_factory=dict)
    once: Mapping[str, Counted] = field(default_factory=dict)
    made: Sequence[Made] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How one file of ``rules/derived/`` stands: how far it has read, its windows and timers.

    ``unsent`` are events that were made and are not in the log yet.
    """

    position: int = 0
    windows: int = 0
    waiting: int = 0
    next_due: Millis | None = None
    unsent: int = 0
