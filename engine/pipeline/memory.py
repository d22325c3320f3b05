"""What is remembered of a person, filled into their event where it lacks it.

An event takes browser values from its anonymousId, else from the browser linked last to its
userId, and the traits of its person. Its own values win; consent is never filled in. What to
remember of an event is in ``learn``; which values and how they belong together in ``browser``.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.model.clock import Millis, to_iso
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import BROWSER, NOTHING, Memory, PersonKey, Remembered
from engine.pipeline.browser import (
    CLICK,
    CLIENT,
    CONTEXT,
    HOLD_A_SESSION,
    IN_COOKIES,
    SESSION,
    SHORT,
    is_of_stay,
    same_browser,
    subject_of,
    values_of,
    without_session,
)
from engine.pipeline.contacts import is_guest, is_someone_else
from engine.pipeline.identity import ANONYMOUS_ID, Ids, Known, ids_of, root_of, stay_of, user_of
from engine.pipeline.merge import REFRESH_MS
from engine.pipeline.scope import ADDRESS_SPELLINGS, PROPERTY_SPELLINGS, SPELLINGS

HOUR_MS = 3_600_000
SESSION_MS = 24 * HOUR_MS
"""Google counts an event to a session of the last 24 hours (docs/vendors/ga4.md)."""

BEFORE_SESSION_MS = HOUR_MS // 2
TOLERANCE_MS = HOUR_MS
"""How much later than an event a value may be first seen, as clocks and queues differ."""

IN_TRAITS = "context.traits."
FBCLID, FBCLID_AT, FBC = "context.fbclid", "context.fbclid_at", "context.fbc"
FBC_COOKIE = "context.cookies._fbc"
REMEMBERED, PERSON = "remembered", "remembered_person"


class Own(NamedTuple):
    """What an event itself tells: asked once, as recalling and learning both need it (tests.bench).

    ``body`` is without what an earlier memory filled in.
    """

    ids: Ids
    body: Body
    values: Mapping[str, Json]


def own_of(event: Event) -> Own:
    """What an event itself tells."""
    body = without_remembered(event.body)
    return Own(ids_of(body), body, values_of(body))


def recall(event: Event, own: Own, known: Known, cutoff: Millis) -> Event:
    """The event with what is remembered, and ``context.remembered`` with the paths filled in.

    What was seen last before ``cutoff`` counts as forgotten.
    """
    body, ids = event.body, own.ids
    user = user_of(ids, known, cutoff)
    person = NOTHING if user is None else known.get(user, NOTHING)
    browser = NOTHING if ids.browser is None else known.get(ids.browser, NOTHING)
    filled: dict[str, Json] = {}
    # Most events of a browser tell all that is known of it: seen in 0.3 us (tests.bench).
    if browser.values and browser.values.keys() <= own.values.keys():
        click = browser.values.get(FBCLID)
        if click is not None and click.at >= cutoff:
            filled = _click(own, browser.values)
    elif (source := _browser_of(ids, browser, person, known, cutoff)) is not None:
        filled = _browser_values(event, own, source, cutoff)
    traits = browser.traits if user is None else person.traits
    missing = _missing_traits(body, traits, cutoff) if traits else {}
    is_other = is_someone_else if ids.user is not None else is_guest
    if missing and not is_other(own.body, traits, cutoff):
        filled.update(missing)
    who = _person(event, ids, person, cutoff)
    told = filled.get(ANONYMOUS_ID) or body.get(ANONYMOUS_ID) or body.get("userId")
    if not filled and who == told:
        return event
    return event._replace(body=_with(body, filled, None if who == told else who))


def without_remembered(body: Body) -> Body:
    """The body as it came: without what ``context.remembered`` says was filled in."""
    told = as_body(body.get("context"))
    listed = told.get(REMEMBERED)
    if not isinstance(listed, list):
        return body
    context = {key: value for key, value in told.items() if key not in (REMEMBERED, PERSON)}
    parts = {key: dict(as_body(context.pop(key, None))) for key in ("cookies", "traits")}
    for path in map(str, listed):
        if path.startswith(IN_COOKIES):
            parts["cookies"].pop(path[len(IN_COOKIES) :], None)
        elif path.startswith(IN_TRAITS):
            parts["traits"].pop(path[len(IN_TRAITS) :], None)
        else:
            context.pop(path.removeprefix(CONTEXT), None)
    context.update({key: part for key, part in parts.items() if part})
    own = {key: value for key, value in body.items() if key != ANONYMOUS_ID or key not in listed}
    return {**own, "context": context}


def _is_open(body: Body, part: str) -> bool:
    """Whether a part of the context can take values: what is no object is the schema's business."""
    context = as_body(body.get("context"))
    return part not in context or isinstance(context[part], Mapping)


class _Source(NamedTuple):
    """A browser to take values from; ``id`` where the event itself doesn't name it."""

    values: Mapping[str, Remembered]
    id: str | None = None
    is_own: bool = False


def _browser_of(
    ids: Ids, own: Memory, person: Memory, known: Known, cutoff: Millis
) -> _Source | None:
    if own.values and _newest(own.values) >= cutoff:
        return _Source(_of_user(ids, own, known, cutoff), is_own=True)
    if ids.user is None:
        return None
    last = person.links.get("last")
    linked = NOTHING
    if last is not None:
        linked = known.get(PersonKey(BROWSER, str(last.value)), NOTHING)
    # A shop that sends a browser's values with a userId alone: kept under that.
    if person.values and _newest(person.values) >= _newest(linked.values):
        return _Source(person.values)
    if linked.values and last is not None:
        return _Source(_of_user(ids, linked, known, cutoff), str(last.value))
    return None


def _of_user(ids: Ids, browser: Memory, known: Known, cutoff: Millis) -> Mapping[str, Remembered]:
    """The browser's values without the ids and the clicks of another user of it."""
    links = browser.links
    if ids.user is None or not links or (len(links) == 1 and ids.user.id in links):
        return browser.values
    since, until = stay_of(root_of(ids.user, known), browser, known, cutoff)
    if not since and until is None:
        return browser.values
    return {
        path: one
        for path, one in browser.values.items()
        if is_of_stay(subject_of(path), one, since, until)
    }


def _newest(values: Mapping[str, Remembered]) -> Millis:
    return max((one.at for one in values.values()), default=Millis(0))


def _browser_values(event: Event, own: Own, source: _Source, cutoff: Millis) -> dict[str, Json]:
    body, moment = event.body, event.timestamp
    values = {
        path: one
        for path, one in source.values.items()
        if one.at >= cutoff and one.since <= moment + TOLERANCE_MS
    }
    if not values or not _is_open(body, "cookies"):
        return {}
    if not source.is_own and not same_browser(own.values, values):
        return {}
    filled: dict[str, Json] = {}
    if source.id is not None and ANONYMOUS_ID not in body:
        filled[ANONYMOUS_ID] = source.id
    told = {subject_of(path) for path in own.values} | {CLICK}
    if source.is_own and not same_browser(own.values, values, frozenset({CLIENT})):
        told |= {CLIENT, SESSION}
    newest: dict[str, Millis] = {}
    for path, one in values.items():
        subject = subject_of(path)
        newest[subject] = max(newest.get(subject, one.at), one.at)
    for path, one in values.items():
        subject = subject_of(path)
        # Of two forms that differ in age the newer one is true.
        if subject in told or one.at < newest[subject] - REFRESH_MS:
            continue
        if (value := _as_of(subject, one, moment)) not in (None, ""):
            filled[path] = value
    return filled | _click(own, values)


def _as_of(subject: str, one: Remembered, moment: Millis) -> Json:
    """The value as it is at a moment: what belongs to a visit ends with it."""
    if -BEFORE_SESSION_MS <= moment - one.at <= SESSION_MS:
        return one.value
    if subject in SHORT:
        return None
    return without_session(one.value) if subject in HOLD_A_SESSION else one.value


def _click(own: Own, values: Mapping[str, Remembered]) -> dict[str, Json]:
    """The newest click: its cookie, or its id with the moment at which it was first seen."""
    click = values.get(FBCLID)
    since: dict[str, Json] = {} if click is None else {FBCLID_AT: to_iso(click.since)}
    if FBCLID in own.values:
        # Said here too where only the page's address says it: a rule sees what the time is of.
        since = {FBCLID: own.values[FBCLID]} | since
        known_already = click is not None and click.value == own.values[FBCLID]
        context = as_body(own.body.get("context"))
        told = {CONTEXT + key for key in ("fbclid", "fbclid_at") if key in context}
        if not known_already or FBCLID_AT in told:
            return {}
        return {path: value for path, value in since.items() if path not in told}
    if any(subject_of(path) == CLICK for path in own.values):
        return {}
    cookies = {path: values[path] for path in (FBC, FBC_COOKIE) if path in values}
    if click is not None:
        named = {path: one for path, one in cookies.items() if str(click.value) in str(one.value)}
        if named:
            return {path: one.value for path, one in named.items()} | {FBCLID: click.value} | since
        if all(_clicked_at(one) < click.since for one in cookies.values()):
            return {FBCLID: click.value} | since
    newest = _newest(cookies)
    return {path: one.value for path, one in cookies.items() if one.at >= newest - REFRESH_MS}


def _clicked_at(cookie: Remembered) -> int:
    """The moment that stands in the cookie: ``fb.1.1735689600123.abc``."""
    parts = str(cookie.value).split(".", 3)
    return int(parts[2]) if len(parts) == 4 and parts[2].isdecimal() else cookie.since


def trait_meaning(name: str) -> str:
    """What a trait tells, however it is spelt."""
    return SPELLINGS[name][1] if name in SPELLINGS else name


def _missing_traits(
    body: Body, remembered: Mapping[str, Remembered], cutoff: Millis
) -> dict[str, Json]:
    """The traits that the event tells nowhere; an address comes whole or not at all."""
    in_context = as_body(as_body(body.get("context")).get("traits"))
    if remembered.keys() <= in_context.keys() or not _is_open(body, "traits"):
        return {}
    own = {*in_context, *as_body(body.get("traits"))}
    own |= PROPERTY_SPELLINGS & as_body(body.get("properties")).keys()
    has_address = "address" in own or not ADDRESS_SPELLINGS.isdisjoint(own)
    told = set(map(trait_meaning, own))
    return {
        IN_TRAITS + name: one.value
        for name, one in remembered.items()
        if one.at >= cutoff
        and trait_meaning(name) not in told
        and not (has_address and (name == "address" or name in ADDRESS_SPELLINGS))
    }


def _person(event: Event, ids: Ids, user: Memory, cutoff: Millis) -> str:
    """Who the event is about for a rollout: the first linked browser, else the event's own id."""
    first = user.links.get("first")
    if first is not None and (first.at >= cutoff or user.seen_at >= cutoff):
        return str(first.value)
    key = ids.browser or ids.user
    return event.message_id if key is None else key.id


def _with(body: Body, filled: Mapping[str, Json], person: str | None) -> Body:
    context = dict(as_body(body.get("context")))
    cookies: dict[str, Json] = {}
    traits: dict[str, Json] = {}
    for path, value in filled.items():
        if path.startswith(IN_COOKIES):
            cookies[path[len(IN_COOKIES) :]] = value
        elif path.startswith(IN_TRAITS):
            traits[path[len(IN_TRAITS) :]] = value
        elif path != ANONYMOUS_ID:
            context[path[len(CONTEXT) :]] = value
    if cookies:
        context["cookies"] = {**as_body(context.get("cookies")), **cookies}
    if traits:
        context["traits"] = {**as_body(context.get("traits")), **traits}
    if filled:
        listed = context.get(REMEMBERED)
        before = listed if isinstance(listed, list) else []
        context[REMEMBERED] = list(dict.fromkeys([*before, *filled]))
    if person is not None:
        context[PERSON] = person
    own = {ANONYMOUS_ID: filled[ANONYMOUS_ID]} if ANONYMOUS_ID in filled else {}
    return {**body, **own, "context": context}
