"""What is to be remembered of an event.

Under the anonymousId the values of its browser, under the userId (under the anonymousId while it
has none) traits and consent, under both who belongs to whom. An event that is older than what is
known changes nothing of it, so replays, repeats and late imports do no harm.
"""

from collections.abc import Iterable, Mapping

from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import (
    BROWSER,
    MOST_USERS,
    NOTHING,
    Memory,
    PersonKey,
    Remembered,
)
from engine.pipeline.browser import ADDRESS, AGENT, BROWSER_IDS, MOST, subject_of
from engine.pipeline.identity import ANONYMOUS_ID, Ids, Known, root_of, user_of
from engine.pipeline.memory import Own, trait_meaning
from engine.pipeline.merge import (
    REFRESH_MS,
    Kept,
    Told,
    living,
    merged,
    newer_of,
    news_of,
    united,
)
from engine.pipeline.privacy import stated_in

LONGEST_NAME = 100
LONGEST_TRAIT = 500
DEEPEST_TRAIT = 3
MOST_TRAITS = 50
MOST_CATEGORIES = 50
ADDRESSES = frozenset({ADDRESS, AGENT})

NONE: Told = {}


def learn(event: Event, own: Own, known: Known, cutoff: Millis) -> dict[PersonKey, Memory]:
    """What is remembered after this event where it changes, by id; nothing is written into."""
    if event.timestamp < cutoff:
        return {}
    learning = _Learning(event.timestamp, cutoff, known)
    if own.ids.previous is not None:
        learning.join(own.ids)
    learning.take(own)
    return learning.changed


class _Learning:
    """One event being learnt from: what was known, with what it changed on top."""

    def __init__(self, moment: Millis, cutoff: Millis, known: Known) -> None:
        self.changed: dict[PersonKey, Memory] = {}
        self._moment = moment
        self._cutoff = cutoff
        self._known = known

    def take(self, own: Own) -> None:
        """Links, values, traits and consent of the event itself."""
        ids, body, values = own.ids, own.body, _values(own)
        user = None if ids.user is None else root_of(ids.user, self)
        browser = self._linked(ids.browser, user)
        if browser is not None:
            self._update(browser, values=values)
        if user is not None:
            self._link_back(user, browser, NONE if ANONYMOUS_ID in body else values)
        else:
            user = user_of(ids, self, self._cutoff)
        keeper = browser if user is None else user
        if keeper is not None:
            context = as_body(body.get("context"))
            self._update(keeper, traits=_traits(body, context), consent=stated_in(context))

    def join(self, ids: Ids) -> None:
        """Makes the two userIds of an alias one person, or the browser that it names the user's."""
        if ids.user is None or ids.previous is None:
            return
        named = PersonKey(BROWSER, ids.previous.id)
        if self._get(named) not in (None, NOTHING):
            self._linked(named, root_of(ids.user, self))
        joined, person = root_of(ids.previous, self), root_of(ids.user, self)
        old, new = self._get(joined), self._get(person)
        if joined == person or old is None or new is None:
            return
        self.changed[person] = united(old, new)
        self.changed[joined] = Memory(links={"joined": self._seen(person.id)})

    def get(self, key: PersonKey, default: Memory, /) -> Memory:
        """What is known of an id by now."""
        return self._get(key) or default

    def _get(self, key: PersonKey) -> Memory | None:
        """What is known of an id; None where nobody looked, so that nothing is written over."""
        if self.changed and key in self.changed:
            return self.changed[key]
        return self._known.get(key)

    def _seen(self, value: Json) -> Remembered:
        return Remembered(value, self._moment, self._moment)

    def _linked(self, key: PersonKey | None, user: PersonKey | None) -> PersonKey | None:
        """The browser, once it is linked to the userId; None where it is nobody's."""
        browser = None if key is None else self._get(key)
        if key is None or browser is None:
            return None
        if user is not None:
            links = merged(browser.links, {user.id: user.id}, self._moment, MOST)
            if links is not browser.links:
                self.changed[key] = self._with_links(browser, user, links)
            browser = self.get(key, browser)
        return None if len(browser.links) > MOST_USERS else key

    def _with_links(self, browser: Memory, user: PersonKey, links: Kept) -> Memory:
        """The browser with these links; one of too many users keeps nothing else."""
        living_links = {id_: one for id_, one in links.items() if one.at >= self._cutoff}
        if len(living_links) > MOST_USERS:
            return Memory(links=living_links)
        return self._handed_over(browser, user, living_links)

    def _handed_over(self, browser: Memory, user: PersonKey, links: Kept) -> Memory:
        """The browser with these links; what it said of its person moves to their first userId."""
        person = self._get(user)
        if browser.links or person is None or not (browser.traits or browser.consent):
            return Memory(browser.values, browser.traits, browser.consent, links)
        self.changed[user] = Memory(
            person.values,
            newer_of(person.traits, browser.traits),
            newer_of(person.consent, browser.consent),
            person.links,
        )
        return Memory(browser.values, links=links)

    def _link_back(self, user: PersonKey, browser: PersonKey | None, values: Told) -> None:
        person = self._get(user)
        if person is None:
            return
        news: dict[str, Remembered] = {}
        if browser is not None:
            if "first" not in person.links:
                news["first"] = self._seen(browser.id)
            seen = self.get(browser, NOTHING)
            # An id made up for one event, say, tells nothing of a browser: not the one to ask.
            if seen.values and self._is_later(person.links.get("last"), browser):
                news["last"] = self._seen(browser.id)
        if news:
            links = {**person.links, **news}
            self.changed[user] = Memory(person.values, person.traits, person.consent, links)
        if values:
            self._update(user, values=values)

    def _is_later(self, last: Remembered | None, browser: PersonKey) -> bool:
        if last is None:
            return True
        return self._moment >= last.at + (REFRESH_MS if last.value == browser.id else 0)

    def _update(
        self, key: PersonKey, values: Told = NONE, traits: Told = NONE, consent: Told = NONE
    ) -> None:
        was = self._get(key)
        if was is None:
            return
        moment = self._moment
        now_values = merged(was.values, values, moment, MOST)
        now_traits = _with_traits(was.traits, traits, moment)
        now_consent = merged(was.consent, consent, moment, MOST_CATEGORIES)
        if (
            now_values is not was.values
            or now_traits is not was.traits
            or now_consent is not was.consent
        ):
            now = Memory(now_values, now_traits, now_consent, was.links)
            self.changed[key] = living(now, self._cutoff)


def _with_traits(was: Kept, told: Told, moment: Millis) -> Kept:
    now = merged(was, news_of(was, told, moment, _fits_trait), moment, MOST_TRAITS)
    if now is was:
        return was
    newest: dict[str, Millis] = {}
    for name, one in now.items():
        meaning = trait_meaning(name)
        newest[meaning] = max(newest.get(meaning, one.at), one.at)
    # Of two spellings the newer one is true.
    return {name: one for name, one in now.items() if one.at >= newest[trait_meaning(name)]}


def _values(own: Own) -> Told:
    """The browser's values in an event; an address that comes with no browser's id is nobody's."""
    values = own.values
    if own.ids.browser is None and not any(subject_of(path) in _NAMING for path in values):
        return {path: value for path, value in values.items() if subject_of(path) not in ADDRESSES}
    return values


_NAMING = BROWSER_IDS - ADDRESSES


def _traits(body: Body, context: Body) -> Told:
    """The traits of the person; a group's own are not theirs."""
    traits = as_body(context.get("traits"))
    if "traits" in body and body.get("type") != "group":
        return {**traits, **as_body(body["traits"])}
    return traits


def _fits_trait(name: str, value: Json) -> bool:
    return len(name) <= LONGEST_NAME and _fits(value)


def _fits(value: Json, depth: int = 1) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_TRAIT
    if isinstance(value, Mapping | list):
        parts: Iterable[Json] = value.values() if isinstance(value, Mapping) else value
        if depth == DEEPEST_TRAIT or not 0 < len(value) <= MOST_TRAITS:
            return False
        return all(_fits(part, depth + 1) for part in parts)
    return value is not None
