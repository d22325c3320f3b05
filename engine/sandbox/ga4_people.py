"""What GA4 holds against what a request says of the person: hashes, place, device, contact data.

No text of the validation server is known for any of it, so the wording is ours; the level is
``lint``, as the server looks at none of it. What is wrong here is ignored, or breaks the policy.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping

from engine.sandbox.call import Json
from engine.sandbox.ga4_checks import Finding

MAX_HASHES = 3
MAX_ADDRESSES = 2
DEVICE_CATEGORIES = frozenset({"desktop", "tablet", "mobile", "smart TV"})

_HASH = re.compile(r"[0-9a-f]{64}")
_HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_EMAIL = re.compile(r"[\w.+-]+(@|%40)[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}")
_FORMS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "country_id": (_COUNTRY, "ISO 3166-1 alpha-2"),
    "region_id": (re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}"), "ISO 3166-2"),
    "subcontinent_id": (re.compile(r"\d{3}"), "UN M49"),
    "continent_id": (re.compile(r"\d{3}"), "UN M49"),
}


def people_findings(payload: Mapping[str, Json]) -> Iterator[Finding]:
    """Everything to be said of what the request tells about the person."""
    yield from _user_data(_object(payload.get("user_data")))
    yield from _place(payload)
    device = _object(payload.get("device"))
    if device and device.get("category") not in DEVICE_CATEGORIES:
        known = ", ".join(sorted(DEVICE_CATEGORIES))
        yield _ignored("device.category", f"device.category must be one of {known}")
    for place, text in _texts({**payload}, ""):
        if _EMAIL.search(text):
            yield Finding(
                "lint", "breaks_policy", "VALUE_INVALID", place, f"{place} holds an e-mail address"
            )


def _user_data(user_data: Mapping[str, Json]) -> Iterator[Finding]:
    for key in ("sha256_email_address", "sha256_phone_number"):
        values = _list(user_data.get(key))
        if len(values) > MAX_HASHES:
            yield _ignored(f"user_data.{key}", f"{key} can have at most [{MAX_HASHES}] values")
        for value in values:
            yield from _hash(f"user_data.{key}", value)
    addresses = _list(user_data.get("address"))
    if len(addresses) > MAX_ADDRESSES:
        yield _ignored("user_data.address", f"address can have at most [{MAX_ADDRESSES}] values")
    for address in map(_object, addresses):
        for key in ("sha256_first_name", "sha256_last_name", "sha256_street"):
            if key in address:
                yield from _hash(f"user_data.address.{key}", address[key])
        country = address.get("country")
        if country is not None and not _COUNTRY.fullmatch(str(country)):
            yield _ignored("user_data.address.country", "country must be ISO 3166-1 alpha-2")


def _hash(place: str, value: Json) -> Iterator[Finding]:
    if not _HASH.fullmatch(str(value)):
        yield _ignored(place, f"{place} must be a SHA-256 in lower-case hex")
    elif value == _HASH_OF_NOTHING:
        yield _ignored(place, f"{place} is the hash of an empty text")


def _place(payload: Mapping[str, Json]) -> Iterator[Finding]:
    location = _object(payload.get("user_location"))
    for key, (form, name) in _FORMS.items():
        value = location.get(key)
        if value is not None and not form.fullmatch(str(value)):
            yield _ignored(f"user_location.{key}", f"user_location.{key} must be {name}")
    address = payload.get("ip_override")
    if address is None:
        return
    try:
        found = ipaddress.ip_address(str(address))
    except ValueError:
        yield _ignored("ip_override", "ip_override must be an IPv4 or IPv6 address")
        return
    if found.is_loopback or found.is_link_local or _is_private(found):
        yield _ignored("ip_override", "ip_override is a private address, which has no place")


def _is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    nets = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
    return any(address in ipaddress.ip_network(net) for net in nets)


def _texts(value: Json, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield place, value
        case list():
            for element in value:
                yield from _texts(element, place)
        case dict():
            for key, member in value.items():
                yield from _texts(member, f"{place}.{key}" if place else key)


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _ignored(place: str, text: str) -> Finding:
    return Finding("lint", "param_ignored", "VALUE_INVALID", place, text)
