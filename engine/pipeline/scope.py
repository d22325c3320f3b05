"""What a mapping sees of an event: the names of the design, and the one view of the person."""

from collections.abc import Mapping

from engine.model.clock import Millis, to_iso
from engine.model.event import Event, Source
from engine.model.jsonvalue import Body, Json, as_body
from engine.pipeline.privacy import consent_of

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


def view(event: Event, source: Source) -> dict[str, Json]:
    """The names that every rule sees of this event; ``now``, tables and settings come on top."""
    body = event.body
    context = as_body(body.get("context"))
    return {
        "event": body,
        "properties": as_body(body.get("properties")),
        "context": context,
        "traits": as_body(body.get("traits")),
        "user": person(body),
        "consent": dict(consent_of(body).categories),
        "source": {"name": source.name, "kind": str(source.kind)},
        "flags": {},
    }


def at(moment: Millis) -> str:
    """``now`` as a mapping sees it."""
    return to_iso(moment)


def person(body: Body) -> Body:
    """One view of the person: every trait under its own name, and the usual ones in snake_case.

    ``traits`` goes before ``context.traits``, and both before ``properties``.
    """
    context = as_body(body.get("context"))
    traits = {**as_body(context.get("traits")), **as_body(body.get("traits"))}
    address = as_body(traits.get("address"))
    properties = as_body(body.get("properties"))
    seen: dict[str, Json] = dict(traits)
    for key, spellings in PERSON.items():
        places: list[Body] = [traits]
        if key in IN_ADDRESS:
            places.append(address)
        if key in IN_PROPERTIES:
            places.append(properties)
        if (value := _first(places, spellings)) is not None:
            seen[key] = value
    for key, name in (("user_id", "userId"), ("anonymous_id", "anonymousId")):
        if (value := body.get(name)) is not None:
            seen[key] = seen[name] = value
    return seen


def _first(places: list[Body], spellings: tuple[str, ...]) -> Json:
    for place in places:
        if not place:
            continue
        for spelling in spellings:
            if (value := place.get(spelling)) is not None and value != "":
                return value
    return None
