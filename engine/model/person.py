"""The person an event is about: their ids, what they consented to, and what is remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.model.clock import Millis
from engine.model.jsonvalue import Json


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person said of each category: True granted, False refused, absent unknown.

    Category names are in lower case; ``*`` stands for all that are not named.
    """

    categories: Mapping[str, bool] = field(default_factory=dict)

    def of(self, category: str) -> bool | None:
        """What was said of ``category``, None if nothing was."""
        return self.categories.get(category.casefold(), self.categories.get("*"))


BROWSER = "browser"
USER = "user"
"""The kinds of ids that things are remembered under: an anonymousId, and a userId."""


class PersonKey(NamedTuple):
    """An id that things are remembered under; ``kind`` is ``BROWSER`` or ``USER``."""

    kind: str
    id: str


class Remembered(NamedTuple):
    """A value, since when it is known and when it was last seen, by the times of events."""

    value: Json
    since: Millis
    at: Millis


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered under one id.

    ``values`` are the browser's, by their dotted paths in an event (``context.cookies._ga``);
    ``traits`` by name, ``consent`` by category (engine/pipeline/consent), a browser's from events
    without a userId. ``links`` of a browser are the userIds seen with it, each since when it has
    been there with no other one in between; those of a user are ``first`` and ``last``, the
    anonymousIds, and ``joined``, the userId that an alias made this one a name of: everything else
    is then kept there.
    """

    values: Mapping[str, Remembered] = field(default_factory=dict)
    traits: Mapping[str, Remembered] = field(default_factory=dict)
    consent: Mapping[str, Remembered] = field(default_factory=dict)
    links: Mapping[str, Remembered] = field(default_factory=dict)

    @property
    def seen_at(self) -> Millis:
        """The newest moment of anything in it, 0 where there is nothing."""
        parts = (self.values, self.traits, self.consent, self.links)
        return max((one.at for part in parts for one in part.values()), default=Millis(0))


MOST_USERS = 5
"""A browser with more userIds is nobody's: a till, a test, one constant for all."""

NOTHING = Memory()
"""What is remembered of whom nobody has seen."""


def linked_to(key: PersonKey, memory: Memory) -> list[PersonKey]:
    """The ids whose memory says more of this person."""
    links = memory.links
    if key.kind == BROWSER:
        # All of them: a refusal of any stops what was sent from the browser before it.
        return [PersonKey(USER, user) for user in links] if len(links) <= MOST_USERS else []
    found = []
    if "joined" in links:
        found.append(PersonKey(USER, str(links["joined"].value)))
    if "last" in links:
        found.append(PersonKey(BROWSER, str(links["last"].value)))
    return found


def newest_user(browser: Memory) -> str | None:
    """The userId seen last with a browser, None where there is none, or too many."""
    links = browser.links
    if not links or len(links) > MOST_USERS:
        return None
    return max(links, key=lambda user: links[user].at)
