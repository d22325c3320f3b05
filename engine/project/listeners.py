"""Typed records of where else it listens: further HTTP addresses, and NestJS's TCP transport."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

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

    Without one they are those of the mapping that takes them in. Without ``certificate`` and
    ``client_ca`` (PEM files, relative to the project's folder) it listens on a loopback address, or
    takes only peers of the networks ``allow``.
    """

    listen: str
    source: str | None = None
    allow: tuple[Network, ...] = ()
    certificate: str | None = None
    key: str | None = None
    client_ca: str | None = None
    max_connections: int = 500
    max_frame_bytes: int = 1024 * 1024

    @property
    def takes_anybody(self) -> bool:
        """Whether whoever reaches the address could send and read."""
        return not (is_loopback(self.listen) or self.allow or self.client_ca)


def address_of(listen: str) -> IPv4Address | IPv6Address | None:
    """The address in ``HOST:PORT``, None for a host name that isn't ``localhost``."""
    host = listen.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None


def is_loopback(listen: str) -> bool:
    """Whether only this machine can come in there."""
    address = address_of(listen)
    return address is not None and address.is_loopback


def is_private(listen: str) -> bool:
    """Whether the address is a loopback or private one; one that stands for all is not."""
    address = address_of(listen)
    return address is not None and address.is_private and not address.is_unspecified
