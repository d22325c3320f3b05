"""Faults on demand: what is asked for, in words, and what each does to an answer."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TypeAlias

from engine.sandbox.amplitude import AMPLITUDE_FAULTS
from engine.sandbox.call import Call, Reply, Script
from engine.sandbox.clarity import CLARITY_FAULTS
from engine.sandbox.google_ads import GOOGLE_ADS_FAULTS
from engine.sandbox.meta_errors import META_FAULTS
from engine.sandbox.posthog import POSTHOG_FAULTS
from engine.sandbox.slack import SLACK_FAULTS
from engine.sandbox.tiktok import TIKTOK_FAULTS

_Honest: TypeAlias = Callable[[], Reply]


@dataclass(frozen=True, slots=True)
class Fault:
    """A vendor's requests meet ``kind`` with this probability, 0 to 1."""

    vendor: str
    kind: str
    probability: float


def parse_faults(text: str) -> list[Fault]:
    """The faults of a text such as ``meta=503:0.1,timeout:0.05``; without a number always."""
    vendor, equals, kinds = text.partition("=")
    if not equals or not vendor.strip():
        raise ValueError(f'"{text}": expected VENDOR=KIND[:PROBABILITY], as in meta=503:0.1')
    return parse_kinds(vendor.strip(), kinds)


def parse_kinds(vendor: str, text: str) -> list[Fault]:
    """The faults of one vendor, such as ``503:0.1,timeout``; none for an empty text."""
    return [_parse_one(vendor, part.strip()) for part in text.split(",") if part.strip()]


def drawn(faults: Iterable[Fault], random: Callable[[], float]) -> Fault | None:
    """The first fault that hits; each has a draw of its own, in their order."""
    return next((fault for fault in faults if random() < fault.probability), None)


def apply(fault: Fault, call: Call, honest: Callable[[], Reply]) -> Reply:
    """The reply that the fault makes of the honest one, which is asked for only where needed."""
    return _script(fault.vendor, fault.kind)(call, honest)


def known_kinds(vendor: str) -> list[str]:
    """The names of the faults a vendor can have, beside status numbers."""
    return [*GENERAL_FAULTS, *VENDOR_FAULTS.get(vendor, {})]


def _parse_one(vendor: str, text: str) -> Fault:
    kind, colon, probability = text.partition(":")
    _script(vendor, kind)
    return Fault(vendor, kind, _probability(probability) if colon else 1.0)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f'"{text}" is no probability: expected a number from 0 to 1, as 0.1')
    return value


def _script(vendor: str, kind: str) -> Script:
    if kind.isascii() and kind.isdigit() and 200 <= int(kind) <= 599:
        return _status(int(kind))
    script = VENDOR_FAULTS.get(vendor, {}).get(kind) or GENERAL_FAULTS.get(kind)
    if script is None:
        names = ", ".join(known_kinds(vendor))
        raise ValueError(
            f'"{kind}" is no fault of {vendor}: expected a status from 200 to 599, or {names}'
        )
    return script


def _status(status: int) -> Script:
    """A bare status: below 300 the request is taken as usual, from 300 on nothing is."""
    return lambda call, honest: (
        replace(honest(), status=status, content=None) if status < 300 else _refusal(status, call)
    )


def _refusal(status: int, call: Call) -> Reply:
    if call.vendor == "meta" and status >= 500:
        return Reply(status, _PAGE, media_type="text/html")
    text = STATUS_TEXTS.get((call.vendor, status)) or _phrase(status)
    headers = {"Retry-After": "1"} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    return Reply(status, text, headers=headers)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"


def _timeout(_call: Call, honest: _Honest) -> Reply:
    return replace(honest(), manner="silent")


def _reset(_call: Call, honest: _Honest) -> Reply:
    return replace(honest(), manner="cut")


def _close(_call: Call, _honest: _Honest) -> Reply:
    return Reply(502, manner="cut")


def _slow(_call: Call, honest: _Honest) -> Reply:
    return replace(honest(), manner="slow")


def _wrong_json(_call: Call, honest: _Honest) -> Reply:
    return replace(honest(), content='{"events_received": 1, "mess', media_type="application/json")


def _html(_call: Call, _honest: _Honest) -> Reply:
    return Reply(502, _PAGE, media_type="text/html")


_PAGE = "<!doctype html><html><head><title>Error</title></head><body><h1>Sorry</h1></body></html>"

STATUS_TEXTS: Mapping[tuple[str, int], str] = {
    ("posthog", 429): "rate limited",
    ("posthog", 503): "transient error, please retry",
}

GENERAL_FAULTS: Mapping[str, Script] = {
    "timeout": _timeout,  # taken, never answered
    "reset": _reset,  # taken, the connection breaks in the answer
    "slow": _slow,  # taken, answered after five seconds
    "wrong-json": _wrong_json,  # taken, answered with JSON that ends too early
    "close": _close,  # not taken, the connection breaks
    "html": _html,  # not taken, a proxy's 502 page
}

VENDOR_FAULTS: Mapping[str, Mapping[str, Script]] = {
    "amplitude": AMPLITUDE_FAULTS,
    "clarity": CLARITY_FAULTS,
    "meta": META_FAULTS,
    "posthog": POSTHOG_FAULTS,
    "tiktok": TIKTOK_FAULTS,
    "google-ads": GOOGLE_ADS_FAULTS,
    "slack": SLACK_FAULTS,
}
