"""Which pages of other sites may send: CORS as the browser SDKs need it (docs/browsers.md).

The write key may stand in the body alone, which a preflight doesn't have: it is answered for every
origin that any source lists. The request itself is then held to the list of its own source.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.api.problems import refusal
from engine.model.errors import Refused
from engine.model.event import Source, SourceKind
from engine.release.browsers import Browsers

PATHS = ("/v1/", "/sourceconfig", "/beacon/", "/pixel/")  # docs/clients.md
OWN_RULES = "/v1/mailbox/"
"""Below ``PATHS``, and yet with a list of origins of its own."""

METHODS = "GET, POST, OPTIONS"
USUAL = "authorization, content-type, x-retry-count, anonymousid, sentat"
NAMES = re.compile(r"[A-Za-z0-9_-]+([ \t]*,[ \t]*[A-Za-z0-9_-]+)*")
MOST_NAMES = 1_000
"""Characters of a list of headers that is repeated in an answer."""

PREFLIGHT_S = 600
REFUSAL = "encamina.refusal"
"""Where our web server takes headers from for what it refuses by itself."""


@dataclass(frozen=True, slots=True)
class Cors:
    """An app whose answers, refusals and faults too, can be read by the pages that may send."""

    app: ASGIApp
    browsers: Callable[[], Browsers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; let ``app`` answer the rest, and add what browsers look for."""
        if scope["type"] != "http" or not _is_ours(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        may_read = origin is not None and is_among(headers, self.browsers().origins)
        told = _told(origin if may_read else None)
        if (refusing := scope.get("extensions", {}).get(REFUSAL)) is not None:
            refusing["headers"] = [(b"Vary", b"Origin"), *_as_bytes(told)]
        app: ASGIApp = self.app
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            app = _preflight(headers, may_read=may_read)
        await app(scope, receive, _telling(send, told))


def check_origin(request: Request, source: Source, browsers: Browsers) -> None:
    """Pass, or raise ``Refused`` (403) for a page of a site that its source doesn't list.

    What a source of kind server sends is its own business: a service may hand on the headers of its
    visitor, and no page can read an answer that names no origin.
    """
    if source.kind is SourceKind.BROWSER and not is_among(
        request.headers, browsers.pages_of(source.name).origins
    ):
        raise Refused(
            403,
            "origin_not_allowed",
            f"pages of this origin may not send as {source.name}; sources.{source.name}.origins in "
            "encamina.yaml lists those that may",
        )


def is_among(headers: Headers, origins: frozenset[str]) -> bool:
    """Whether a request comes from such a page, from one of the server's own, or from no page."""
    origin = headers.get("origin")
    return (
        origin is None
        or origin.lower() in origins
        or headers.get("sec-fetch-site") == "same-origin"
        or _is_own(origin, headers.get("host", ""))
    )


def _is_ours(path: str) -> bool:
    return path.lower().startswith(PATHS) and not path.startswith(OWN_RULES)


def _is_own(origin: str, host: str) -> bool:
    try:
        return bool(host) and urlsplit(origin).netloc == host
    except ValueError:
        return False


def _preflight(headers: Headers, *, may_read: bool) -> Response:
    if not may_read:
        message = "pages of this origin may not send; origins: of a source lists those that may"
        return refusal(Refused(403, "origin_not_allowed", message))
    asked = headers.get("access-control-request-headers", "")
    known = len(asked) <= MOST_NAMES and NAMES.fullmatch(asked.strip())
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": asked.strip() if known else USUAL,
            "Access-Control-Max-Age": str(PREFLIGHT_S),
        },
    )


def _told(origin: str | None) -> Mapping[str, str]:
    """The headers by which the page at ``origin`` may read an answer."""
    if origin is None:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Retry-After",
    }


def _as_bytes(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


def _telling(send: Send, told: Mapping[str, str]) -> Send:
    """``send``, which adds the headers that are told to a page."""

    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            # For a cache between: the same address is answered differently to another page.
            headers.add_vary_header("Origin")
            headers.update(told)
        await send(message)

    return telling
