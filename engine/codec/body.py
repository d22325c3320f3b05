"""A JSON value as bytes, and back: what is kept of an event."""

import json
import math
from collections.abc import Mapping

import orjson

from engine.model.jsonvalue import Json

EXACT = b" "
"""Bytes that begin with this hold a number beyond 64 bits, which the fast parser would round."""


def dumps(value: Json) -> bytes:
    """The value as compact UTF-8 JSON; NaN and infinities become null, as JSON has none."""
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
        return EXACT + text.encode()


def loads(data: bytes) -> Json:
    """The value that ``dumps`` wrote; raises ``ValueError`` if it is no JSON."""
    value: Json = json.loads(data) if data.startswith(EXACT) else orjson.loads(data)
    return value


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
