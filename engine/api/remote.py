"""Who a request comes from: the socket's peer, or whom our own proxies say that they speak for."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.requests import Request

from engine.project.networks import Network

FORWARDED_FOR = "x-forwarded-for"
MOST_PROXIES = 20
"""Addresses that are looked at, from the right: a longer list was made up."""


def remote_ip(request: Request, trusted: Sequence[Network]) -> str | None:
    """The address of the client, None where it isn't known.

    ``X-Forwarded-For`` counts only from ``trusted`` peers. It is read from the right, where our own
    proxies write, up to the first address that is none of theirs; further left stands what anybody
    may have made up. What is no address there makes the client an unknown one.
    """
    peer = request.client.host if request.client else None
    if not trusted or peer is None:
        return peer
    address = parse_address(peer)
    listed = ",".join(request.headers.getlist(FORWARDED_FOR))
    for text in reversed(listed.split(",")[-MOST_PROXIES:] if listed.strip() else []):
        if address is None or not _is_in(address, trusted):
            break
        address = parse_address(text)
    return None if address is None else str(address)


def came_by_proxy(request: Request, trusted: Sequence[Network]) -> bool:
    """Whether one of our own proxies handed the request on, so that its headers can be believed."""
    address = parse_address(request.client.host) if trusted and request.client else None
    return address is not None and _is_in(address, trusted)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in a text such as ``1.2.3.4:80``, ``[::1]:80`` or ``::ffff:1.2.3.4``, or None."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
