"""Where browsers reach this server, by what a request tells of it."""

import re
from urllib.parse import urlsplit

from starlette.requests import Request

from engine.api.remote import came_by_proxy
from engine.model.errors import Refused
from engine.release.release import Release

HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


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
        host = _first(request, "x-forwarded-host") or host
    if not HOST.fullmatch(host):
        raise Refused(400, "invalid_host", "the request names no host; set server.public_url")
    return ("https" if _came_by_https(request) and not is_here(host) else scheme), host


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
