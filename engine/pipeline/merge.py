"""What was known of something, and what is told of it now, as one: the newer wins, by its time."""

from collections.abc import Callable, Mapping

from engine.model.clock import Millis
from engine.model.jsonvalue import Json
from engine.model.person import Memory, Remembered
from engine.pipeline.consent import united_statements

REFRESH_MS = 5 * 60_000
"""A value that is seen again is written again after this long, not at each event."""

Told = Mapping[str, Json]
Kept = Mapping[str, Remembered]


def merged(was: Kept, told: Told, moment: Millis, most: int) -> Kept:
    """What was known with what is told at this moment; the very same where nothing changes.

    Of more than ``most`` the oldest go.
    """
    if not told or not _has_news(was, told, moment):
        return was
    found = dict(was)
    for name, value in told.items():
        one = found.get(name)
        if one is None or (one.value != value and moment >= one.at):
            found[name] = Remembered(value, moment, moment)
        elif one.value == value:
            found[name] = Remembered(value, min(one.since, moment), max(one.at, moment))
    if len(found) > most:
        newest = sorted(found, key=lambda name: found[name].at)[-most:]
        return {name: found[name] for name in newest}
    return found


def news_of(was: Kept, told: Told, moment: Millis, fits: Callable[[str, Json], bool]) -> Told:
    """What is told where it tells something new that fits; else nothing."""
    if not told or not _has_news(was, told, moment):
        return {}
    return {name: value for name, value in told.items() if fits(name, value)}


def _has_news(was: Kept, told: Told, moment: Millis) -> bool:
    # Asked of each value of each event, and nearly always answered no (tests.bench).
    later, earlier = moment - REFRESH_MS, moment + REFRESH_MS
    for name, value in told.items():
        one = was.get(name)
        if one is None:
            return True
        if one.value == value:
            if later > one.at or earlier < one.since:
                return True
        elif moment >= one.at:
            return True
    return False


def newer_of(one: Kept, other: Kept) -> dict[str, Remembered]:
    """Both, of two that have the same name the one seen last."""
    united = dict(one)
    for name, value in other.items():
        if name not in united or value.at > united[name].at:
            united[name] = value
    return united


def united(old: Memory, new: Memory) -> Memory:
    """Two userIds' memory as one; the browser linked first is that of the one seen first."""
    links = newer_of(new.links, old.links)
    links.pop("joined", None)
    firsts = [memory.links["first"] for memory in (new, old) if "first" in memory.links]
    if firsts:
        links["first"] = min(firsts, key=lambda one: one.since)
    return Memory(
        newer_of(new.values, old.values),
        newer_of(new.traits, old.traits),
        united_statements(new.consent, old.consent),
        links,
    )


def linked(links: Kept, user: str, moment: Millis) -> Kept:
    """A browser's users with one seen now; ``since`` is when they came back after another one."""
    others = [one.at for id_, one in links.items() if id_ != user]
    was = links.get(user)
    if was is None or not others:
        return merged(links, {user: user}, moment, len(links) + 1)
    if was.at < max(others) <= moment:
        return {**links, user: Remembered(user, moment, moment)}
    # An older event tells nothing of when they came back.
    return links if moment < was.since else merged(links, {user: user}, moment, len(links))


def living(memory: Memory, cutoff: Millis) -> Memory:
    """The memory without what was seen last before ``cutoff``; who was linked first stays."""
    parts = (memory.values, memory.traits, memory.consent)
    if all(one.at >= cutoff for part in parts for one in part.values()):
        return memory
    values, traits, consent = (
        {name: one for name, one in part.items() if one.at >= cutoff} for part in parts
    )
    return Memory(values, traits, consent, memory.links)
