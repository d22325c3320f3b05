"""What a plain word of YAML is: the types of YAML 1.2 that JSON has too, and text else.

``no``, ``on``, ``12:30``, ``0777``, ``1_000``, dates: all text, as they look.
"""

import math
import re

from engine.model.jsonvalue import Json

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
TRUES = frozenset({"true", "True", "TRUE"})
FALSES = frozenset({"false", "False", "FALSE"})

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)

LONGEST_NUMBER = 400
LARGEST_INTEGER = 2**64 - 1
SMALLEST_INTEGER = -(2**63)


def value_of(word: str) -> Json:
    """The value of a plain word; raises ``ValueError`` for a number that JSON can't carry."""
    if word in NULLS:
        return None
    if word in TRUES or word in FALSES:
        return word in TRUES
    if NO_NUMBER.fullmatch(word):
        raise ValueError("no number that JSON can carry")
    if len(word) > LONGEST_NUMBER:
        return word
    if INTEGER.fullmatch(word) or OTHER_BASE.fullmatch(word):
        return whole(int(word, 0))
    return finite(float(word)) if FLOAT.fullmatch(word) else word


def whole(number: int) -> int:
    """The number itself; raises ``ValueError`` beyond 64 bits, which payloads can't carry."""
    if not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
        raise ValueError("a whole number of more than 64 bits")
    return number


def finite(number: float) -> float:
    """The number itself; raises ``ValueError`` if it is too large."""
    if not math.isfinite(number):
        raise ValueError("a number that is too large")
    return number
