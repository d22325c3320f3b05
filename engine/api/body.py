"""The bytes of a request, within their bounds: inflated if they are gzip, whatever their label."""

import json
import re
import zlib
from collections.abc import Callable, Iterator

import trio
from starlette.requests import ClientDisconnect, Request

from engine.api.room import claim_of
from engine.codec.lenient import read_in_steps, read_json
from engine.model.errors import Refused
from engine.model.jsonvalue import Json

GZIP_MAGIC = b"\x1f\x8b"
GZIP = 16 + zlib.MAX_WBITS
MOST_MEMBERS = 100
"""Of one gzip body; clients write one. Each costs a look at all that is left."""


LARGE_BYTES = 512 * 1024
"""More than this is read beside the loop: 8 MiB would stop it for 50 ms, or for a second."""

MOST_KEYS = 1_000
WRITE_KEY = re.compile(rb'"writeKey"\s*+:\s*+("(?:[^"\\]|\\.){1,2000}+")')


def anybody(_: bytes) -> None:
    """Of whom a large body is read without a further look at it."""


async def read_body(
    request: Request, most_bytes: int, look: Callable[[bytes], None] = anybody
) -> tuple[Json, tuple[str, ...]]:
    """The JSON of a request and the warnings over it; raises ``Refused`` (400, 503).

    ``look`` is given the bytes of a large body before the work of reading them, and may refuse.
    """
    return await json_of(request, await plain_bytes(request, most_bytes), look)


async def plain_bytes(request: Request, most_bytes: int) -> bytes:
    """The bytes of a request as they were before gzip; raises ``Refused`` (400, 503)."""
    data = await received(request, most_bytes)
    gzipped = "gzip" in request.headers.get("content-encoding", "").lower()
    if gzipped or data.startswith(GZIP_MAGIC):
        packed_bytes, data = len(data), inflated(data, most_bytes)
        claim_of(request).take(len(data))
        claim_of(request).give_back(packed_bytes)
    return data


async def json_of(
    request: Request, data: bytes, look: Callable[[bytes], None] = anybody
) -> tuple[Json, tuple[str, ...]]:
    """The JSON in the plain bytes of a request, as ``read_body`` gives it."""
    try:
        if len(data) <= LARGE_BYTES:
            return read_json(data)
        look(data)
        one_at_a_time = claim_of(request).reading
        return await trio.to_thread.run_sync(read_in_steps, data, limiter=one_at_a_time)
    except ValueError as error:
        raise Refused(400, "invalid_json", f"the body is no JSON: {error}") from error


async def received(request: Request, most_bytes: int) -> bytes:
    """The bytes of a request.

    Raises ``Refused``: 400 for too many, or where it breaks off, 503 where there is no room.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most_bytes:
        raise _too_large(most_bytes)
    claim, size_bytes = claim_of(request), 0
    chunks: list[bytes] = []
    try:
        with claim.coming():
            async for chunk in request.stream():
                size_bytes += len(chunk)
                if size_bytes > most_bytes:
                    raise _too_large(most_bytes)
                claim.take(len(chunk))
                chunks.append(chunk)
    except ClientDisconnect as error:
        raise Refused(400, "incomplete", "the connection ended within the body") from error
    return b"".join(chunks)


def named_keys(data: bytes) -> Iterator[str]:
    """What may be the write key in a body that is not read yet; of very many the first."""
    found = zip(range(MOST_KEYS), WRITE_KEY.finditer(data), strict=False)
    seen = dict.fromkeys(match[1] for _, match in found)
    for text in seen:
        try:
            yield str(json.loads(text))
        except ValueError:
            continue


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
