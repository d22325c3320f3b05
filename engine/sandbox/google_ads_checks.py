"""What Data Manager holds against a request: the path of a field, and what is expected there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.sandbox.call import Json

MAX_EVENTS = 2_000
MAX_IDENTIFIERS = 10
CONSENTS = ("CONSENT_GRANTED", "CONSENT_DENIED")
SOURCES = ("WEB", "APP", "IN_STORE", "PHONE", "OTHER")
ENCODINGS = {"HEX": re.compile(r"[0-9a-fA-F]{64}"), "BASE64": re.compile(r"[0-9A-Za-z+/_-]{43}=?")}

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REGION = re.compile(r"[A-Z]{2}")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong, as google.rpc.BadRequest tells it."""

    field: str
    description: str
    reason: str = "INVALID_FIELD"


def violations(body: Json) -> list[Violation]:
    """What is wrong with the request, or with the first of its events that is bad."""
    if not isinstance(body, dict):
        return [Violation("", "expected an object")]
    found = list(_of_request(body))
    if found:
        return found
    encoding = ENCODINGS[str(body["encoding"])]
    events = body["events"]
    for index, event in enumerate(events if isinstance(events, list) else []):
        if found := [
            Violation(f"events.events[{index}].{one.field}", one.description, one.reason)
            for one in _of_event(event, encoding)
        ]:
            return found
    return []


def _of_request(body: Mapping[str, Json]) -> Iterator[Violation]:
    destinations, events = body.get("destinations"), body.get("events")
    if not isinstance(destinations, list) or not destinations:
        yield Violation("destinations", "at least one is required", "REQUIRED_FIELD_MISSING")
    else:
        for index, one in enumerate(destinations):
            yield from _of_destination(f"destinations[{index}]", one)
    if body.get("encoding") not in ENCODINGS:
        yield Violation("encoding", "expected HEX or BASE64")
    consent = body.get("consent")
    for name, value in (consent if isinstance(consent, dict) else {}).items():
        if value not in CONSENTS:
            yield Violation(f"consent.{name}", f"expected one of {', '.join(CONSENTS)}")
    if not isinstance(events, list) or not events:
        yield Violation("events", "at least one is required", "REQUIRED_FIELD_MISSING")
    elif len(events) > MAX_EVENTS:
        text = f"at most {MAX_EVENTS} events are taken in one request"
        yield Violation("events", text, "TOO_MANY_EVENTS")


def _of_destination(path: str, destination: Json) -> Iterator[Violation]:
    fields = destination if isinstance(destination, dict) else {}
    account = fields.get("operatingAccount")
    fields_of_account = account if isinstance(account, dict) else {}
    if not fields_of_account.get("accountType"):
        yield Violation(f"{path}.operating_account.account_type", "is required")
    if not _DIGITS.fullmatch(str(fields_of_account.get("accountId", ""))):
        yield Violation(f"{path}.operating_account.account_id", "expected digits")
    if not _DIGITS.fullmatch(str(fields.get("productDestinationId", ""))):
        yield Violation(f"{path}.product_destination_id", "expected a conversion action's id")


def _of_event(event: Json, encoding: re.Pattern[str]) -> Iterator[Violation]:
    if not isinstance(event, dict):
        yield Violation("", "expected an object")
        return
    if not isinstance(event.get("transactionId", ""), str):
        yield Violation("transaction_id", "expected a text")
    if not _TIME.fullmatch(str(event.get("eventTimestamp", ""))):
        yield Violation("event_timestamp", "expected a time such as 2026-08-14T09:30:00Z")
    if event.get("eventSource") not in SOURCES:
        yield Violation("event_source", f"expected one of {', '.join(SOURCES)}")
    value, currency = event.get("conversionValue"), event.get("currency")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield Violation("conversion_value", "expected a number")
    if currency is not None and not _CURRENCY.fullmatch(str(currency)):
        yield Violation("currency", "expected three letters, as in ISO 4217")
    user = event.get("userData")
    if isinstance(user, dict):
        yield from _of_user(user.get("userIdentifiers"), encoding)


def _of_user(identifiers: Json, encoding: re.Pattern[str]) -> Iterator[Violation]:
    path = "user_data.user_identifiers"
    if not isinstance(identifiers, list) or not identifiers:
        yield Violation(path, "at least one is required", "REQUIRED_FIELD_MISSING")
        return
    if len(identifiers) > MAX_IDENTIFIERS:
        text = f"at most {MAX_IDENTIFIERS} user identifiers are taken in one event"
        yield Violation(path, text, "TOO_MANY_USER_IDENTIFIERS")
    for index, one in enumerate(identifiers):
        for found in _of_identifier(one, encoding):
            yield Violation(f"{path}[{index}]{found.field}", found.description, found.reason)


def _of_identifier(identifier: Json, encoding: re.Pattern[str]) -> Iterator[Violation]:
    match identifier:
        case {"emailAddress": value, **rest} if not rest:
            yield from _hashed(".email_address", value, encoding)
        case {"phoneNumber": value, **rest} if not rest:
            yield from _hashed(".phone_number", value, encoding)
        case {"address": dict() as address, **rest} if not rest:
            yield from _of_address(address, encoding)
        case _:
            yield Violation("", "expected exactly one of emailAddress, phoneNumber, address")


def _of_address(address: Mapping[str, Json], encoding: re.Pattern[str]) -> Iterator[Violation]:
    yield from _hashed(".address.given_name", address.get("givenName"), encoding)
    yield from _hashed(".address.family_name", address.get("familyName"), encoding)
    if not _REGION.fullmatch(str(address.get("regionCode", ""))):
        yield Violation(".address.region_code", "expected two letters, not hashed")
    postal_code = address.get("postalCode")
    if not isinstance(postal_code, str) or not postal_code:
        yield Violation(".address.postal_code", "expected a text")
    elif ENCODINGS["HEX"].fullmatch(postal_code):
        yield Violation(".address.postal_code", "is not to be hashed")


def _hashed(path: str, value: Json, encoding: re.Pattern[str]) -> Iterator[Violation]:
    if not (isinstance(value, str) and encoding.fullmatch(value)):
        yield Violation(path, "expected a SHA-256 in the encoding of the request", "INVALID_HASH")
