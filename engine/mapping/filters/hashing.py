"""Filters that hash."""

import hashlib
import hmac
from base64 import b64encode
from typing import Any, Final

from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind
from engine.mapping.limits import utf8
from engine.model.cache import PERSONAL

HASH_LENGTH: Final = 64
HEX: Final = frozenset("0123456789abcdefABCDEF")

HASH_OF_NOTHING: Final = hashlib.sha256(b"").hexdigest()
"""What a shop sends that hashes an empty field; vendors refuse it, or match all of them as one."""


def is_hash(text: str) -> bool:
    """Whether a text is a SHA-256 in hex already: hashing it again would match nobody."""
    return len(text) == HASH_LENGTH and HEX.issuperset(text)


def known_hash(text: str) -> Any:
    """A text that ``is_hash`` in lower case; missing if it is the hash of nothing."""
    lower = text.lower()
    return None if lower == HASH_OF_NOTHING else lower


def sha256(text: str) -> Any:
    """The hash in lower-case hex; a hash passes, nothing and the hash of nothing give missing."""
    if len(text) == HASH_LENGTH and is_hash(text):
        return known_hash(text)
    return hashlib.sha256(utf8(text)).hexdigest() if text else None


def _hmac(text: str, key: str) -> bytes:
    return hmac.digest(utf8(key), utf8(text), "sha256")


_KEY = (Argument("key", Kind.TEXT),)

FILTERS: Final = (
    FilterSpec(
        "sha256",
        "its SHA-256 in hex, of a list each; what is one already passes, an empty text is missing",
        Kind.ID,
        Kind.TEXT,
        sha256,
        (
            Example(
                "ana@example.com",
                "8e43ca37701228e74983efdbd0cff5c16b3b1e5d4e29a7c05626d4d25a018e11",
            ),
            Example("", None),
            Example(HASH_OF_NOTHING, None),
        ),
        may_be_missing=True,
        cache=PERSONAL,
    ),
    FilterSpec(
        "hmac_sha256",
        "its HMAC-SHA-256 with the key, in hex: a signature",
        Kind.TEXT,
        Kind.TEXT,
        lambda text, key: _hmac(text, key).hex(),
        (
            Example(
                "hola",
                "67c0066d5104af2bd88decc45269ddb529a0097b8da4cfbbe58ec2a5f63ca50d",
                ("clave",),
            ),
        ),
        _KEY,
    ),
    FilterSpec(
        "hmac_sha256_base64",
        "its HMAC-SHA-256 with the key, in base64",
        Kind.TEXT,
        Kind.TEXT,
        lambda text, key: b64encode(_hmac(text, key)).decode(),
        (Example("hola", "Z8AGbVEEryvYjezEUmndtSmgCXuNpM+75Y7CpfY8pQ0=", ("clave",)),),
        _KEY,
    ),
)
