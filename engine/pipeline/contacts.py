"""Whether an event tells of somebody else than who is remembered: by its e-mail and its phone.

One browser may be a family's, a till may be anybody's: its guests have an anonymousId in common.
"""

from collections.abc import Iterable, Mapping

from engine.mapping.filters.text import plain_ascii
from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import Remembered
from engine.pipeline.scope import PERSON

EMAIL, PHONE = PERSON["email"], PERSON["phone"]
CONTACTS = frozenset((*EMAIL, *PHONE))
IN_TRAITS_ONLY = PERSON["name"]
"""In properties it is a product's."""
NAMES = (*PERSON["first_name"], *PERSON["last_name"], *IN_TRAITS_ONLY)
TELLING = frozenset((*CONTACTS, *NAMES))
SHORTEST_NUMBER = 7
"""Digits of a number without its country's: with fewer, one number may be the end of another."""


def is_someone_else(body: Body, remembered: Mapping[str, Remembered], cutoff: Millis) -> bool:
    """Whether the event states an e-mail or a phone, and another one is remembered."""
    if CONTACTS.isdisjoint(remembered):
        return False
    # Few events name a contact: the others are through here (tests.bench).
    places = [place for place in _places(body) if place and not CONTACTS.isdisjoint(place)]
    if not places:
        return False
    known = {name: one.value for name, one in remembered.items() if one.at >= cutoff}
    return _differ(_emails(places), _emails([known])) or _numbers_differ(
        _numbers(places), _numbers([known])
    )


def is_guest(body: Body, remembered: Mapping[str, Remembered], cutoff: Millis) -> bool:
    """Whether an event without a userId tells of nobody that is remembered.

    Whoever states a contact, or else a name, and none that is known here, is somebody else: the
    family's guest tells a phone where of the browser's user an e-mail is known.
    """
    known = {name: one.value for name, one in remembered.items() if one.at >= cutoff}
    if TELLING.isdisjoint(known):
        return False
    places = [place for place in _places(body) if place and not TELLING.isdisjoint(place)]
    if not places:
        return False
    emails, numbers = _emails(places), _numbers(places)
    if not emails and not numbers:
        return not _names(places) <= _names([known])
    if is_someone_else(body, remembered, cutoff):
        return True
    known_numbers = _numbers([known])
    same_number = any(_is_one(a, b) for a in numbers for b in known_numbers)
    return emails.isdisjoint(_emails([known])) and not same_number


def are_two(one: Mapping[str, Remembered], other: Mapping[str, Remembered], cutoff: Millis) -> bool:
    """Whether what is remembered in two places is of two people."""
    traits = {name: trait.value for name, trait in one.items() if trait.at >= cutoff}
    return is_someone_else({"traits": traits}, other, cutoff)


def _places(body: Body) -> Iterable[Body]:
    yield as_body(as_body(body.get("context")).get("traits"))
    properties = as_body(body.get("properties"))
    yield {key: value for key, value in properties.items() if key not in IN_TRAITS_ONLY}
    if body.get("type") != "group":
        yield as_body(body.get("traits"))


def _names(places: Iterable[Body]) -> set[str]:
    """The words of names, without case and accents."""
    texts = [_text(place.get(name)) for place in places for name in NAMES]
    return {word for text in texts for word in plain_ascii(text).lower().split()}


def _emails(places: Iterable[Body]) -> set[str]:
    found = {_text(place.get(name)).strip().lower() for place in places for name in EMAIL}
    return found - {""}


def _numbers(places: Iterable[Body]) -> set[str]:
    texts = [_text(place.get(name)) for place in places for name in PHONE]
    found = {"".join(filter(str.isdecimal, text)).lstrip("0") for text in texts}
    return found - {""}


def _text(value: Json) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _differ(told: set[str], known: set[str]) -> bool:
    return bool(told) and bool(known) and not told <= known


def _numbers_differ(told: set[str], known: set[str]) -> bool:
    """One number is the other's when it only lacks the country's digits."""
    return bool(known) and any(not any(_is_one(a, b) for b in known) for a in told)


def _is_one(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return long == short or (len(short) >= SHORTEST_NUMBER and long.endswith(short))
