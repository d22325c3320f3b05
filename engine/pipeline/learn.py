"""What is to be remembered of an event.

Under the anonymousId the values of its browser, under the userId (under the anonymousId while it
has none) traits, under both who belongs to whom. Consent is kept under the userId of the event that
states it, else under its anonymousId. An event that is older than what is known changes nothing of
it, so replays, repeats and late imports do no harm.
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
from engine.pipeline.consent import with_statements
from engine.pipeline.contacts import are_two, is_guest, is_someone_else
from engine.pipeline.identity import ANONYMOUS_ID, Ids, Known, root_of, user_of
from engine.pipeline.memory import Own, trait_meaning
from engine.pipeline.merge import (
    REFRESH_MS,
    Kept,
    Told,
    linked,
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
    learning = _Learning(event.timestamp, cutoff, known, own.body)
    if own.ids.previous is not None:
        learning.join(own.ids)
    learning.take(own)
    return learning.changed


def learn_consent(event: Event, own: Own, known: Known, cutoff: Millis) -> dict[PersonKey, Memory]:
    """What is remembered after an event that was not accepted: what its person stated, no more."""
    if event.timestamp < cutoff:
        return {}
    learning = _Learning(event.timestamp, cutoff, known, own.body)
    learning.hear(own.ids)
    return learning.changed


class _Learning:
    """One event being learnt from: what was known, with what it changed on top."""

    def __init__(self, moment: Millis, cutoff: Millis, known: Known, body: Body) -> None:
        self._body = body
        self.changed: dict[PersonKey, Memory] = {}
        self._moment = moment
        self._cutoff = cutoff
        self._known = known

    def take(self, own: Own) -> None:
        """Links, values, traits and consent of the event itself."""
        ids, values = own.ids, _values(own)
        user = None if ids.user is None else root_of(ids.user, self)
        browser = self._linked(ids.browser, user)
        if browser is not None:
            self._update(browser, values=values)
        if user is not None:
            self._link_back(user, browser, NONE if ANONYMOUS_ID in own.body else values)
        if traits := _traits(self._body):
            self._introduce(user, browser, ids, traits)
        self.hear(ids)

    def _introduce(
        self, user: PersonKey | None, browser: PersonKey | None, ids: Ids, traits: Told
    ) -> None:
        """The traits: a guest's are not those of who else has used the browser."""
        keeper = user or user_of(ids, self, self._cutoff) or browser
        if keeper is None:
            return
        if user is None and self._is_someone_else(keeper):
            if keeper != browser:
                return
            was = self.get(keeper, NOTHING)
            if any(one.at > self._moment for one in was.traits.values()):
                return
            self.changed[keeper] = Memory(was.values, {}, was.consent, was.links)
        self._update(keeper, traits=traits)

    def hear(self, ids: Ids) -> None:
        """What the event states of consent: under its userId, else under its browser."""
        stated = stated_in(as_body(self._body.get("context")))
        keeper = ids.browser if ids.user is None else root_of(ids.user, self)
        was = None if keeper is None else self._get(keeper)
        if not stated or keeper is None or was is None or self._is_nobody(keeper, was):
            return
        consent = with_statements(was.consent, stated, self._moment, MOST_CATEGORIES)
        if consent is not was.consent and keeper.kind == BROWSER:
            user = user_of(ids, self, self._cutoff)
            if user is not None and self._is_someone_else(user):
                # They grant nothing for the browser's user; a refusal is never lost.
                refused = {name: False for name, granted in stated.items() if not granted}
                consent = with_statements(was.consent, refused, self._moment, MOST_CATEGORIES)
        if consent is not was.consent:
            now = Memory(was.values, was.traits, consent, was.links)
            self.changed[keeper] = living(now, self._cutoff)

    def _is_nobody(self, key: PersonKey, memory: Memory) -> bool:
        return key.kind == BROWSER and len(memory.links) > MOST_USERS

    def _is_someone_else(self, key: PersonKey) -> bool:
        """Whether the event, which has no userId, is of a guest on somebody's browser."""
        return is_guest(self._body, self.get(key, NOTHING).traits, self._cutoff)

    def join(self, ids: Ids) -> None:
        """Makes the two userIds of an alias one person, or the browser that it names the user's."""
        if ids.user is None or ids.previous is None:
            return
        named = PersonKey(BROWSER, ids.previous.id)
        if self._get(named) not in (None, NOTHING):
            user = root_of(ids.user, self)
            self._link_back(user, self._linked(named, user), NONE)
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
            links = linked(browser.links, user.id, self._moment)
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
        """The browser with these links; the traits told there move to its first userId."""
        person = self._get(user)
        if browser.links or person is None or not browser.traits:
            return Memory(browser.values, browser.traits, browser.consent, links)
        traits, cutoff = browser.traits, self._cutoff
        # A guest's, on the browser of someone else, go.
        if not (
            is_someone_else(self._body, traits, cutoff) or are_two(person.traits, traits, cutoff)
        ):
            traits = newer_of(person.traits, traits)
            self.changed[user] = Memory(person.values, traits, person.consent, person.links)
        return Memory(browser.values, {}, browser.consent, links)

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
            if (seen.values or seen.consent) and self._is_later(person.links.get("last"), browser):
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

    def _update(self, key: PersonKey, values: Told = NONE, traits: Told = NONE) -> None:
        was = self._get(key)
        if was is None:
            return
        moment = self._moment
        now_values = merged(was.values, values, moment, MOST)
        now_traits = _with_traits(was.traits, traits, moment)
        if now_values is not was.values or now_traits is not was.traits:
            now = Memory(now_values, now_traits, was.consent, was.links)
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


def _traits(body: Body) -> Told:
    """The traits of the person; a group's own are not theirs."""
    traits = as_body(as_body(body.get("context")).get("traits"))
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
