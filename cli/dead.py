"""Dead letters with what belongs to them: their event, their attempts, the payload of today."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cli.looks import Look
from engine.authoring.explain import source_of
from engine.model.clock import to_iso
from engine.model.delivery import Attempt, Delivery, DeliveryKey
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json
from engine.pipeline.decide import decide
from engine.release.release import Release
from engine.state.interface import DeliveryFilter

PAGE = 500
BEGINNING = DeliveryKey(0, "")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; without ``event`` where the log keeps it no more."""

    delivery: Delivery
    event: Event | None
    attempts: Sequence[Attempt] = ()


async def letters(look: Look, which: DeliveryFilter, after: DeliveryKey) -> list[Letter]:
    """The next dead letters of the filter behind that key, in the order of the log, some."""
    page = await look.state.deliveries(which, limit=PAGE, after=after)
    positions = sorted({one.key.position for one in page})
    events = {entry.position: entry.event for entry in await look.log.read_at(positions)}
    return [Letter(one, events.get(one.key.position)) for one in page]


async def whole(look: Look, letter: Letter) -> Letter:
    """The letter with its attempts."""
    tried = await look.state.attempts(letter.delivery.message_id)
    return replace(letter, attempts=tried.get(letter.delivery.key, ()))


def told(delivery: Delivery) -> Body:
    """A delivery as JSON."""
    return {**delivery.as_json(), "event": delivery.event, "at": to_iso(delivery.at)}


def shown(letter: Letter, release: Release) -> Body:
    """The whole letter as JSON; its payload is null where today's rules make none."""
    attempts: list[Json] = [{**one.as_json(), "at": to_iso(one.at)} for one in letter.attempts]
    return {
        "delivery": told(letter.delivery),
        "attempts": attempts,
        "event": None if letter.event is None else letter.event.body,
        "payload_today": _payload(letter, release),
    }


def _payload(letter: Letter, release: Release) -> Json:
    """What the rules of today make of the event for this delivery, at the moment that it died."""
    key, event = letter.delivery.key, letter.event
    destination = release.destination(key.destination)
    if destination is None or event is None:
        return None
    for one in decide(destination, event, source_of(release, event), letter.delivery.at):
        if (one.rule or "", one.part) == (key.rule, key.part) and one.payload is not None:
            return one.payload.body
    return None
