"""Where browsers reach this server, by what a request tells of it."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

from starlette.requests import Request

from engine.api.remote import came_by_proxy
from engine.model.errors import Refused
from engine.release.release import Release

HOST = re.compile(r"(?:([A-Za-z0-9.-]{1,253})|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{1,5}))?", re.ASCII)
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
LAST_PORT = 65_535


def reached_at(request: Request, release: Release) -> tuple[str, str]:
    """The scheme, and the host with port and path, at which browsers reach this server.

    As ``server.public_url`` says; else as our own proxies say; else as the request says. Raises
    ``Refused`` (400) where none of them names a host.
    """
    if public := release.browsers.public_url:
        parts = urlsplit(public)
        return parts.scheme, parts.netloc + parts.path
    scheme, host = request.url.scheme, request.headers.get("host", "")
    if came_by_proxy(request, release.spec.server.trusted_proxies):
        told = _first(request, "x-forwarded-proto").lower()
        scheme = told if told in ("http", "https") else scheme
        outside = _first(request, "x-forwarded-host")
        # A proxy hands on what it was sent: what is no host there is as good as nothing.
        host = outside if is_host(outside) else host
    if not is_host(host):
        raise Refused(400, "invalid_host", "the request names no host; set server.public_url")
    return ("https" if _came_by_https(request) and not is_here(host) else scheme), host


def is_host(text: str) -> bool:
    """Whether this is a host that a browser can ask, with or without a port."""
    found = HOST.fullmatch(text)
    if found is None or (found[3] is not None and not 1 <= int(found[3]) <= LAST_PORT):
        return False
    if found[2] is not None:
        return _is_address(IPv6Address, found[2])
    labels = found[1].removesuffix(".").split(".")
    if labels[-1].isdigit():
        # Browsers take a name that ends in a number for an address.
        return _is_address(IPv4Address, found[1])
    return all(map(LABEL.fullmatch, labels))


def _is_address(kind: type[IPv4Address | IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return True


def is_private(request: Request, release: Release) -> bool:
    """Whether nobody on the way can read what the browser sends and is sent."""
    try:
        scheme, host = reached_at(request, release)
    except Refused:
        return False
    return scheme == "https" or is_here(host)


def is_here(host: str) -> bool:
    """Whether it is the browser's own machine, which pages of https may reach by http too."""
    return host.partition(":")[0] in ("localhost", "127.0.0.1") or host.startswith("[::1]")


def _came_by_https(request: Request) -> bool:
    """Whether the browser must have used https, though a proxy took it off on the way here.

    A page that came by https may ask by https alone, and these headers go nowhere else.
    """
    headers = request.headers
    return headers.get("origin", "").startswith("https://") or "sec-fetch-site" in headers


def _first(request: Request, name: str) -> str:
    """What the outermost of several proxies wrote."""
    return request.headers.get(name, "").split(",")[0].strip()
