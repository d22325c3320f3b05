"""The shape of Meta's events: closed sets of keys, and the type of each.

A key that is not listed is refused at the levels that Meta closes (event, ``user_data``,
``app_data``, ``contents``); ``custom_data`` takes the sender's own properties too. A null counts
as absent: whether Meta refuses it is not known, so the lenient reading is taken.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine.sandbox.call import Json

_DIGITS = re.compile(r"-?\d+")
_NUMERIC = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be: ``holds`` decides, ``told`` ends the sentence of a refusal."""

    holds: Callable[[Json], bool]
    told: str


Shape: TypeAlias = Mapping[str, Kind]


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_integer(value: Json) -> bool:
    if isinstance(value, str):
        return bool(_DIGITS.fullmatch(value))
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Json) -> bool:
    if isinstance(value, str):
        return bool(_NUMERIC.fullmatch(value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text_or_number(value: Json) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _is_whole(value: Json) -> bool:
    return _is_integer(value) and not str(value).startswith("-")


def one_or_many(holds: Callable[[Json], bool]) -> Callable[[Json], bool]:
    """The test for a value that may also be a list of such values."""
    return lambda value: (
        all(element is None or holds(element) for element in value)
        if isinstance(value, list)
        else holds(value)
    )


def list_of(holds: Callable[[Json], bool]) -> Callable[[Json], bool]:
    """The test for a list of such values."""
    return lambda value: isinstance(value, list) and all(map(holds, value))


def one_of(*choices: str | int) -> Kind:
    """A value of a closed list; numbers may come as text."""
    texts = {str(choice) for choice in choices}
    return Kind(
        lambda value: _is_text_or_number(value) and str(value) in texts,
        f"must be one of {', '.join(map(str, choices))}",
    )


TEXT = Kind(_is_text, "must be a string")
INTEGER = Kind(_is_integer, "must be an integer")
NUMBER = Kind(_is_number, "must be a number")
BOOLEAN = Kind(lambda value: isinstance(value, bool), "must be a boolean")
OBJECT = Kind(lambda value: isinstance(value, dict), "must be an object")
ARRAY = Kind(lambda value: isinstance(value, list), "must be an array")
TEXTS = Kind(list_of(_is_text), "must be an array of strings")
TEXT_OR_TEXTS = Kind(one_or_many(_is_text), "must be a string")
ID_OR_IDS = Kind(one_or_many(_is_text_or_number), "must be a string")
WHOLE = Kind(one_or_many(_is_whole), "must be an integer")
SHARE = Kind(
    lambda value: _is_number(value) and 0 <= float(str(value)) <= 1, "must be a number from 0 to 1"
)
SIXTEEN_TEXTS = Kind(
    lambda value: isinstance(value, list) and len(value) == 16 and all(map(_is_text, value)),
    "must be an array of 16 strings",
)
ANYTHING = Kind(lambda _value: True, "")

_SEGMENTS = ("business", "business_line", "product_area", "medium")
SEGMENTATION = one_of(
    *(f"new_customer_to_{segment}" for segment in _SEGMENTS),
    *(f"existing_customer_to_{segment}" for segment in _SEGMENTS),
    "customer_in_loyalty_program",
)

EVENT: Shape = {
    "event_name": Kind(
        lambda value: isinstance(value, str) and 1 <= len(value) <= 50,
        "must be a string of 1 to 50 characters",
    ),
    "event_time": INTEGER,
    "user_data": OBJECT,
    "action_source": one_of(
        "email",
        "website",
        "app",
        "phone_call",
        "chat",
        "physical_store",
        "system_generated",
        "business_messaging",
        "other",
    ),
    "event_source_url": TEXT,
    "event_id": TEXT,
    "custom_data": OBJECT,
    "referrer_url": TEXT,
    "opt_out": BOOLEAN,
    "data_processing_options": Kind(list_of(lambda value: value == "LDU"), 'must be ["LDU"] or []'),
    "data_processing_options_country": one_of(0, 1),
    "data_processing_options_state": one_of(0, *range(1000, 1014)),
    "app_data": OBJECT,
    "original_event_data": OBJECT,
    "attribution_data": OBJECT,
    "customer_segmentation": SEGMENTATION,
    "messaging_channel": one_of("whatsapp", "messenger", "instagram"),
    "advanced_measurement_table": TEXT,
}
EVENT_NEEDS = ("event_name", "event_time", "user_data")

HASHED = ("em", "ph", "ge", "db", "ln", "fn", "ct", "st", "zp", "country")

USER_DATA: Shape = {
    **dict.fromkeys(HASHED, TEXT_OR_TEXTS),
    **dict.fromkeys(("f5first", "f5last", "fi", "dobd", "dobm", "doby"), TEXT_OR_TEXTS),
    **dict.fromkeys(("external_id", "lead_id"), ID_OR_IDS),
    "fb_login_id": WHOLE,
    **dict.fromkeys(
        (
            "client_ip_address",
            "client_user_agent",
            "fbc",
            "fbp",
            "subscription_id",
            "anon_id",
            "madid",
            "ctwa_clid",
            "partner_name",
        ),
        TEXT_OR_TEXTS,
    ),
    **dict.fromkeys(
        (
            "page_id",
            "page_scoped_user_id",
            "ig_account_id",
            "ig_sid",
            "whatsapp_business_account_id",
            "partner_id",
        ),
        ID_OR_IDS,
    ),
}

APP_DATA: Shape = {
    "advertiser_tracking_enabled": one_of(0, 1),
    "application_tracking_enabled": one_of(0, 1),
    "extinfo": SIXTEEN_TEXTS,
    **dict.fromkeys(
        (
            "campaign_ids",
            "install_referrer",
            "installer_package",
            "url_schemes",
            "windows_attribution_id",
            "consider_views",
            "include_dwell_data",
            "include_video_data",
            "receipt_data",
        ),
        ANYTHING,
    ),
}

# Whether Meta closes these two is not known: the types of what is known, and the rest taken.
ORIGINAL_EVENT: Shape = {
    "event_name": TEXT,
    "event_time": INTEGER,
    "order_id": ID_OR_IDS,
    "event_id": TEXT,
}
ATTRIBUTION: Shape = {"attribution_share": SHARE, "attribution_value": NUMBER}

CUSTOM_DATA: Shape = {
    "value": NUMBER,
    "currency": TEXT,
    "contents": ARRAY,
    "content_ids": ID_OR_IDS,
    "num_items": INTEGER,
    "status": Kind(lambda value: isinstance(value, str | bool), "must be a string"),
    "predicted_ltv": NUMBER,
    "net_revenue": NUMBER,
    "delivery_category": one_of("in_store", "curbside", "home_delivery"),
    **dict.fromkeys(
        (
            "content_type",
            "content_name",
            "content_category",
            "order_id",
            "search_string",
            "item_number",
            "lead_event_source",
            "event_source",
        ),
        TEXT,
    ),
}

CONTENT: Shape = {
    "id": Kind(_is_text_or_number, "must be a string"),
    "quantity": INTEGER,
    "item_price": NUMBER,
    "delivery_category": CUSTOM_DATA["delivery_category"],
    "title": TEXT,
    "description": TEXT,
    "brand": TEXT,
    "category": TEXT,
}

_INNER: Mapping[str, tuple[Shape, bool]] = {
    "user_data": (USER_DATA, True),
    "app_data": (APP_DATA, True),
    "original_event_data": (ORIGINAL_EVENT, False),
    "attribution_data": (ATTRIBUTION, False),
    "custom_data": (CUSTOM_DATA, False),
}


def shape_faults(event: Json, index: int) -> Iterator[str]:
    """Every sentence that Meta would say of the event's shape, in order."""
    path = f"$['data'][{index}]"
    if not isinstance(event, dict):
        yield f"The parameter {path} must be an object."
        return
    for name in EVENT_NEEDS:
        if event.get(name) is None:
            yield f"The parameter {path}['{name}'] is required"
    yield from _object_faults(event, EVENT, path, closed=True)
    for name, (shape, closed) in _INNER.items():
        inner = event.get(name)
        if isinstance(inner, dict):
            yield from _object_faults(inner, shape, f"{path}['{name}']", closed=closed)
    yield from _contents_faults(event.get("custom_data"), f"{path}['custom_data']['contents']")
    if event.get("action_source") == "app" and event.get("app_data") is None:
        yield f"The parameter {path}['app_data'] is required"


def _contents_faults(custom_data: Json, path: str) -> Iterator[str]:
    contents = custom_data.get("contents") if isinstance(custom_data, dict) else None
    for position, content in enumerate(contents if isinstance(contents, list) else ()):
        if isinstance(content, dict):
            yield from _object_faults(content, CONTENT, f"{path}[{position}]", closed=True)


def _object_faults(
    value: dict[str, Json], shape: Shape, path: str, *, closed: bool
) -> Iterator[str]:
    for name, member in value.items():
        kind = shape.get(name)
        if kind is None:
            if closed:
                yield f'Unexpected key "{name}" on param "{path}".'
        elif member is not None and not kind.holds(member):
            opening = "The parameter" if kind is ARRAY else "Param"
            ending = "." if kind is ARRAY else ""
            yield f"{opening} {path}['{name}'] {kind.told}{ending}"
