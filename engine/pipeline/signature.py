"""Whether a posted body was signed by who knows the secret."""

import base64
import binascii
import hmac
from collections.abc import Mapping

from engine.mapping.compile import Template
from engine.mapping.missing import MISSING
from engine.model.clock import Millis, from_iso
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Body, Json
from engine.release.posts import RAW_BODY, Signature

SECONDS_END = 100_000_000_000
"""A number below this is seconds since 1970, above it milliseconds (pipeline/normalise)."""

MOST_GIVEN = 20
"""Signatures that are looked at: while a secret is changed there are two."""


def wrong_signature(
    signature: Signature, headers: Mapping[str, str], raw_body: bytes, now: Millis
) -> str:
    """In words why a body can't be believed; the empty text where it can.

    One signature that fits is enough. A time that is told has to be within the tolerance of now,
    before or after: a body that was signed once can't be sent again for ever.
    """
    names: Body = {"headers": dict(headers)}
    given = [one for one in _several(_value(signature.given, names)) if isinstance(one, str)]
    if not given:
        return "the body is not signed"
    if signature.at is not None:
        at = _moment(_value(signature.at, names))
        if at is None:
            return "the signature doesn't say when it was made"
        if abs(now - at) > signature.tolerance_ms:
            return "the signature is too old, or a clock is wrong"
    signed = _signed(signature, names, raw_body)
    if signed is None:
        return "what would have to be signed with the body did not come"
    digest = hmac.digest(signature.secret.encode(), signed, "sha256")
    fits = False
    for one in given[:MOST_GIVEN]:
        told = _bytes(one, signature.encoding)
        fits |= told is not None and hmac.compare_digest(told, digest)
    return "" if fits else "the signature does not fit the body"


def _signed(signature: Signature, names: Body, raw_body: bytes) -> bytes | None:
    """The bytes that have to be signed; None where the body is no part of them."""
    if signature.signed is None:
        return raw_body
    text = _value(signature.signed, {**names, "raw_body": RAW_BODY})
    pieces = text.split(RAW_BODY) if isinstance(text, str) else []
    if len(pieces) < 2:
        return None
    return raw_body.join(piece.encode("utf-8", "surrogateescape") for piece in pieces)


def _value(template: Template, names: Body) -> Json:
    try:
        value = template.render(names).value
    except BoundPassed:
        return None
    return None if value is MISSING else value


def _several(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _bytes(text: str, encoding: str) -> bytes | None:
    try:
        if encoding == "hex":
            return bytes.fromhex(text.strip())
        return base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        return None


def _moment(value: Json) -> Millis | None:
    text = str(value).strip()
    if text.isascii() and text.isdigit() and len(text) < 16:
        number = int(text)
        return Millis(number * 1000 if number < SECONDS_END else number)
    return from_iso(text)
