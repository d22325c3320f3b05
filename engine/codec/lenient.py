"""The bytes of a request -> JSON, reading what released SDKs really send.

Both Python SDKs write ``NaN`` and ``Infinity``; a cut emoji leaves a lone surrogate that no UTF-8
can hold (docs/clients.md, section 1). Both are mended here, each with a warning.
"""

import codecs
import json
import math
import re
from collections.abc import Mapping
from json import decoder as json_decoder
from json import scanner as json_scanner
from typing import Any

import orjson

from engine.model.jsonvalue import Json

DIGITS = bytes(ord("0") if chr(byte).isdigit() else ord(" ") for byte in range(128)) + b" " * 128
LONG = b"0" * 19
"""So many digits in a row may be an integer that doesn't fit in 64 bits."""

LONGEST_NUMBER = 308
"""Digits of an integer that is read: with more it is beyond every double, as 1e400 is."""

TOO_LONG = b"0" * (LONGEST_NUMBER + 1)
HALVES = (b"\\ud", b"\\uD")
"""How every half of a pair begins; where none stands, none is alone."""

SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(data: bytes) -> tuple[Json, tuple[str, ...]]:
    """The value, and a warning for each kind of mending; ``ValueError`` says why it is no JSON.

    What is nested some hundred levels deep is refused, at the latest by who looks into it.
    """
    # Translating first makes this search 20 times as fast as a regular expression.
    if LONG not in data.translate(DIGITS):
        try:
            return orjson.loads(data), ()
        except orjson.JSONDecodeError:
            pass
    return _slowly(data, in_steps=False)


def without_overflow(value: Json) -> tuple[Json, tuple[str, ...]]:
    """The value with null for numbers beyond every double, such as 1e400, and a warning if so.

    The parsers give infinity for them, which no schema and no JSON knows.
    """
    if _is_within(value):
        return value, ()
    return _within(value), ("a number that is too large for any computer was read as null",)


def _is_within(value: Json) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_is_within, value.values()))
    return all(map(_is_within, value)) if isinstance(value, list) else True


def _within(value: Json) -> Json:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _within(item) for key, item in value.items()}
    return [_within(item) for item in value] if isinstance(value, list) else value


def read_in_steps(data: bytes) -> tuple[Json, tuple[str, ...]]:
    """What ``read_json`` gives, for a thread beside others: each element of a list is a step.

    Between two steps another thread gets its turn. Within one, and in the fast parser from its
    beginning to its end, none does: 8 MiB would hold up all of them for 50 ms and more.
    """
    return _slowly(data, in_steps=True)


def _slowly(data: bytes, *, in_steps: bool) -> tuple[Json, tuple[str, ...]]:
    try:
        return _decoded(data, in_steps=in_steps)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def _decoded(data: bytes, *, in_steps: bool) -> tuple[Json, tuple[str, ...]]:
    warnings: dict[str, None] = {}

    def constant(name: str) -> None:
        warnings[f"{name} is no JSON number and was read as null"] = None

    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        warnings["bytes that are no UTF-8 were replaced"] = None

    def whole(digits: str) -> int | None:
        if len(digits) > LONGEST_NUMBER:
            constant(f"a number of {len(digits)} digits")
            return None
        return int(digits)

    # A function of ours, called for each number, makes it six times as slow.
    is_long = TOO_LONG in data.translate(DIGITS)
    decoder = json.JSONDecoder(parse_constant=constant, parse_int=whole if is_long else None)
    if in_steps:
        _go_in_steps(decoder)
    value = decoder.decode(text)
    if any(half in data for half in HALVES) and not _is_sound(value):
        value = _without_surrogates(value)
        warnings["lone surrogates were replaced by U+FFFD"] = None
    return value, tuple(warnings)


def _go_in_steps(decoder: Any) -> None:
    """Have the outermost objects and lists gone through in Python, and only the rest in C.

    Both are in the standard library; the one in Python is there for where C is not.
    """
    decoder_of_lists: Any = json_decoder
    scanners: Any = json_scanner
    at_once = decoder.scan_once
    decoder.parse_array = lambda where, _: decoder_of_lists.JSONArray(where, at_once)
    decoder.scan_once = scanners.py_make_scanner(decoder)


def _is_sound(value: Json) -> bool:
    if isinstance(value, str):
        return value.isascii() or not SURROGATE.search(value)
    if isinstance(value, Mapping):
        return all(_is_sound(key) and _is_sound(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_sound, value))
    return True


def _without_surrogates(value: Json) -> Json:
    if isinstance(value, str):
        return _mended(value)
    if isinstance(value, Mapping):
        return {_mended(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def _mended(text: str) -> str:
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)
