"""What the web server itself refuses, in the form in which the app refuses: an object as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import h11


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a request that the app never sees, or not to its end."""

    status: int
    code: str
    message: str


class Unfit(Exception):  # noqa: N818 - reads as what happened
    """What came is no request, or stops half way."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


TOO_SLOW_HEAD = Refusal(408, "timeout", "the head of the request did not come in time")
TOO_SLOW_BODY = Refusal(408, "timeout", "the body of the request did not come in time")
TOO_LARGE_HEAD = Refusal(431, "too_large", "the address or the headers are too large")
NO_HTTP = Refusal(400, "invalid_request", "this is no well-formed HTTP/1.1 request")
NOT_HTTP_1 = Refusal(400, "invalid_request", "expected HTTP/1.1 or HTTP/1.0")
TWO_LENGTHS = Refusal(
    400, "invalid_request", "expected Content-Length or Transfer-Encoding, and not both"
)
SMALL_CHUNKS = Refusal(400, "invalid_request", "the body comes in too many small chunks")
FAULT = Refusal(503, "internal_fault", "the request could not be handled; send it again")
FULL = Refusal(503, "too_many_connections", "the server has no connection free; come back later")

RETRY_AFTER_S = 10


def unfit(error: h11.RemoteProtocolError) -> Unfit:
    """What is no HTTP, told without a word of what was sent."""
    return Unfit(TOO_LARGE_HEAD if error.error_status_hint == TOO_LARGE_HEAD.status else NO_HTTP)


def answer(refusal: Refusal, more: Sequence[tuple[bytes, bytes]] = ()) -> tuple[h11.Event, ...]:
    """The whole answer, with ``more`` headers.

    The connection is closed after it, as nobody knows where it stands.
    """
    body = json.dumps({"success": False, "code": refusal.code, "message": refusal.message}).encode()
    headers = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Connection", b"close"),
        *more,
    ]
    if refusal.status == FULL.status:
        headers.append((b"Retry-After", b"%d" % RETRY_AFTER_S))
    head = h11.Response(status_code=refusal.status, headers=headers)
    return head, h11.Data(data=body), h11.EndOfMessage()
