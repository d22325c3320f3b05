"""Typed records of where else it listens: further HTTP addresses, and NestJS's TCP transport."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from engine.project.networks import Network

Address: TypeAlias = IPv4Address | IPv6Address

PRIVATE = tuple(
    ip_network(one)
    for one in (
        *("127.0.0.0/8", "::1/128"),  # this machine
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),  # RFC 1918, RFC 4193
        *("169.254.0.0/16", "fe80::/10"),  # the cable
    )
)
"""Named, as Python's ``is_private`` also holds networks for documentation and for nobody."""

LOCALHOST: frozenset[Address | str] = frozenset({ip_address("127.0.0.1"), ip_address("::1")})


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


def address_of(listen: str) -> Address | None:
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
    """Whether the address is a loopback, private or link-local one."""
    address = address_of(listen)
    return address is not None and any(address in network for network in PRIVATE)


def is_same(one: str, other: str) -> bool:
    """Whether two ``HOST:PORT`` can't both be listened on; port 0 takes a free one each time."""
    port = _port(one)
    if port != _port(other) or port == 0:
        return False
    return any(_meet(left, right) for left in _hosts(one) for right in _hosts(other))


def _port(listen: str) -> int | None:
    text = listen.rpartition(":")[2]
    return int(text) if text.isascii() and text.isdigit() else None


def _hosts(listen: str) -> frozenset[Address | str]:
    host = listen.rpartition(":")[0].lower()
    if host == "localhost":
        return LOCALHOST
    return frozenset({address_of(listen) or host})


def _meet(one: Address | str, other: Address | str) -> bool:
    """Whether they are one address, or one stands for all and the other is of its kind."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    for_all = one.is_unspecified or other.is_unspecified
    return one == other or (for_all and one.version == other.version)
