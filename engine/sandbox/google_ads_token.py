"""Tokens as Google's authorization server gives them to service accounts (RFC 7523)."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from engine.sandbox.bodies import UnreadableError, form_fields, parse_json
from engine.sandbox.call import Call, Json, Reply

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/datamanager"
LIFE_S = 3_600
SKEW_S = 60

ISSUED = re.compile(r"sandbox-(\d+)-[0-9a-f]{16}")
"""A token of this sandbox: when it ends, and something of the statement that it was given for."""


def token_reply(call: Call) -> Reply:
    """A token good for an hour, or OAuth's refusal of the statement."""
    fields = form_fields(call)
    if call.method != "POST" or fields is None:
        return _refusal("invalid_request", "expected a form that is posted")
    if fields.get("grant_type") != GRANT:
        return _refusal("unsupported_grant_type", f"expected {GRANT}")
    assertion = fields.get("assertion", "")
    fault = next(_faults(assertion, call.at), None)
    if fault is not None:
        return _refusal("invalid_grant", fault)
    digest = sha256(assertion.encode()).hexdigest()[:16]
    content: dict[str, Json] = {
        "access_token": f"sandbox-{int(call.at) + LIFE_S}-{digest}",
        "expires_in": LIFE_S,
        "token_type": "Bearer",
    }
    return Reply(200, content)


def _faults(assertion: str, now: float) -> Iterator[str]:
    parts = assertion.split(".")
    header, claims = (_decoded(part) for part in [*parts, "", ""][:2])
    if len(parts) != 3 or not parts[2] or header is None or claims is None:
        yield "Invalid JWT: expected three parts in base64url"
        return
    if header.get("alg") != "RS256":
        yield "Invalid JWT: expected the algorithm RS256"
    if not claims.get("iss"):
        yield "Invalid JWT: iss, the account, is missing"
    if claims.get("aud") != AUDIENCE:
        yield f"Invalid JWT: expected the audience {AUDIENCE}"
    if SCOPE not in str(claims.get("scope", "")).split():
        yield f"Invalid JWT: expected the scope {SCOPE}"
    issued, ends = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    if issued is None or ends is None:
        yield "Invalid JWT: iat and exp are whole seconds"
    elif not (issued - SKEW_S <= now < ends and 0 < ends - issued <= LIFE_S):
        yield "Invalid JWT: expected a statement of now that holds for an hour at most"


def _decoded(part: str) -> Mapping[str, Json] | None:
    try:
        value = parse_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, UnreadableError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _seconds(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _refusal(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})
