"""Events made from events: which keys an event has, what counts once, and the event that is made.

What happens to the figures behind a key is in ``windows``.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.mapping.compile import Template
from engine.mapping.missing import MISSING
from engine.model.clock import Millis, to_iso
from engine.model.errors import BoundPassed
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.nobody import NOBODY
from engine.model.person import BROWSER, MOST_USERS, NOTHING, USER, PersonKey
from engine.model.window import SOMEBODY, Made
from engine.pipeline.contacts import is_guest
from engine.pipeline.identity import Known, ids_of, root_of, user_of
from engine.pipeline.normalise import NAMESPACE
from engine.pipeline.privacy import stated_in
from engine.release.derived import PERSON, Derived
from engine.release.takes import is_derived

LONGEST_KEY = 200

CAUSE = "cause"
"""``context.consent.basis`` of an event that was made: what held for its cause is assumed of it."""

OF_THE_CAUSE = ("posted", "filled")
"""What in a context tells of the event itself: the body it came as, which is the cause's document
in the analytics store and nobody else's, and what was filled in."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of an event; ``former`` are those that its person had before they were known.

    ``sure`` are those of ``own`` that an expression gave, ``person`` is the one of whom it is.
    ``users`` are that person's userIds, the one they are kept under first; ``SOMEBODY`` where it is
    a guest at their browser, none where nobody knows who it is.
    """

    own: tuple[str, ...]
    former: tuple[str, ...] = ()
    sure: frozenset[str] = frozenset()
    person: str | None = None
    users: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        """Every key under which something may be kept."""
        return self.own + self.former


def matches(derived: Derived, event: Event) -> bool:
    """Whether an event may have to do with a file at all."""
    return derived.takes.takes(event) or (
        derived.without is not None and derived.without.takes(event)
    )


def links(derived: Derived, event: Event) -> bool:
    """Whether an event may tell that two people of a file are one: an alias, or a log-in.

    An event that was made tells no more than its cause did.
    """
    if None not in derived.keys or is_derived(event.body):
        return False
    body = event.body
    return event.type == "alias" or ("userId" in body and "anonymousId" in body)


def linked(derived: Derived, event: Event, known: Known, cutoff: Millis) -> Keys:
    """The keys of a person that an event for which ``links`` holds shows to be one's."""
    who = _person(event, known, cutoff)
    at = derived.keys.index(None)
    own, before = (tuple(_key(at, one) for one in names) for names in (who.own, who.before))
    return Keys(own, before, person=next(iter(own), None), users=who.users)


def keys_of(derived: Derived, event: Event, names: Body, known: Known, cutoff: Millis) -> Keys:
    """The keys of an event, by what is remembered of its person; none where it has none."""
    own: list[str] = []
    former: list[str] = []
    sure: set[str] = set()
    seen = {**names, "tables": derived.tables}
    who = _person(event, known, cutoff) if derived.by_person else _Who()
    for index, template in enumerate(derived.keys):
        if index in derived.by_person:
            own += _keys(index, template, who.own, seen)
            former += _keys(index, template, who.before, seen)
        elif template is not None and (value := _value(template, seen)) is not None:
            own.append(_key(index, value))
            sure.add(own[-1])
    at = derived.keys.index(None) if None in derived.keys else -1
    person = _key(at, who.own[0]) if at >= 0 and who.own else None
    before = tuple(one for one in former if one not in own)
    return Keys(tuple(own), before, frozenset(sure), person, who.users)


def _keys(index: int, template: Template | None, people: Sequence[str], names: Body) -> list[str]:
    """The keys of a person under each of their names; ``template`` is what stands beside it."""
    if template is None:
        return [_key(index, one) for one in people]
    values = (_value(template, {**names, PERSON: one}) for one in people)
    return [_key(index, value) for value in values if value is not None]


def is_anonymous(key: str) -> bool:
    """Whether the key of a person is that of a browser of which nobody knows whose it is."""
    return key.partition(":")[2].startswith(f"{BROWSER}:")


def _key(index: int, value: str) -> str:
    if len(value) > LONGEST_KEY:
        value = str(uuid.uuid5(NAMESPACE, value))
    return f"{index}:{value}"


class _Who(NamedTuple):
    """Whom an event is about: their names, the one they are kept under first.

    ``before`` are those that they had before they were known, ``users`` are those of ``Keys``.
    """

    own: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


def _person(event: Event, known: Known, cutoff: Millis) -> _Who:
    """The names of a person.

    What was told from a browser before its first user came is theirs; a browser that others use
    keeps what is theirs.
    """
    ids = ids_of(event.body)
    user = user_of(ids, known, cutoff)
    if user is None:
        return _Who((f"{BROWSER}:{ids.browser.id}",) if ids.browser else ())
    browsers = {one.id for one in browsers_of(user, known) if one in known}
    if ids.browser is not None:
        browsers.add(ids.browser.id)
    if ids.previous is not None:
        browsers.add(ids.previous.id)
    before = [f"{BROWSER}:{one}" for one in sorted(browsers) if _is_theirs(user, one, known)]
    # Other names of theirs stay so, also when the memory of who is who has let go of them. An
    # alias counts from itself on, whether or not it was learnt from by now.
    joined = () if ids.previous is None else (ids.previous, root_of(ids.previous, known))
    users = tuple(dict.fromkeys(one.id for one in (user, ids.user, *joined) if one is not None))
    own = tuple(f"{USER}:{one}" for one in users)
    traits = known.get(user, NOTHING).traits
    is_a_guest = ids.user is None and is_guest(event.body, traits, cutoff)
    return _Who(own, tuple(before), (SOMEBODY,) if is_a_guest else users)


def browsers_of(user: PersonKey, known: Known) -> list[PersonKey]:
    """The browsers that a user's memory names; whose those are has to be known too."""
    links = known.get(user, NOTHING).links
    return [PersonKey(BROWSER, str(links[one].value)) for one in ("last", "first") if one in links]


def _is_theirs(user: PersonKey, browser: str, known: Known) -> bool:
    links = known.get(PersonKey(BROWSER, browser), NOTHING).links
    if not links or len(links) > MOST_USERS:
        return not links
    first = min(links, key=lambda one: links[one].since)
    return root_of(PersonKey(USER, first), known) == user


def _value(template: Template, names: Body) -> str | None:
    """What a template gives, as text; None where it means nobody in particular (``undefined``).

    None also where it fails, which its own check has told.
    """
    try:
        value = template.render(names).value
    except BoundPassed:
        return None
    if value is MISSING or isinstance(value, dict | list | tuple):
        return None
    text = str(value)
    bare = text.strip().lower()
    means_nobody = not bare or (bare in NOBODY and not isinstance(value, bool))
    return None if means_nobody else text


def once_of(derived: Derived, event: Event, names: Body) -> str | None:
    """The value that counts once; None where each event counts."""
    if derived.once is not None:
        value = _value(derived.once, {**names, "tables": derived.tables})
        if value is not None:
            return _key(0, value)
    # With a time, what came twice only begins the wait once more.
    return None if derived.within_ms is not None else _key(1, f"{event.source}:{event.message_id}")


def user_for(cause: Event, user: str | None) -> dict[str, Json]:
    """The userId that an event is given of which the cause tells none."""
    return {} if user is None or ids_of(cause.body).user is not None else {"userId": user}


def made_of(derived: Derived, index: int, cause: Event, given: Body, at: Millis) -> Made:
    """The event that is made: the same one of the same cause, however often it is made.

    What its person consented to then is assumed, not stated anew: a refusal since then counts.
    """
    seed = f"{derived.name}\0{index}\0{cause.source}\0{cause.message_id}"
    message_id = str(uuid.uuid5(NAMESPACE, seed))
    inherited = {
        key: cause.body[key] for key in ("userId", "anonymousId", "context") if key in cause.body
    }
    body: dict[str, Json] = {"type": "track", **inherited, **given}
    body["messageId"], body["timestamp"] = message_id, to_iso(at)
    told = as_body(body.get("context"))
    context = {key: value for key, value in told.items() if key not in OF_THE_CAUSE}
    if consent := _assumed(context):
        context["consent"] = consent
    else:
        context.pop("consent", None)
    context["derived"] = {"by": derived.name, "cause": cause.message_id}
    body["context"] = context
    return Made(message_id, cause.source, body, at)


def _assumed(context: Body) -> dict[str, Json]:
    consent = as_body(context.get("consent"))
    assumed = {**as_body(consent.get("assumed")), **stated_in(context)}
    return {"basis": CAUSE, "assumed": assumed} if assumed else {}
