"""Events made from events: which keys an event has, what counts once, and the event that is made.

What happens to the figures behind a key is in ``windows``.
"""

import uuid
from dataclasses import dataclass

from engine.mapping.compile import Template
from engine.mapping.missing import MISSING
from engine.model.clock import Millis, to_iso
from engine.model.errors import BoundPassed
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import BROWSER, MOST_USERS, NOTHING, USER, PersonKey
from engine.model.window import Made
from engine.pipeline.identity import Known, ids_of, root_of, user_of
from engine.pipeline.normalise import NAMESPACE
from engine.pipeline.privacy import stated_in
from engine.release.derived import Derived

LONGEST_KEY = 200

OF_THE_CAUSE = ("posted", "filled")
"""What in a context tells of the event itself: the body it came as, which is the cause's document
in the analytics store and nobody else's, and what was filled in."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of an event; ``former`` are those that its person had before they were known.

    ``sure`` are those of ``own`` that an expression gave.
    """

    own: tuple[str, ...]
    former: tuple[str, ...] = ()
    sure: frozenset[str] = frozenset()

    def all(self) -> tuple[str, ...]:
        """Every key under which something may be kept."""
        return self.own + self.former


def matches(derived: Derived, event: Event) -> bool:
    """Whether an event may have to do with a file at all."""
    return derived.takes.takes(event) or (
        derived.without is not None and derived.without.takes(event)
    )


def keys_of(derived: Derived, event: Event, names: Body, known: Known, cutoff: Millis) -> Keys:
    """The keys of an event, by what is remembered of its person; none where it has none."""
    own: list[str] = []
    former: list[str] = []
    sure: set[str] = set()
    for index, template in enumerate(derived.keys):
        if template is None:
            now, before = _person(event, known, cutoff)
            own += [_key(index, one) for one in now]
            former += [_key(index, one) for one in before]
        elif (value := _value(template, {**names, "tables": derived.tables})) is not None:
            key = _key(index, str(value))
            own.append(key)
            sure.add(key)
    return Keys(tuple(own), tuple(one for one in former if one not in own), frozenset(sure))


def _key(index: int, value: str) -> str:
    if len(value) > LONGEST_KEY:
        value = str(uuid.uuid5(NAMESPACE, value))
    return f"{index}:{value}"


def _person(event: Event, known: Known, cutoff: Millis) -> tuple[list[str], list[str]]:
    """The one id that a person is kept under, and those they had before they were known.

    What was told from a browser before its first user came is theirs; a browser that others use
    keeps what is theirs.
    """
    ids = ids_of(event.body)
    user = user_of(ids, known, cutoff)
    if user is None:
        return ([f"browser:{ids.browser.id}"] if ids.browser else []), []
    browsers = {one.id for one in browsers_of(user, known) if one in known}
    if ids.browser is not None:
        browsers.add(ids.browser.id)
    before = [f"browser:{one}" for one in sorted(browsers) if _is_theirs(user, one, known)]
    if ids.user is not None and ids.user != user:
        before.append(f"user:{ids.user.id}")
    return [f"user:{user.id}"], before


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


def _value(template: Template, names: Body) -> Json:
    """What a template gives; None also where it fails, which its own check has told."""
    try:
        value = template.render(names).value
    except BoundPassed:
        return None
    return None if value is MISSING or isinstance(value, dict | list | tuple) else value


def once_of(derived: Derived, event: Event, names: Body) -> str | None:
    """The value that counts once; None where each event counts."""
    if derived.once is not None:
        value = _value(derived.once, {**names, "tables": derived.tables})
        if value is not None:
            return _key(0, str(value))
    # With a time, what came twice only begins the wait once more.
    return None if derived.within_ms is not None else _key(1, f"{event.source}:{event.message_id}")


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
    return {"basis": "cause", "assumed": assumed} if assumed else {}
