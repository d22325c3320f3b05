"""Keys made or revoked while it runs, as the state keeps them.

::

    key:<sha256 of the key, in hex>  a setting; JSON {"kind": "write" or "admin", "source", "name",
                                     "created_at", "revoked_at"}, moments in milliseconds

Written by ``engine/control/keys``, read at start and after each change. A key itself is never kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json, as_body
from engine.release.keys import FileKeys
from engine.state.interface import State

PREFIX = "key:"
IN_FILES = "in encamina.yaml"
"""The name of a key that was not made by us."""


class KeyKind(StrEnum):
    """What a key is good for: sending events, or changing things through /admin."""

    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key by its digest; ``source`` is empty for an admin token, ``name`` is for people."""

    digest: str
    kind: KeyKind
    source: str
    name: str
    created_at: Millis
    revoked_at: Millis | None = None


async def stored_keys(state: State) -> list[StoredKey]:
    """All of them, the oldest first."""
    found = await state.settings(PREFIX)
    keys = [_read(name.removeprefix(PREFIX), text) for name, text in found.items()]
    return sorted(keys, key=lambda one: (one.created_at, one.digest))


def keys_of_files(files: FileKeys, stored: Sequence[StoredKey]) -> list[StoredKey]:
    """The keys that stand in ``encamina.yaml``, but for those that are among the stored ones."""
    known = {one.digest for one in stored}
    keys = [
        StoredKey(digest, KeyKind.WRITE, source.name, IN_FILES, Millis(0))
        for digest, source in files.write.items()
    ]
    if files.admin is not None:
        keys.append(StoredKey(files.admin, KeyKind.ADMIN, "", IN_FILES, Millis(0)))
    return [one for one in keys if one.digest not in known]


async def store_key(state: State, key: StoredKey) -> None:
    """Keep this key, over what its digest held; durable when it returns."""
    told: Body = {
        "kind": str(key.kind),
        "source": key.source,
        "name": key.name,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
    await state.set_setting(f"{PREFIX}{key.digest}", dumps(told).decode())


def _read(digest: str, text: str) -> StoredKey:
    told = as_body(loads(text.encode()))
    revoked_at = told.get("revoked_at")
    return StoredKey(
        digest,
        KeyKind(str(told.get("kind"))),
        str(told.get("source") or ""),
        str(told.get("name") or ""),
        Millis(_number(told.get("created_at"))),
        None if revoked_at is None else Millis(_number(revoked_at)),
    )


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0
