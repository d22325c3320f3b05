"""Who an event is about: its ids that mean somebody, and the one that a person is kept under."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json
from engine.model.nobody import NOBODY
from engine.model.person import BROWSER, NOTHING, USER, Memory, PersonKey, newest_user

ANONYMOUS_ID = "anonymousId"
LONGEST_ID = 256
JOINED_AT_MOST = 8
NEVER = Millis(2**63)

Known = Mapping[PersonKey, Memory]
"""What is remembered under the ids of some events, and under those that they lead to."""


class Asked(Protocol):
    """Whoever can say what is remembered under an id."""

    def get(self, key: PersonKey, default: Memory, /) -> Memory:
        """What is remembered under the id, ``default`` where nothing is known."""


class Ids(NamedTuple):
    """The ids of an event that mean somebody; ``previous`` is what an alias joins."""

    browser: PersonKey | None
    user: PersonKey | None
    previous: PersonKey | None = None

    def asked(self) -> Iterator[PersonKey]:
        """What is to be known to recall and to learn."""
        for key in (self.browser, self.user, self.previous):
            if key is not None:
                yield key
        if self.previous is not None:
            yield PersonKey(BROWSER, self.previous.id)


def ids_of(body: Body) -> Ids:
    """The ids of an event."""
    previous = body.get("previousId") if body.get("type") == "alias" else None
    return Ids(
        _key(BROWSER, body.get(ANONYMOUS_ID)),
        _key(USER, body.get("userId")),
        None if previous is None else _key(USER, previous),
    )


def _key(kind: str, value: Json) -> PersonKey | None:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        return None
    bare = value.strip().lower()
    if bare in NOBODY:
        return None
    # Shops that use addresses as ids write one in several ways.
    return PersonKey(kind, bare if kind == USER and "@" in bare else value)


def root_of(user: PersonKey, known: Asked) -> PersonKey:
    """The userId under which a person is kept: another one after an alias."""
    for _ in range(JOINED_AT_MOST):
        joined = known.get(user, NOTHING).links.get("joined")
        if joined is None:
            break
        user = PersonKey(USER, str(joined.value))
    return user


def stay_of(
    user: PersonKey, browser: Memory, known: Asked, cutoff: Millis
) -> tuple[Millis, Millis | None]:
    """From when until when a browser was this user's, as far as others had it before or after.

    What it told before its first user came is theirs too: they had not logged in yet.
    """
    links = browser.links
    others = [
        one
        for id_, one in links.items()
        if one.at >= cutoff and root_of(PersonKey(USER, id_), known) != user
    ]
    if not others:
        return Millis(0), None
    own = [one for id_, one in links.items() if root_of(PersonKey(USER, id_), known) == user]
    if not own:
        return NEVER, None
    since = max(one.since for one in own)
    before = any(one.since <= since for one in others)
    after = [one.since for one in others if one.since > since]
    return since if before else Millis(0), min(after, default=None)


def user_of(ids: Ids, known: Asked, cutoff: Millis) -> PersonKey | None:
    """The person's userId: the event's own, else the newest of its browser."""
    user = ids.user
    if user is None and ids.browser is not None:
        browser = known.get(ids.browser, NOTHING)
        newest = newest_user(browser)
        if newest is not None and browser.links[newest].at >= cutoff:
            user = PersonKey(USER, newest)
    return None if user is None else root_of(user, known)
