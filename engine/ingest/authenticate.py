"""Write keys -> Source: Basic auth, else ``writeKey`` in the body, else in the query."""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

from engine.ingest.stored_keys import KeyKind, StoredKey
from engine.model.cache import WRITE_KEYS, Caches
from engine.model.errors import Refused
from engine.model.event import Source
from engine.model.jsonvalue import Json, as_body
from engine.release.keys import digest_of
from engine.release.release import Release

AS_SDKS_DO = "send it as the Basic auth user or as writeKey"


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
    """Who may send, and who may change things: by the release's files, and by keys made since.

    Only digests are kept; a look-up compares those of equal length in constant time. A digest that
    was revoked is good for nothing, wherever else it stands.
    """

    def __init__(self, release: Release, caches: Caches) -> None:
        self._release = release
        self._caches = caches
        self._find = caches.wrap(WRITE_KEYS, self._search)
        self.use(())

    def use(self, stored: Sequence[StoredKey]) -> None:
        """From now on these are the keys that were made or revoked at run time."""
        files, known = self._release.keys, {one.name: one for one in self._release.spec.sources}
        revoked = {one.digest for one in stored if one.revoked_at is not None}
        sources = dict(files.write)
        admins = {files.admin} if files.admin else set()
        for one in stored:
            if one.kind is KeyKind.ADMIN:
                admins.add(one.digest)
            elif (spec := known.get(one.source)) is not None:
                sources[one.digest] = Source(spec.name, spec.kind, spec.unplanned)
        self._sources = [(key, source) for key, source in sources.items() if key not in revoked]
        self._admins = sorted(admins - revoked)
        self._readers = sorted({*self._admins, *({files.read} if files.read else ())} - revoked)
        self._caches.clear(WRITE_KEYS.name)

    @property
    def admin_is_open(self) -> bool:
        """Whether there is any admin token at all."""
        return bool(self._admins)

    def source_of(self, key: str | None, how: str = AS_SDKS_DO) -> Source:
        """The source with this write key; raises ``Refused`` (401) where there is none.

        ``how`` tells whom that is answered to how to send one.
        """
        source = self._find(key) if key is not None else None
        if source is None:
            what = "the write key is missing" if key is None else "no source has this write key"
            raise Refused(401, "invalid_write_key", f"{what}; {how}")
        return source

    def knows(self, key: str) -> bool:
        """Whether a source has this write key."""
        return self._find(key) is not None

    def is_admin(self, token: str) -> bool:
        """Whether this is an admin token."""
        return _is_among(token, self._admins)

    def is_reader(self, token: str) -> bool:
        """Whether this token may read: the read token, or an admin token."""
        return _is_among(token, self._readers)

    @property
    def reading_is_open(self) -> bool:
        """Whether there is any token that may read."""
        return bool(self._readers)

    def _search(self, key: str) -> Source | None:
        digest, found = digest_of(key), None
        for known, source in self._sources:
            if hmac.compare_digest(digest, known):
                found = source
        return found


def _is_among(token: str, digests: Sequence[str]) -> bool:
    digest, found = digest_of(token), False
    for known in digests:
        found |= hmac.compare_digest(digest, known)
    return found
