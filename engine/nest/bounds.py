"""What one connection, and all of them together, may take of the server."""

from dataclasses import dataclass

RECEIVED_AT_ONCE = 64 * 1024
"""Bytes that are read in one go."""

LARGE_CHARACTERS = 256 * 1024
"""More than this is parsed beside the loop, which it would stop for some milliseconds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times in seconds, sizes in bytes; ``max_frame`` in UTF-16 units, as a frame's length counts.

    ``frame_s`` is the wait for the rest of a frame that has begun, ``send_s`` the time in which a
    caller takes an answer, ``graceful_s`` what is left for answers under way when the server stops.
    ``at_once`` packets of one connection are worked on at a time: then no more is read from it.
    """

    max_connections: int = 500
    max_frame: int = 1024 * 1024
    max_in_flight_bytes: int = 64 * 1024 * 1024
    at_once: int = 64
    handshake_s: float = 10.0
    frame_s: float = 30.0
    send_s: float = 30.0
    linger_s: float = 3.0
    graceful_s: float = 10.0
