"""The bytes of a request -> JSON, reading what released SDKs really send.

Both Python SDKs write ``NaN`` and ``Infinity``; a cut emoji leaves a lone surrogate that no UTF-8
can hold (docs/clients.md, section 1). Both are mended here, each with a warning.
"""

import json
import re
from collections.abc import Mapping

import orjson

from engine.model.jsonvalue import Json

DEEPEST = 200
"""Levels of nesting that are read; no SDK comes near."""

BIG_NUMBER = re.compile(rb"[:\[,\s]-?[0-9]{19}")
"""An integer that may not fit in 64 bits, which the fast parser would round."""

SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(data: bytes) -> tuple[Json, tuple[str, ...]]:
    """The value, and a warning for each kind of mending; ``ValueError`` says why it is no JSON."""
    if not BIG_NUMBER.search(data):
        try:
            return _bounded(orjson.loads(data)), ()
        except orjson.JSONDecodeError:
            pass
    return _slowly(data)


def _slowly(data: bytes) -> tuple[Json, tuple[str, ...]]:
    warnings: dict[str, None] = {}

    def constant(name: str) -> None:
        warnings[f"{name} is no JSON number and was read as null"] = None

    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        warnings["bytes that are no UTF-8 were replaced"] = None
    try:
        value = json.loads(text, parse_constant=constant)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        value = _without_surrogates(value)
        warnings["lone surrogates were replaced by U+FFFD"] = None
    return _bounded(value), tuple(warnings)


def _without_surrogates(value: Json) -> Json:
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_mended(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _mended(key: str) -> str:
    return SURROGATE.sub("\ufffd", key)


def _bounded(value: Json) -> Json:
    """``value``, unless it is nested deeper than ``DEEPEST``."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _containers(outer)]
        if not level:
            return value
    raise ValueError("the JSON is nested too deeply")


def _containers(value: Json) -> list[Json]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for one in inner if type(one) is dict or type(one) is list]
