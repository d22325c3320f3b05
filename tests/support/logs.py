"""A log with some events in it, and questions to it."""

import trio


def positions(entries):
    """The positions of entries, in order."""
    return [entry.position for entry in entries]


async def filled(log, an_event, count, *groups):
    """Their positions, after so many events were appended behind these new groups."""
    for group in groups:
        await log.create_group(group)
    return await log.append([an_event(f"m{number}") for number in range(1, count + 1)])


async def nothing_comes(log, group):
    """Whether a read of the group waits."""
    with trio.move_on_after(0.05) as waited:
        await log.read(group, 10)
    return waited.cancelled_caught
