"""What GA4 holds against one event: its name, its parameters, its items."""

import re
from collections.abc import Iterator, Mapping

from engine.sandbox import ga4_limits as limits
from engine.sandbox.call import Json
from engine.sandbox.ga4_checks import Finding, age_findings

_NAME = re.compile(r"[A-Za-z0-9_]+")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DIGITS = re.compile(r"\d+")
_SESSION_COOKIE = re.compile(r"GS\d\.\d+\.\S+")


def event_findings(event: Json, index: int, now: float, *, is_app: bool) -> Iterator[Finding]:
    """Everything to be said of the event, in the order in which it is looked at."""
    fields = event if isinstance(event, dict) else {}
    params = fields.get("params")
    params = params if isinstance(params, dict) else {}
    yield from _name(str(fields.get("name") or ""), index, is_app=is_app)
    yield from _params(params, index)
    yield from _items(params.get("items"), index)
    yield from _session(params, index)
    yield from _unwise(params, index)
    for micros in (fields.get("timestamp_micros"), params.get("timestamp_micros")):
        yield from age_findings(micros, "timestamp_micros", now, index)
    yield from _lint(str(fields.get("name")), params, index)


def _name(name: str, index: int, *, is_app: bool) -> Iterator[Finding]:
    opening = f"Event at index: [{index}] has "
    code = "NAME_INVALID"
    if not name:
        code, text = "VALUE_REQUIRED", "no name."
    elif not (name[0].isascii() and name[0].isalpha()):
        text = f"invalid name [{name}]. Names must start with an alphabetic character."
    elif name in limits.RESERVED_EVENTS or name.startswith(limits.RESERVED_PREFIXES):
        code, text = "NAME_RESERVED", f"reserved name [{name}]."
    elif name in limits.APP_ONLY_EVENTS and not is_app:
        code, text = "NAME_RESERVED", f"name [{name}], which is reserved for app streams."
    elif not _NAME.fullmatch(name):
        text = f"invalid name [{name}]. Only alphanumeric characters and underscores are allowed."
    elif len(name) > limits.MAX_NAME:
        text = f"name [{name}] of over {limits.MAX_NAME} characters."
        yield Finding("strict", "event_dropped", code, "events", opening + text, index)
        return
    else:
        return
    yield Finding("relaxed", "event_dropped", code, "events", opening + text, index)


def _params(params: Mapping[str, Json], index: int) -> Iterator[Finding]:
    if len(params) > limits.MAX_PARAMS:
        text = f"Event at index: [{index}] can have at most [{limits.MAX_PARAMS}] params."
        yield Finding("strict", "may_be_lost", "EXCEEDED_MAX_ENTITIES", "events", text, index)
    for name, value in params.items():
        place = f"events.params.{name}"
        yield from _param_name(name, place, index)
        if name != "items":
            yield from _param_value(name, value, place, index)


def _param_name(name: str, place: str, index: int) -> Iterator[Finding]:
    if name in limits.RESERVED_PARAMS or name.startswith(limits.RESERVED_PREFIXES):
        text = f"Param name [{name}] is reserved."
        yield Finding("relaxed", "param_ignored", "NAME_RESERVED", place, text, index)
    elif not (_NAME.fullmatch(name) and name[0].isalpha()):
        text = f"Param name [{name}] is invalid: a letter, then letters, digits, underscores."
        yield Finding("relaxed", "param_ignored", "NAME_INVALID", place, text, index)
    elif len(name) > limits.MAX_NAME:
        text = f"Param name [{name}] has over {limits.MAX_NAME} characters."
        yield Finding("strict", "param_ignored", "NAME_INVALID", place, text, index)


def _unwise(params: Mapping[str, Json], index: int) -> Iterator[Finding]:
    """What is taken and does no good: names that GA4 keeps, money of no currency, false flags."""
    for name in params.keys() & limits.UNWISE_NAMES:
        text = f"param name [{name}] is one of those that GA4 keeps for itself"
        yield _lint_of(name, text, index)
    currency = params.get("currency")
    if currency is not None and not _CURRENCY.fullmatch(str(currency)):
        yield _lint_of("currency", f"currency [{currency}] is no ISO 4217 code", index)
    if "debug_mode" in params and params["debug_mode"] not in (True, 1):
        yield _lint_of("debug_mode", "debug_mode is switched off by its absence alone", index)
    time = params.get("engagement_time_msec")
    if time is not None and not (_is_number(time) and float(str(time)) > 0):
        yield _lint_of("engagement_time_msec", "engagement_time_msec must be above 0", index)
    if params.get("transaction_id") == "":
        text = "transaction_id is empty: all purchases without one collapse into one"
        yield _lint_of("transaction_id", text, index)


def _lint_of(name: str, text: str, index: int) -> Finding:
    return Finding("lint", "reports_worse", "VALUE_INVALID", f"events.params.{name}", text, index)


def _param_value(name: str, value: Json, place: str, index: int) -> Iterator[Finding]:
    longest = limits.MAX_LONG_VALUES.get(name, limits.MAX_VALUE)
    if value is None or isinstance(value, list | dict):
        text = f"Param [{name}] must be a text, a number or a boolean."
        yield Finding("strict", "param_ignored", "VALUE_INVALID", place, text, index)
    elif isinstance(value, str) and len(value) > longest:
        text = f"Param [{name}] has over {longest} characters."
        yield Finding("strict", "param_ignored", "VALUE_OUT_OF_BOUNDS", place, text, index)
    elif name == "value" and not _is_number(value):
        text = "Param [value] must be a number."
        yield Finding("strict", "param_ignored", "VALUE_INVALID", place, text, index)


def _items(items: Json, index: int) -> Iterator[Finding]:
    place = "events.params.items"
    if items is None:
        return
    if not isinstance(items, list):
        text = "Param [items] must be an array of objects."
        yield Finding("strict", "param_ignored", "VALUE_INVALID", place, text, index)
        return
    if len(items) > limits.MAX_ITEMS:
        text = f"Param [items] can have at most [{limits.MAX_ITEMS}] items."
        yield Finding("strict", "may_be_lost", "EXCEEDED_MAX_ENTITIES", place, text, index)
    for position, item in enumerate(items):
        yield from _item(item, f"{place}[{position}]", index)


def _item(item: Json, place: str, index: int) -> Iterator[Finding]:
    if not isinstance(item, dict) or not (item.get("item_id") or item.get("item_name")):
        text = "An item must be an object with item_id or item_name."
        yield Finding("strict", "may_be_lost", "VALUE_REQUIRED", place, text, index)
        return
    for name in limits.ITEM_NUMBERS:
        if isinstance(item.get(name), str):
            text = (
                f"Validation of item.{name} should prevent conversion from unsupported value"
                f' [string_value: "{item[name]}"]'
            )
            yield Finding("strict", "event_dropped", "INTERNAL_ERROR", None, text, index)
    yield from _item_values(item, place, index)
    if len(item.keys() - limits.ITEM_PARAMS) > limits.MAX_CUSTOM_ITEM_PARAMS:
        text = f"{place} can have at most [{limits.MAX_CUSTOM_ITEM_PARAMS}] custom params."
        yield Finding("strict", "may_be_lost", "EXCEEDED_MAX_ENTITIES", place, text, index)


def _item_values(item: Mapping[str, Json], place: str, index: int) -> Iterator[Finding]:
    for name, value in item.items():
        if name not in limits.ITEM_PARAMS:
            yield from _param_name(name, place, index)
        yield from _param_value(name, value, place, index)


def _session(params: Mapping[str, Json], index: int) -> Iterator[Finding]:
    session_id, place = params.get("session_id"), "events.params.session_id"
    if session_id is None:
        text = "without session_id the event belongs to no session: source (not set)"
        yield Finding("lint", "reports_worse", "VALUE_REQUIRED", place, text, index)
    elif not _is_number(session_id) and not (
        _DIGITS.fullmatch(str(session_id)) or _SESSION_COOKIE.fullmatch(str(session_id))
    ):
        text = f"session_id [{session_id}] has invalid format. It should be a number."
        yield Finding("strict", "reports_worse", "VALUE_INVALID", place, text, index)
    if not params.get("engagement_time_msec"):
        text = "without engagement_time_msec the visitor is missing in engagement and Realtime"
        place = "events.params.engagement_time_msec"
        yield Finding("lint", "reports_worse", "VALUE_REQUIRED", place, text, index)


def _lint(name: str, params: Mapping[str, Json], index: int) -> Iterator[Finding]:
    wanted = list(limits.REQUIRED_PARAMS.get(name, ()))
    if params.get("value") is not None:
        wanted.append("currency")
    for param in dict.fromkeys(wanted):
        if params.get(param) in (None, "", []):
            text = f"{name} should carry {param}"
            place = f"events.params.{param}"
            yield Finding("lint", "reports_worse", "VALUE_REQUIRED", place, text, index)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
