"""Whether an event tells of somebody else than who is remembered: by its e-mail and its phone.

One browser may be a family's, a till may be anybody's: its guests have an anonymousId in common.
"""

from collections.abc import Iterable, Mapping

from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import Remembered
from engine.pipeline.scope import PERSON

EMAIL, PHONE = PERSON["email"], PERSON["phone"]
CONTACTS = frozenset((*EMAIL, *PHONE))
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


def are_two(one: Mapping[str, Remembered], other: Mapping[str, Remembered], cutoff: Millis) -> bool:
    """Whether what is remembered in two places is of two people."""
    traits = {name: trait.value for name, trait in one.items() if trait.at >= cutoff}
    return is_someone_else({"traits": traits}, other, cutoff)


def _places(body: Body) -> Iterable[Body]:
    yield as_body(as_body(body.get("context")).get("traits"))
    yield as_body(body.get("properties"))
    if body.get("type") != "group":
        yield as_body(body.get("traits"))


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
