"""Keys made and revoked at run time; one takes effect at once where a server is asked."""

import secrets
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

    Revoked again, it stays as it was.
    """
    read.only(asked, {"id"})
    key = _one_of(await all_keys(control), read.needed(asked, "id").lower())
    if key.revoked_at is None:
        await store_key(control.state, replace(key, revoked_at=control.clock()))
        await _renew(control)
    return {
        "id": key.digest[:ID_LENGTH],
        "kind": str(key.kind),
        "source": key.source or None,
        "revoked": 0 if key.revoked_at is not None else 1,
    }


async def all_keys(control: Control) -> list[StoredKey]:
    """Those of the files, then those made since; what was revoked of the files is told once."""
    stored = await stored_keys(control.state)
    return [*keys_of_files(control.release, stored), *stored]


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


def _one_of(keys: list[StoredKey], id_: str) -> StoredKey:
    if len(id_) < ID_LENGTH:
        raise ControlError(f'id is "{id_}"; expected {ID_LENGTH} or more digits of it')
    found = [one for one in keys if one.digest.startswith(id_)]
    if len(found) != 1:
        what = "no key has" if not found else "several keys have"
        raise ControlError(f'{what} the id "{id_}"; `encamina keys list` shows them all')
    return found[0]
