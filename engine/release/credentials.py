"""The key of a service account: the JSON that ``auth.credentials`` is, or is the path of."""

from pathlib import Path

from engine.codec.body import loads
from engine.codec.jwt import signed_jwt
from engine.model.jsonvalue import Body, as_body
from engine.release.auth import ServiceAccount


def account_key(account: ServiceAccount) -> Body:
    """An object with ``client_email`` and ``private_key``.

    Raises ``ValueError`` in words for a person, which tell nothing of what the key holds.
    """
    try:
        given = account.credentials.startswith("{")
        raw = account.credentials.encode() if given else Path(account.credentials).read_bytes()
        key = loads(raw)
    except OSError as fault:
        words = f"the file can't be read: {fault.strerror or type(fault).__name__}"
        raise ValueError(words) from None
    except ValueError:
        raise ValueError("expected the JSON of a service account's key") from None
    lacking = [name for name in ("client_email", "private_key") if not as_body(key).get(name)]
    if lacking:
        raise ValueError(f"the key has no {' and no '.join(lacking)}")
    return as_body(key)


def key_fault(account: ServiceAccount) -> str:
    """Why nothing can be signed with the account's key, in words; empty where it can."""
    try:
        signed_jwt({}, str(account_key(account)["private_key"]))
    except ValueError as fault:
        return str(fault)
    return ""
