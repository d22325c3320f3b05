"""Typed records of where else it listens: further HTTP addresses, and NestJS's TCP transport."""

from dataclasses import dataclass

from engine.project.networks import Network


@dataclass(frozen=True, slots=True)
class ListenerSpec:
    """One of ``server.listeners:``; who comes in here is ``source``, if it is named.

    ``needs_key`` is false with ``auth: none``: then the address is a loopback or private one.
    """

    listen: str
    source: str | None
    needs_key: bool


@dataclass(frozen=True, slots=True)
class NestSpec:
    """``nest:`` — NestJS message patterns over TCP, whose events are those of ``source``.

    Without ``certificate`` and ``client_ca`` (PEM files, relative to the project's folder) it
    listens on a loopback address, or takes only peers of the networks ``allow``.
    """

    listen: str
    source: str
    allow: tuple[Network, ...] = ()
    certificate: str | None = None
    key: str | None = None
    client_ca: str | None = None
    max_connections: int = 500
    max_frame_bytes: int = 1024 * 1024
