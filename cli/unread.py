"""Events that nothing is recorded of yet: looked for at the end of the log."""

from collections.abc import Mapping

from cli.looks import PAGE, Look
from engine.log.interface import Entry
from engine.model.event import Event
from engine.model.window import of_destinations
from engine.state.interface import DeliveryFilter


async def unread_by(look: Look, message_id: str) -> list[tuple[str, int]]:
    """Who has not read the event yet, and how many entries of the log each reads before it.

    Looked for where unread events stand, at the end of the log.
    """
    listed = await look.state.deliveries(DeliveryFilter(message_id=message_id), limit=PAGE)
    recorded = {(one.key.position, one.key.destination) for one in listed}
    floors = await floors_of(look)
    positions = {entry.position for entry in await searched(look, message_id, {}, whole=False)}
    return [
        (name, position - floor - 1)
        for position in sorted(positions)
        for name, floor in sorted(floors.items())
        if position > floor and (position, name) not in recorded
    ]


async def searched(
    look: Look, message_id: str, entries: Mapping[int, Event], *, whole: bool
) -> list[Entry]:
    """The id's entries that are not known yet, from the newest back.

    What no destination has recorded stands at the end of the log, but for those that are off: so
    the ``whole`` log is looked through only where nothing else is known of the id.
    """
    end = await look.log.last_position()
    floor = 0 if whole else min((await floors_of(look)).values(), default=0)
    found: list[Entry] = []
    while end > floor and not (whole and found):
        start = max(floor, end - PAGE)
        page = await look.log.read_range(start, PAGE, until=end)
        found += [
            entry
            for entry in page
            if entry.event.message_id == message_id and entry.position not in entries
        ]
        end = start
    return found


async def floors_of(look: Look) -> Mapping[str, int]:
    """Up to which position each destination has finished or put off everything."""
    last = await look.log.last_position()
    names = of_destinations(await look.log.groups())
    return {name: last - await look.log.backlog(name) for name in names}
