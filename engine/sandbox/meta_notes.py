"""What Meta takes and then complains of in Events Manager."""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import TypeAlias

from engine.sandbox.call import Diagnostic, Json
from engine.sandbox.meta_checks import DAY_S, Event, elements, member
from engine.sandbox.meta_shapes import CUSTOM_DATA, HASHED
from engine.sandbox.repeats import Repeats

DEDUPE_WINDOW_S = 2 * DAY_S
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

# ISO 4217, codes in use.
_CURRENCIES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP
    BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR
    FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES
    KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
    MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS
    UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """
CURRENCIES = frozenset(_CURRENCIES.split())

CONTACT = ("email", "phone", "first_name", "last_name", "address", "password")
"""Names of custom data that hold what belongs hashed into user_data."""

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_FBP = re.compile(r"fb\.\d\.\d{10,13}\.\d+(\.[A-Za-z0-9_-]{2,8})?")

Note: TypeAlias = tuple[str, str]


def diagnostics(index: int, event: Event, now: float, repeats: Repeats) -> Iterator[Diagnostic]:
    """All that Meta would list of an event it took, its being a repeat included."""
    for look in LOOKS:
        for code, message in look(event):
            yield Diagnostic(index, code, message)
    key = (event.get("event_name"), event.get("event_id"))
    if event.get("event_id") and repeats.seen_before(key, now, DEDUPE_WINDOW_S):
        yield Diagnostic(
            index, "duplicate", "same event_name and event_id within 48 h: not counted"
        )


def _notes_on_origin(event: Event) -> Iterator[Note]:
    if not event.get("action_source"):
        yield "no_action_source", "action_source is missing"
    if not event.get("event_id"):
        yield "no_event_id", "without event_id the event can't be deduplicated"
    if event.get("action_source") != "website":
        return
    if not event.get("event_source_url"):
        yield "no_event_source_url", "a website event should say its page"
    if not member(event, "user_data").get("client_user_agent"):
        yield "no_client_user_agent", "a website event should carry the browser's user agent"


def _notes_on_person(event: Event) -> Iterator[Note]:
    user_data = member(event, "user_data")
    for name in HASHED:
        if any(
            str(value).lower().startswith(EMPTY_HASH) for value in elements(user_data.get(name))
        ):
            yield "empty_hash", f"{name} is the hash of nothing"
    if not all(_HASH.match(str(value)) for value in elements(user_data.get("external_id"))):
        yield "external_id_unhashed", "hashing external_id is recommended"
    if not all(_FBP.fullmatch(str(value)) for value in elements(user_data.get("fbp"))):
        yield "invalid_fbp", "fbp should be fb.<index>.<milliseconds>.<number>"
    for value in elements(user_data.get("client_ip_address")):
        if not _is_real_ip(str(value)):
            yield "unusable_ip", "client_ip_address is private, truncated or no address"


def _notes_on_data(event: Event) -> Iterator[Note]:
    custom_data = member(event, "custom_data")
    if "event_id" in custom_data:
        yield "misplaced_event_id", "event_id inside custom_data is ignored"
    currency, value = custom_data.get("currency"), custom_data.get("value")
    if isinstance(currency, str) and currency.upper() not in CURRENCIES:
        yield "unknown_currency", "currency is no ISO 4217 code"
    if value is not None and not currency:
        yield "value_without_currency", "a value without a currency may be refused (2804023)"
    amount = float(value) if isinstance(value, int | float | str) else None
    if event.get("event_name") == "Purchase" and amount is not None and amount <= 0:
        yield "value_not_positive", "a Purchase of nothing can't be optimised for"


def _notes_on_own_properties(event: Event) -> Iterator[Note]:
    """Own properties are free, but for what can make no audience and what belongs elsewhere."""
    custom_data = member(event, "custom_data")
    for name, value in custom_data.items():
        if name in CONTACT:
            yield "contact_data", "contact data belongs hashed into user_data"
        elif _has_blank(name) or (name not in CUSTOM_DATA and _has_blank(value)):
            yield "blank_in_own_property", "a blank in an own property: it makes no audience"
    if custom_data.get("content_type") not in (None, "product", "product_group"):
        yield "unknown_content_type", "content_type is product or product_group"


def _has_blank(value: Json) -> bool:
    return isinstance(value, str) and any(map(str.isspace, value))


def _notes_on_options(event: Event) -> Iterator[Note]:
    place = [event.get(f"data_processing_options_{part}") for part in ("country", "state")]
    if place == [None, None]:
        return
    if not event.get("data_processing_options"):
        yield "place_without_options", "a country or state without data_processing_options"
    elif place[1] is None:
        yield "no_processing_state", "a country without a state: Meta locates the person"
    elif place[0] is None:
        yield "no_processing_country", "a state without its country: Meta locates the person"


def _notes_on_attribution(event: Event) -> Iterator[Note]:
    if (event.get("event_name") == "AppendAttribution") != (
        event.get("attribution_data") is not None
    ):
        yield "attribution_data", "attribution_data goes with AppendAttribution, and it with that"


LOOKS: tuple[Callable[[Event], Iterator[Note]], ...] = (
    _notes_on_origin,
    _notes_on_person,
    _notes_on_data,
    _notes_on_own_properties,
    _notes_on_options,
    _notes_on_attribution,
)


def _is_real_ip(text: str) -> bool:
    if "." in text and text.endswith(".0"):
        return False
    try:
        return ip_address(text).is_global
    except ValueError:
        return False
