"""What one connection, and all of them together, may take of the server."""

from dataclasses import dataclass

RECEIVED_AT_ONCE = 64 * 1024
"""Bytes that are read in one go."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times in seconds, sizes in bytes.

    ``head_s`` is for the head of a request, counted from its first byte (of a new connection: from
    its beginning), ``request_s`` for all of its body, ``send_s`` for a client to take what it is
    sent, ``linger_s`` for it to see a refusal before the connection is closed, ``graceful_s`` for
    all requests under way when the server stops.
    """

    head_s: float = 10.0
    head_bytes: int = 16 * 1024
    keep_alive_s: float = 75.0  # longer than SDKs idle between flushes
    request_s: float = 30.0
    send_s: float = 30.0
    linger_s: float = 3.0
    graceful_s: float = 10.0
    max_connections: int = 10_000
