"""What a mapping sees of an event: the names of the design, and the one view of the person."""

from collections.abc import Mapping

from engine.model.clock import Millis, to_iso
from engine.model.event import Event, Source
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.person import Remembered
from engine.pipeline.consent import consent_for
from engine.pipeline.privacy import stated_in, with_assumed

# Where each thing about a person may stand, by the spellings that clients use (docs/clients.md).
PERSON: Mapping[str, tuple[str, ...]] = {
    "email": ("email", "e_mail", "mail"),
    "phone": ("phone", "phone_number", "phoneNumber", "mobile"),
    "first_name": ("first_name", "firstName", "firstname", "given_name"),
    "last_name": ("last_name", "lastName", "lastname", "family_name"),
    "name": ("name", "full_name", "fullName"),
    "gender": ("gender", "sex"),
    "birthday": ("birthday", "birth_date", "birthDate", "date_of_birth", "dateOfBirth"),
    "street": ("street",),
    "city": ("city",),
    "state": ("state", "region", "department"),
    "postal_code": ("postal_code", "postalCode", "zip", "zip_code"),
    "country": ("country", "country_code", "countryCode"),
}
IN_ADDRESS = ("street", "city", "state", "postal_code", "country")
IN_PROPERTIES = ("email", "phone", "first_name", "last_name")
"""What properties may tell of the person: a track's ``name`` or ``country`` is a product's."""

SPELLINGS: Mapping[str, tuple[int, str]] = {
    spelling: (rank, key)
    for key, spellings in PERSON.items()
    for rank, spelling in enumerate(spellings)
}
"""The rank of each spelling, and the name that it stands for."""

TRAIT_SPELLINGS = frozenset(SPELLINGS)
ADDRESS_SPELLINGS = frozenset(one for key in IN_ADDRESS for one in PERSON[key])
PROPERTY_SPELLINGS = frozenset(one for key in IN_PROPERTIES for one in PERSON[key])


def view(
    event: Event, source: Source, stored: Mapping[str, Remembered] | None = None
) -> dict[str, Json]:
    """The names that every rule sees of this event; ``now``, tables and settings come on top.

    ``stored`` are the person's statements of consent beside the event's own.
    """
    body = event.body
    context = _object(body.get("context"))
    own = stated_in(context)
    consent: Mapping[str, Json] = consent_for(own, event.timestamp, stored) if stored else own
    return {
        "event": body,
        "properties": _object(body.get("properties")),
        "context": context,
        "traits": _object(body["traits"]) if "traits" in body else {},
        "user": person(body),
        "consent": with_assumed(consent, context),
        "source": {"name": source.name, "kind": source.kind.value},
        "flags": {},
    }


def at(moment: Millis) -> str:
    """``now`` as a mapping sees it."""
    return to_iso(moment)


def person(body: Body) -> Body:
    """One view of the person: every trait under its own name, and the usual ones in snake_case.

    ``traits`` goes before ``context.traits``, and both before ``properties``.
    """
    traits = _object(_object(body.get("context")).get("traits"))
    if "traits" in body:
        traits = {**traits, **_object(body["traits"])}
    seen: dict[str, Json] = dict(traits)
    # From the place that counts least; only the keys that are there are looked at (tests.bench).
    properties = _object(body.get("properties"))
    if not PROPERTY_SPELLINGS.isdisjoint(properties):
        _tell(seen, properties, PROPERTY_SPELLINGS)
    if "address" in traits:
        _tell(seen, _object(traits["address"]), ADDRESS_SPELLINGS)
    _tell(seen, traits, TRAIT_SPELLINGS)
    for key, name in (("user_id", "userId"), ("anonymous_id", "anonymousId")):
        if (value := body.get(name)) is not None:
            seen[key] = seen[name] = value
    return seen


def _tell(seen: dict[str, Json], place: Body, spellings: frozenset[str]) -> None:
    """Adds what a place tells of the person, of several spellings the first."""
    told: dict[str, int] = {}
    for spelling in spellings.intersection(place):
        value = place[spelling]
        # Blanks in one place must not hide the value in another.
        if value is not None and not (value.__class__ is str and not value.strip()):
            rank, key = SPELLINGS[spelling]
            if key not in told or rank < told[key]:
                told[key], seen[key] = rank, value


def _object(value: Json) -> Body:
    """``as_body``, faster for the usual object: a view asks seven times (tests.bench)."""
    return value if value.__class__ is dict else as_body(value)
