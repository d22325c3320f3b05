"""Which listener a request came in by, and what may be done there without a key."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.ingest.authenticate import Keys
from engine.model.errors import Refused
from engine.project.listeners import ListenerSpec

LISTENER = "encamina.listener"
"""Where a request's scope holds the listener, if it isn't the first."""


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


def check_reader(request: Request, keys: Keys) -> None:
    """Pass, or raise ``Refused`` (401) for who may not read what the store keeps."""
    listener = listener_of(request)
    if listener is not None and not listener.needs_key:
        return
    if not keys.reading_is_open:
        message = "no token may read here; set server.read_token in encamina.yaml"
        raise Refused(401, "invalid_token", message)
    token = bearer_of(request)
    if token is None or not keys.is_reader(token):
        message = "no read token; send Authorization: Bearer TOKEN"
        raise Refused(401, "invalid_token", message)
