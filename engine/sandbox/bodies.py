"""Bodies as a vendor reads them: gzip, JSON, forms."""

import re
import zlib
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

import orjson

from engine.sandbox.call import Call, Json

MAX_BODY_BYTES = 32 * 1024 * 1024
"""More than any vendor takes; also the bound for a body after inflating."""

_GZIP_MAGIC = b"\x1f\x8b"
_AS_TEXT = re.compile(r"\s*[\[{]")


class UnreadableError(ValueError):
    """The body is not what its headers or its place say; the message tells what it is."""


def parse_json(raw: bytes) -> Json:
    """The JSON value of a body.

    Strict, as the vendors' parsers are: NaN, lone surrogates and trailing text are unreadable.
    """
    try:
        parsed: Json = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise UnreadableError(str(fault)) from None
    return parsed


def inflate(raw: bytes) -> bytes:
    """The bytes inside a gzip body, at most ``MAX_BODY_BYTES`` of them."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(raw, MAX_BODY_BYTES)
    except zlib.error as fault:
        raise UnreadableError(f"invalid gzip: {fault}") from None
    if not inflater.eof:
        raise UnreadableError("invalid gzip: cut off, or too large when inflated")
    return plain


def inflated_if_gzip(call: Call) -> bytes:
    """The body, inflated where its header or its first bytes say that it is gzip."""
    named = call.headers.get("content-encoding", "").strip().lower() == "gzip"
    return inflate(call.raw) if named or call.raw.startswith(_GZIP_MAGIC) else call.raw


def form_fields(call: Call) -> dict[str, str] | None:
    """The fields of a form body, or None where the body is not a form."""
    if call.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(call.raw.decode(errors="replace"), keep_blank_values=True))
    if call.content_type == "multipart/form-data":
        return _multipart_fields(call)
    return None


def visible(call: Call) -> bytes:
    """The body as ``/received`` shows it, as JSON text.

    JSON stays as it came, a form becomes an object (texts that hold JSON lists or objects
    decoded), anything else one text.
    """
    try:
        plain = inflated_if_gzip(call)
    except UnreadableError:
        plain = call.raw
    try:
        orjson.loads(plain)
    except orjson.JSONDecodeError:
        fields = form_fields(call)
        if fields is None:
            return orjson.dumps(plain.decode(errors="replace"))
        return orjson.dumps({name: decoded(text) for name, text in fields.items()})
    return plain


def decoded(value: Json) -> Json:
    """The value inside a text that holds a JSON list or object, at any depth of lists."""
    if isinstance(value, list):
        return [decoded(element) for element in value]
    if not isinstance(value, str) or not _AS_TEXT.match(value):
        return value
    try:
        return decoded(parse_json(value.encode()))
    except UnreadableError:
        return value


def _multipart_fields(call: Call) -> dict[str, str]:
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + call.raw)
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode(errors="replace")
    return fields
