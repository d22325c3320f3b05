"""The bytes of a request, within their bounds: inflated if they are gzip, whatever their label."""

import zlib

from starlette.requests import ClientDisconnect, Request

from engine.codec.lenient import read_json
from engine.model.errors import Refused
from engine.model.jsonvalue import Json

GZIP_MAGIC = b"\x1f\x8b"
GZIP = 16 + zlib.MAX_WBITS
MOST_MEMBERS = 100
"""Of one gzip body; clients write one. Each costs a look at all that is left."""


async def read_body(request: Request, most_bytes: int) -> tuple[Json, tuple[str, ...]]:
    """The JSON of a request and the warnings over it; raises ``Refused`` (400)."""
    data = await received(request, most_bytes)
    gzipped = "gzip" in request.headers.get("content-encoding", "").lower()
    if gzipped or data.startswith(GZIP_MAGIC):
        data = inflated(data, most_bytes)
    try:
        return read_json(data)
    except ValueError as error:
        raise Refused(400, "invalid_json", f"the body is no JSON: {error}") from error


async def received(request: Request, most_bytes: int) -> bytes:
    """The bytes of a request; raises ``Refused`` (400) for too many, or where it breaks off."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most_bytes:
        raise _too_large(most_bytes)
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > most_bytes:
                raise _too_large(most_bytes)
    except ClientDisconnect as error:
        raise Refused(400, "incomplete", "the connection ended within the body") from error
    return bytes(data)


def inflated(data: bytes, most_bytes: int) -> bytes:
    """What gzip ``data`` holds, all its members; a bomb costs no more than ``most_bytes``."""
    plain = bytearray()
    for _ in range(MOST_MEMBERS + 1):
        if not data:
            return bytes(plain)
        inflater = zlib.decompressobj(wbits=GZIP)
        try:
            plain += inflater.decompress(data, most_bytes - len(plain) + 1)
        except zlib.error as error:
            raise Refused(400, "invalid_gzip", "the body is labelled gzip and is none") from error
        if len(plain) > most_bytes:
            raise _too_large(most_bytes)
        if not inflater.eof:
            raise Refused(400, "invalid_gzip", "the gzip body is cut off")
        data = inflater.unused_data
    raise Refused(400, "invalid_gzip", f"the gzip body has over {MOST_MEMBERS} members")


def _too_large(most_bytes: int) -> Refused:
    return Refused(
        400, "too_large", f"the body is larger than {most_bytes:,} bytes; send smaller batches"
    )
