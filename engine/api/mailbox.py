"""What waits for a browser session: a page fetches it with the session's key, and acknowledges.

The key is the secret, so no write key is asked for: who can name a session's key may read what
waits for that session, and nothing else.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.api.body import read_body
from engine.api.problems import refusal
from engine.codec.body import loads
from engine.delivery.mailbox import TAKEN, is_session_key
from engine.model.clock import Clock
from engine.model.errors import Refused
from engine.model.jsonvalue import Body, Json, as_body
from engine.release.destination import Destination, Mode
from engine.release.mailbox import Mailbox
from engine.release.release import Release
from engine.state.interface import Mail, State
from engine.telemetry.notices import Notices

PATH = "/v1/mailbox/{destination}"
HANDED = 100
"""Most payloads of one answer, and most ids of one acknowledgement."""

MOST_BYTES = 64 * 1024
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}

Answering = Callable[[Request, Destination], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class MailboxApi:
    """What the routes need."""

    release: Callable[[], Release]
    state: State
    notices: Notices
    clock: Clock

    def routes(self) -> list[Route]:
        """Fetching and acknowledging, each with its preflight."""
        return [
            Route(PATH, self._guarded(self._fetch), methods=["GET"]),
            Route(f"{PATH}/ack", self._guarded(self._acknowledge), methods=["POST"]),
            Route(PATH, self._guarded(_preflight), methods=["OPTIONS"]),
            Route(f"{PATH}/ack", self._guarded(_preflight), methods=["OPTIONS"]),
        ]

    def _guarded(self, answer: Answering) -> Callable[[Request], Awaitable[Response]]:
        """The answer to pages of the mailbox's origins alone, refusals too told to them."""

        async def guarded(request: Request) -> Response:
            destination, mailbox = self._mailbox(request.path_params["destination"])
            headers = _headers(request, mailbox)
            try:
                response = await answer(request, destination)
            except Refused as refused:
                response = refusal(refused)
            response.headers.update(headers)
            return response

        return guarded

    def _mailbox(self, name: str) -> tuple[Destination, Mailbox]:
        destination = self.release().destination(name)
        if destination is None or destination.mailbox is None:
            raise Refused(404, "not_found", "no mailbox has this name")
        return destination, destination.mailbox

    async def _fetch(self, request: Request, destination: Destination) -> Response:
        key = _session_key(request)
        # One that is off has an empty mailbox, so that pages can keep their script.
        waiting: list[Mail] = []
        if destination.mode is not Mode.OFF:
            waiting = await self.state.mail(destination.name, key, now=self.clock(), limit=HANDED)
        return JSONResponse({"items": [_item(one) for one in waiting]})

    async def _acknowledge(self, request: Request, destination: Destination) -> Response:
        key = _session_key(request)
        body, _ = await read_body(request, MOST_BYTES)
        taken = await self.state.take(
            destination.name, key, _ids(body), reason=TAKEN, at=self.clock()
        )
        if taken:
            self.notices.deliveries(destination.name, "delivered", len(taken))
        return JSONResponse({"success": True, "taken": len(taken)})


async def _preflight(_: Request, __: Destination) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


def _headers(request: Request, mailbox: Mailbox) -> Mapping[str, str]:
    """The headers of every answer; raises ``Refused`` for a page of another site."""
    headers = {"Cache-Control": "no-store", "Vary": "Origin"}
    origin = request.headers.get("origin")
    if origin is None:
        return headers
    if (
        not _is_own(origin, request.headers.get("host", ""))
        and origin.lower() not in mailbox.origins
    ):
        message = "pages of this origin may not fetch; mailbox.origins names those that may"
        raise Refused(403, "origin_not_allowed", message)
    return {**headers, "Access-Control-Allow-Origin": origin}


def _is_own(origin: str, host: str) -> bool:
    """Whether a page of this server's own address asks."""
    try:
        return bool(host) and urlsplit(origin).netloc == host
    except ValueError:
        return False


def _session_key(request: Request) -> str:
    """The key; what is refused is its form, whether there is such a session is never told."""
    key = request.query_params.get("session", "")
    if not is_session_key(key):
        message = "session: expected the session's key, a UUID or 16 random characters and more"
        raise Refused(400, "invalid_session", message)
    return key


def _item(mail: Mail) -> Body:
    payload = mail.delivery.payload
    return {"id": mail.id, "payload": {} if payload is None else loads(payload)}


def _ids(body: Json) -> list[str]:
    ids = as_body(body).get("ids")
    if not isinstance(ids, list) or len(ids) > HANDED:
        message = f'the body is an object with a list "ids" of at most {HANDED}'
        raise Refused(400, "invalid_shape", message)
    return [one for one in ids if isinstance(one, str)]
