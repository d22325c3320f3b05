"""The Measurement Protocol's body, read as Google's proto-JSON parser reads it.

Unknown keys are refused outside ``params``, camelCase names mean the same as snake_case ones,
null is absence, a 64-bit integer may come as a text of digits.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from engine.sandbox.bodies import UnreadableError, parse_json
from engine.sandbox.call import Json

UNPARSED = "Unable to parse Measurement Protocol JSON payload. "

_HUMP = re.compile(r"(?<=[a-z0-9])[A-Z]")

Reader: TypeAlias = Callable[[Json, str], Json]
"""Gives a field's value as the parser understands it, told where it stands."""


class ParseError(ValueError):
    """The payload can't be parsed; the text is the validation server's description."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(f"{UNPARSED}({place}) {text}" if place else UNPARSED + text)


def parse_payload(raw: bytes) -> dict[str, Json]:
    """The request's fields under their snake_case names, or a ``ParseError``."""
    try:
        body = parse_json(raw)
    except UnreadableError as fault:
        raise ParseError("", str(fault)) from None
    parsed = _message(REQUEST)(body, "")
    return parsed if isinstance(parsed, dict) else {}


def _of_type(*types: type, told: str) -> Reader:
    def read(value: Json, place: str) -> Json:
        if (isinstance(value, bool) and bool not in types) or not isinstance(value, types):
            raise ParseError(place, f"invalid value for type {told}.")
        return value

    return read


def _int64(value: Json, place: str) -> Json:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ParseError(place, "invalid value for type INT64.")


def _enum(*names: str) -> Reader:
    def read(value: Json, place: str) -> Json:
        if value not in names:
            raise ParseError(place, f"invalid value for enum {' | '.join(names)}.")
        return value

    return read


def _repeated(reader: Reader) -> Reader:
    def read(value: Json, place: str) -> Json:
        if not isinstance(value, list):
            raise ParseError(place, "invalid value for a repeated field.")
        return [reader(element, f"{place}[{index}]") for index, element in enumerate(value)]

    return read


def _one_or_repeated(reader: Reader) -> Reader:
    many = _repeated(reader)
    return lambda value, place: (many if isinstance(value, list) else reader)(value, place)


def _map_of(reader: Reader) -> Reader:
    def read(value: Json, place: str) -> Json:
        if not isinstance(value, dict):
            raise ParseError(place, "invalid value for a map.")
        return {name: reader(member, f"{place}.{name}") for name, member in value.items()}

    return read


def _message(fields: Mapping[str, Reader]) -> Reader:
    def read(value: Json, place: str) -> Json:
        if not isinstance(value, dict):
            raise ParseError(place, "invalid value for a message.")
        parsed: dict[str, Json] = {}
        for key, member in value.items():
            name = _HUMP.sub(lambda hump: "_" + hump.group().lower(), key)
            reader = fields.get(name)
            if reader is None:
                raise ParseError(place, f"{key}: Cannot find field.")
            if member is not None:
                parsed[name] = reader(member, f"{place}.{name}" if place else name)
        return parsed

    return read


_STRING = _of_type(str, told="STRING")
_BOOL = _of_type(bool, told="BOOL")
_STRUCT = _of_type(dict, told="STRUCT")
_SCALAR = _of_type(str, int, float, bool, told="VALUE")
_CONSENT = _enum("GRANTED", "DENIED")

_ADDRESS = (
    "sha256_first_name",
    "sha256_last_name",
    "sha256_street",
    "city",
    "region",
    "postal_code",
    "country",
)
_LOCATION = ("city", "region_id", "country_id", "subcontinent_id", "continent_id")
_DEVICE = (
    "category",
    "language",
    "screen_resolution",
    "operating_system",
    "operating_system_version",
    "model",
    "brand",
    "browser",
    "browser_version",
)

REQUEST: Mapping[str, Reader] = {
    "client_id": _STRING,
    "app_instance_id": _STRING,
    "user_id": _STRING,
    "timestamp_micros": _int64,
    "user_properties": _map_of(_message({"value": _SCALAR, "timestamp_micros": _int64})),
    "user_data": _message(
        {
            "sha256_email_address": _one_or_repeated(_STRING),
            "sha256_phone_number": _one_or_repeated(_STRING),
            "address": _one_or_repeated(_message(dict.fromkeys(_ADDRESS, _STRING))),
        }
    ),
    "consent": _message({"ad_user_data": _CONSENT, "ad_personalization": _CONSENT}),
    "non_personalized_ads": _BOOL,
    "user_location": _message(dict.fromkeys(_LOCATION, _STRING)),
    "ip_override": _STRING,
    "device": _message(dict.fromkeys(_DEVICE, _STRING)),
    "user_agent": _STRING,
    "validation_behavior": _enum(
        "VALIDATION_BEHAVIOR_UNSPECIFIED", "RELAXED", "ENFORCE_RECOMMENDATIONS"
    ),
    "events": _repeated(_message({"name": _STRING, "params": _STRUCT, "timestamp_micros": _int64})),
}
