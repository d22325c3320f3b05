"""A delivery as lists tell it: its state now, when it is tried next, and when it gives up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.delivery.pauses import HandPause
from engine.model.clock import Millis, to_iso
from engine.model.delivery import (
    UNSETTLED,
    Delivery,
    State,
    awaits_its_turn,
    gives_up_at,
    paused_by_hand,
)
from engine.model.jsonvalue import Body
from engine.project.read import read_project

COLUMNS = ("at", "event", "message id", "destination", "rule", "part", "state", "tries", "reason")
IN_TURN = "next after an earlier event of its person"
RESUMED = "next once it is resumed"


@dataclass(frozen=True, slots=True)
class Ages:
    """How long a destination tries a delivery; ``keep_ms`` where it is a mailbox."""

    max_age_ms: int
    keep_ms: int | None


@dataclass(frozen=True, slots=True)
class Today:
    """What decides about those on their way, by destination: the pauses by hand, and the ages."""

    pauses: Mapping[str, HandPause]
    ages: Mapping[str, Ages] = field(default_factory=dict)

    def stands(self, one: Delivery) -> Delivery:
        """The delivery as it stands, with the pause of its destination."""
        pause = self.pauses.get(one.key.destination)
        return one if pause is None else paused_by_hand(one, pause.reason)

    def told(self, one: Delivery) -> Body:
        """The delivery, as it stands, as JSON."""
        ends = self._ends(one)
        in_turn = one.next_at is None or awaits_its_turn(one)
        return {
            **one.as_json(),
            "event": one.event,
            "at": to_iso(one.at),
            "next_at": None if in_turn or one.next_at is None else to_iso(one.next_at),
            "gives_up_at": None if ends is None else to_iso(ends),
        }

    def cells(self, one: Delivery) -> Iterator[object]:
        """The delivery, as it stands, under ``COLUMNS``."""
        yield to_iso(one.at)
        yield one.event
        yield one.message_id
        yield one.key.destination
        yield rule_text(one)
        yield one.key.part
        yield one.state
        yield one.attempts
        yield "; ".join(self._words(one))

    def _words(self, one: Delivery) -> Iterator[str]:
        """The reason and, of one on its way, when it is tried next and when it gives up."""
        if one.reason:
            yield one.reason
        if awaits_its_turn(one):
            yield IN_TURN
        elif one.state in UNSETTLED and one.next_at is not None:
            yield f"next {to_iso(one.next_at)}"
        elif one.state is State.PAUSED and one.key.destination in self.pauses:
            yield RESUMED
        if (ends := self._ends(one)) is not None:
            yield f"gives up {to_iso(ends)}"

    def _ends(self, one: Delivery) -> Millis | None:
        ages = self.ages.get(one.key.destination)
        return None if ages is None else gives_up_at(one, ages.max_age_ms, ages.keep_ms)


def rule_text(one: Delivery) -> str:
    """The rule, and the replay that the delivery is of."""
    return (one.key.rule or "-") + (f" (replay {one.key.replay})" if one.key.replay else "")


def ages_of(project: Path) -> Mapping[str, Ages]:
    """What today's files say; nothing where they can't be read."""
    read, _ = read_project(project)
    destinations = () if read is None else read.destinations
    return {
        one.name: Ages(one.retry.max_age_ms, one.mailbox.keep_ms if one.mailbox else None)
        for one in destinations
    }
