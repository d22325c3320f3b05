"""What a person consents to as far as an event goes: the newest of all that they stated.

The event states something at its own time; what the person stated elsewhere is remembered with the
times of those statements. As a refusal stops all that happened before it, two spans tell all that
counts of a category: the last refusals, and the grants since then. A category with one of them is
remembered as a plain boolean, one with both as ``[[false, since, at], [true, since, at]]``.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.person import BROWSER, MOST_USERS, NOTHING, USER, Memory, PersonKey, Remembered
from engine.pipeline.identity import Ids, ids_of, root_of, user_of
from engine.pipeline.privacy import OTHERS

REPEATED_MS = 5 * 60_000
"""A grant that is said again is written again after this long; a refusal always is."""

Statements = Mapping[str, Remembered]


class Span(NamedTuple):
    """From when to when something was said."""

    since: Millis
    at: Millis


class Said(NamedTuple):
    """What was said of one category: the last refusals, and the grants after them."""

    refused: Span | None = None
    granted: Span | None = None


SILENCE = Said()


def said_in(one: Remembered | None) -> Said:
    """What is remembered of a category; what is no boolean grants nothing."""
    if one is None:
        return SILENCE
    if isinstance(one.value, list):
        refused, granted = cast("list[list[Millis]]", one.value)
        return Said(Span(*refused[1:]), Span(*granted[1:]))
    span = Span(one.since, one.at)
    return Said(granted=span) if one.value is True else Said(refused=span)


def both(one: Said, other: Said) -> Said:
    """What two said, as one: of one moment the refusal counts."""
    refused = _joined(one.refused, other.refused)
    grants = (_after(refused, one.granted), _after(refused, other.granted))
    return Said(refused, _joined(*grants))


def _joined(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return one or other
    return Span(min(one.since, other.since), max(one.at, other.at))


def _after(refused: Span | None, granted: Span | None) -> Span | None:
    """The grants after the last refusal; of a span that it cuts only the end is known."""
    if refused is None or granted is None or granted.since > refused.at:
        return granted
    return Span(granted.at, granted.at) if granted.at > refused.at else None


def remembered(said: Said) -> Remembered:
    """The form in which it is kept; of ``SILENCE`` there is none."""
    spans = [span for span in said if span is not None]
    since, at = min(span.since for span in spans), max(span.at for span in spans)
    if said.refused is None or said.granted is None:
        return Remembered(said.refused is None, since, at)
    return Remembered([[False, *said.refused], [True, *said.granted]], since, at)


def with_statements(was: Statements, told: Mapping[str, bool], at: Millis, most: int) -> Statements:
    """What was stated, with what is told at this moment; the very same where nothing changes.

    Of more than ``most`` categories the oldest that were never refused go first.
    """
    news: dict[str, Remembered] = {}
    for category, granted in told.items():
        one = was.get(category)
        # Nearly every event says what was said before (tests.bench).
        if (
            one is not None
            and one.value is granted
            and one.since <= at
            and (at <= one.at or (granted and at < one.at + REPEATED_MS))
        ):
            continue
        before = said_in(one)
        span = Span(at, at)
        now = both(before, Said(granted=span) if granted else Said(refused=span))
        if now != before and not _is_repeat(before, now):
            news[category] = remembered(now)
    if not news:
        return was
    found = {**was, **news}
    if len(found) > most:
        newest = sorted(found, key=lambda name: (_was_refused(found[name]), found[name].at))
        return {name: found[name] for name in newest[-most:]}
    return found


def _is_repeat(before: Said, now: Said) -> bool:
    if before.granted is None or now.granted is None or before.refused != now.refused:
        return False
    later = now.granted.at - before.granted.at
    return before.granted.since == now.granted.since and later < REPEATED_MS


def _was_refused(one: Remembered) -> bool:
    return said_in(one).refused is not None


def united_statements(one: Statements, other: Statements) -> Statements:
    """The statements of two that are one person."""
    return {
        category: remembered(both(said_in(one.get(category)), said_in(other.get(category))))
        for category in one.keys() | other.keys()
    }


def asked_of(event: Event) -> set[PersonKey]:
    """The ids under which the person's statements may be kept."""
    return set(ids_of(event.body).asked())


def stored_for(event: Event, known: Mapping[PersonKey, Memory], cutoff: Millis) -> Statements:
    """The remembered statements of the event's person, by category.

    Those of their userId and of their browser, where who comes by without a userId grants nothing
    for a userId that has refused. Who an event without one is of may turn out later: so any of the
    browser's users stops it by a refusal after it.
    """
    ids = ids_of(event.body)
    user = user_of(ids, known, cutoff)
    own = NOTHING.consent if user is None else known.get(user, NOTHING).consent
    browsers = [one for key in _browsers(ids, user, known) if (one := known[key].consent)]
    others = [one for one in _others(ids, user, known) if one]
    if not browsers and not others:
        return own
    found: dict[str, Remembered] = {}
    for category in {name for part in (own, *browsers, *others) for name in part}:
        said = by_user = _said_of(category, own)
        for part in browsers:
            here = _said_of(category, part)
            said = both(said, here if by_user.refused is None else Said(here.refused))
        for part in others:
            refused = _said_of(category, part).refused
            if refused is not None and refused.at > event.timestamp:
                said = both(said, Said(refused))
        if said != SILENCE:
            found[category] = remembered(said)
    return found


def _said_of(category: str, statements: Statements) -> Said:
    return said_in(statements.get(category) or statements.get(OTHERS))


def _browsers(
    ids: Ids, user: PersonKey | None, known: Mapping[PersonKey, Memory]
) -> Iterable[PersonKey]:
    """The event's own browser, and the one linked last to its userId."""
    last = None if user is None else known.get(user, NOTHING).links.get("last")
    linked = None if last is None else PersonKey(BROWSER, str(last.value))
    return {key for key in (ids.browser, linked) if key in known and key is not None}


def _others(
    ids: Ids, user: PersonKey | None, known: Mapping[PersonKey, Memory]
) -> Iterator[Statements]:
    """The statements of the other users of the browser of an event without a userId."""
    if ids.user is not None or ids.browser is None:
        return
    links = known.get(ids.browser, NOTHING).links
    if len(links) > MOST_USERS:
        return
    for id_ in links:
        other = root_of(PersonKey(USER, id_), known)
        if other != user:
            yield known.get(other, NOTHING).consent


def consent_for(
    own: Mapping[str, bool], at: Millis, stored: Mapping[str, Remembered]
) -> dict[str, bool]:
    """What holds of each category for an event that states ``own`` at that moment.

    What the event itself states goes before what was stated until then. A later refusal stops it,
    a later grant revives nothing.
    """
    effective: dict[str, bool] = {}
    for category in own.keys() | stored.keys():
        said = own.get(category, own.get(OTHERS))
        refused, granted = _said_of(category, stored)
        if refused is not None and refused.at > at:
            said = False
        elif said is None and granted is not None and granted.since <= at:
            said = True
        elif said is None and refused is not None:
            said = False
        if said is not None:
            effective[category] = said
    return effective
