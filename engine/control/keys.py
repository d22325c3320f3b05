"""Keys made and revoked at run time; one takes effect at once where a server is asked."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from engine.control import asked as read
from engine.control.control import Control, ControlError
from engine.ingest.stored_keys import KeyKind, StoredKey, keys_of_files, store_key, stored_keys
from engine.model.jsonvalue import Body
from engine.model.names import did_you_mean
from engine.release.keys import digest_of

PREFIXES = {KeyKind.WRITE: "enc_w_", KeyKind.ADMIN: "enc_a_"}
"""So that a key is recognised where it leaks, by people and by secret scanners."""

RANDOM_BYTES = 32
ID_LENGTH = 8
LONGEST_NAME = 100
ANY = {"kind", "source", "name"}
LAST = "without one, commands can change nothing beside a running server"


async def create(control: Control, asked: Body) -> Body:
    """Make a key: ``{"kind": "write", "source", "name"}`` or ``{"kind": "admin", "name"}``.

    Gives it in clear, this once; only its digest is kept.
    """
    read.only(asked, ANY)
    kind = _kind(read.needed(asked, "kind"))
    source, name = read.text(asked, "source"), read.text(asked, "name") or ""
    _check(control, kind, source, name)
    key = PREFIXES[kind] + secrets.token_urlsafe(RANDOM_BYTES)
    made = StoredKey(digest_of(key), kind, source or "", name, control.clock())
    await store_key(control.state, made)
    await _renew(control)
    return {"key": key, "id": made.digest[:ID_LENGTH], "kind": str(kind), "source": source}


async def revoke(control: Control, asked: Body) -> Body:
    """Revoke the key whose digest begins with ``{"id"}``, made here or standing in the files.

    Revoked again, it stays as it was. The last admin token needs ``"last": true``: after it nobody
    can change anything through ``/admin``. ``left`` is how many good keys the source still has, or
    how many good tokens there are.
    """
    read.only(asked, {"id", "last"})
    keys, may_be_last = await all_keys(control), read.flag(asked, "last")
    key = key_of(keys, read.needed(asked, "id"))
    if is_last_token(keys, key) and not may_be_last:
        raise ControlError(
            f"{key.digest[:ID_LENGTH]} is the last admin token, and nothing was revoked: {LAST}. "
            "Make another first, `encamina keys create --admin`, or say that it may be the last: "
            '--yes, or "last": true'
        )
    if key.revoked_at is None:
        await store_key(control.state, replace(key, revoked_at=control.clock()))
        await _renew(control)
    return {
        "id": key.digest[:ID_LENGTH],
        "kind": str(key.kind),
        "source": key.source or None,
        "revoked": 0 if key.revoked_at is not None else 1,
        "left": len(_others(keys, key)),
    }


async def all_keys(control: Control) -> list[StoredKey]:
    """Those of the files, then those made since; what was revoked of the files is told once."""
    stored = await stored_keys(control.state)
    return [*keys_of_files(control.release.keys, stored), *stored]


def key_of(keys: Sequence[StoredKey], id_: str) -> StoredKey:
    """The key whose digest begins so; raises ``ControlError`` where that is not one."""
    id_ = id_.lower()
    if len(id_) < ID_LENGTH:
        raise ControlError(f'id is "{id_}"; expected {ID_LENGTH} or more digits of it')
    found = [one for one in keys if one.digest.startswith(id_)]
    if len(found) != 1:
        what = "no key has" if not found else "several keys have"
        raise ControlError(f'{what} the id "{id_}"; `encamina keys list` shows them all')
    return found[0]


def is_last_token(keys: Sequence[StoredKey], key: StoredKey) -> bool:
    """Whether the key is the only admin token that is good."""
    return key.kind is KeyKind.ADMIN and key.revoked_at is None and not _others(keys, key)


def _others(keys: Sequence[StoredKey], key: StoredKey) -> list[StoredKey]:
    """The good keys, but for this one, that are good for the same."""
    return [
        one
        for one in keys
        if (one.kind, one.source) == (key.kind, key.source)
        and one.revoked_at is None
        and one.digest != key.digest
    ]


async def _renew(control: Control) -> None:
    if control.keys is not None:
        control.keys.use(await stored_keys(control.state))


def _kind(text: str) -> KeyKind:
    try:
        return KeyKind(text)
    except ValueError:
        raise ControlError(f'kind is "{text}"; expected write or admin') from None


def _check(control: Control, kind: KeyKind, source: str | None, name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise ControlError(f"the name has {len(name)} characters; at most {LONGEST_NAME}")
    if kind is KeyKind.ADMIN:
        if source is not None:
            raise ControlError("an admin token has no source; it is good for all of /admin")
        return
    known = [one.name for one in control.release.spec.sources]
    if source is None:
        raise ControlError(f"source is missing; encamina.yaml has {', '.join(known)}")
    if source not in known:
        hint = did_you_mean(source, known) or f"encamina.yaml has {', '.join(known)}"
        raise ControlError(f'no source "{source}"; {hint}')
