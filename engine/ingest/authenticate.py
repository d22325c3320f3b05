"""Write keys -> Source: Basic auth, else ``writeKey`` in the body, else in the query."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from engine.model.cache import WRITE_KEYS, Caches
from engine.model.errors import Refused
from engine.model.event import Source
from engine.model.jsonvalue import Json, as_body


def given_key(authorization: str | None, body: Json, query: Mapping[str, str]) -> str | None:
    """The write key that a request carries (docs/clients.md, section 1), None if it has none."""
    return _basic(authorization) or _text(as_body(body).get("writeKey")) or query.get("writeKey")


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _basic(authorization: str | None) -> str | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return decoded.partition(":")[0] or None


class Keys:
    """The write keys of a release; a look-up compares digests of equal length in constant time."""

    def __init__(self, write_keys: Mapping[str, Source], caches: Caches) -> None:
        self._sources = [(_digest(key), source) for key, source in write_keys.items()]
        self._find = caches.wrap(WRITE_KEYS, self._search)

    def source_of(self, key: str | None) -> Source:
        """The source with this write key; raises ``Refused`` (401) where there is none."""
        source = self._find(key) if key is not None else None
        if source is None:
            what = "the write key is missing" if key is None else "no source has this write key"
            raise Refused(
                401, "invalid_write_key", f"{what}; send it as the Basic auth user or as writeKey"
            )
        return source

    def _search(self, key: str) -> Source | None:
        digest, found = _digest(key), None
        for known, source in self._sources:
            if hmac.compare_digest(digest, known):
                found = source
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
