"""Which listener a request came in by, and what may be done there without a key."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.api.remote import came_by_proxy
from engine.api.tries import Tries, guesser_of
from engine.ingest.authenticate import Keys
from engine.model.errors import Refused
from engine.project.listeners import ListenerSpec
from engine.release.release import Release

LISTENER = "encamina.listener"
"""Where a request's scope holds the listener, if it isn't the first."""

INNER_NAMES = (".localhost", ".local", ".internal", ".svc")
"""Ends of names that nobody can have in the public DNS (RFC 6761, 6762; ICANN; Kubernetes)."""


class AtListener:
    """An app as one of ``server.listeners:`` serves it."""

    def __init__(self, app: ASGIApp, spec: ListenerSpec) -> None:
        self._app = app
        self._spec = spec

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, which can see where the request came in."""
        await self._app({**scope, LISTENER: self._spec}, receive, send)


def listener_of(request: Request) -> ListenerSpec | None:
    """The further listener that the request came in by, None for ``server.listen``."""
    spec = request.scope.get(LISTENER)
    return spec if isinstance(spec, ListenerSpec) else None


def bearer_of(request: Request) -> str | None:
    """The token of ``Authorization: Bearer TOKEN``."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def open_listener_of(request: Request) -> ListenerSpec | None:
    """The listener that the request came in by, if whoever reaches it may send and read there."""
    listener = listener_of(request)
    return None if listener is None or listener.needs_key else listener


def is_of_a_page(request: Request, listener: ListenerSpec, release: Release) -> bool:
    """Whether a web page has the visitor's browser send this to a listener that asks for no key.

    Any page can do that, wherever the listener is, as long as the browser reaches it. Services send
    none of these headers of their own; what they hand on of their visitors' comes by way of
    ``server.trusted_proxies``, who answer for it. Pages whose origin the listener's source lists
    may send.
    """
    if came_by_proxy(request, release.spec.server.trusted_proxies):
        return False
    headers = request.headers
    if (origin := headers.get("origin")) is not None:
        return origin.lower() not in release.browsers.pages_of(listener.source or "").origins
    return "sec-fetch-site" in headers or _is_rebound(request)


def _is_rebound(request: Request) -> bool:
    """Whether a browser takes this address for a page's own, as the page's name points to it.

    Then it tells neither origin nor site. It has a language, as only browsers do (Node's ``fetch``
    too, but that always tells a mode, and browsers never the mode without the site), and the name
    is one of the public DNS.
    """
    headers = request.headers
    if "accept-language" not in headers or "sec-fetch-mode" in headers:
        return False
    name = headers.get("host", "").partition(":")[0].lower().removesuffix(".")
    is_address = name.rpartition(".")[2].isdigit()
    return "." in name and not is_address and not name.endswith(INNER_NAMES)


def not_for_pages() -> Refused:
    """The refusal of what ``is_of_a_page``."""
    return Refused(
        403,
        "origin_not_allowed",
        "browsers may not use this address, which asks for no key (auth: none); a service that "
        "hands on its visitors' headers belongs in server.trusted_proxies",
    )


def check_reader(request: Request, keys: Keys, release: Release, tries: Tries) -> None:
    """Pass, or raise ``Refused`` for who may not read what the store keeps.

    401 without a token or with a wrong one, 429 after too many of those, 403 for a page where none
    is asked for.
    """
    if (listener := open_listener_of(request)) is not None:
        if is_of_a_page(request, listener, release):
            raise not_for_pages()
        return
    if not keys.reading_is_open:
        message = "no token may read here; set server.read_token in encamina.yaml"
        raise Refused(401, "invalid_token", message)
    who = guesser_of(request, release.spec.server.trusted_proxies)
    tries.check(who)
    token = bearer_of(request)
    if token is None:
        message = "no read token; send Authorization: Bearer TOKEN"
        raise Refused(401, "invalid_token", message)
    if not keys.is_reader(token):
        tries.failed(who)
        message = "this token may not read; send server.read_token or an admin token"
        raise Refused(401, "invalid_token", message)
