"""The tracking API that the published SDKs of Segment and RudderStack speak (docs/clients.md)."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.api.body import named_keys, read_body, received
from engine.api.cookies import Draw, Visit
from engine.api.cors import check_origin
from engine.api.reached import is_private
from engine.api.remote import remote_ip
from engine.api.room import claim_of
from engine.codec.body import dumps
from engine.ingest.accept import Ingest, accept
from engine.ingest.authenticate import Keys, given_key
from engine.ingest.guard import Guard
from engine.ingest.summary import summary
from engine.model.clock import Clock, Millis
from engine.model.errors import Refused
from engine.model.event import Inbound, Source, SourceKind
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import Accepted, Duplicate

SINGLE = {
    "track": ("track", "t"),
    "identify": ("identify", "i"),
    "page": ("page", "p"),
    "screen": ("screen", "s"),
    "group": ("group", "g"),
    "alias": ("alias", "a"),
}
BATCH = ("batch", "b")
IMPORT = "import"
METRICS = "m"
SHARED = ("context", "integrations")


@dataclass(frozen=True, slots=True)
class TrackingApi:
    """What the routes need; ``keys`` is asked for anew each time, as the release can change."""

    ingest: Ingest
    keys: Callable[[], Keys]
    clock: Clock
    guard: Guard
    draw: Draw = secrets.randbelow

    def routes(self) -> list[Route]:
        """The paths, each with and without a trailing slash: a redirect would lose the body."""
        # They are tried one by one: first what nearly all SDKs send to.
        routes = _posts(BATCH, self.batch)
        for type_, names in SINGLE.items():
            routes += _posts(names, self._single(type_))
        routes += _posts((IMPORT,), self._import)
        routes += _posts((METRICS,), self._metrics)
        return routes

    def _single(self, type_: str) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            body, warnings = await self._read(request)
            if not isinstance(body, Mapping):
                raise Refused(400, "invalid_shape", "the body is one event: a JSON object")
            item = {**without_key(body), "type": type_}
            return await self.take(request, body, [item], warnings)

        return take

    async def batch(self, request: Request) -> Response:
        """The answer to a batch."""
        return await self._batch(request, SourceKind)

    async def _import(self, request: Request) -> Response:
        """The old name of a batch, for what happened elsewhere: no visitor may tell such things."""
        return await self._batch(request, (SourceKind.SERVER,))

    async def _batch(self, request: Request, kinds: Iterable[SourceKind]) -> Response:
        body, warnings = await self._read(request)
        items = as_body(body).get("batch")
        if not isinstance(body, Mapping) or not isinstance(items, list):
            raise Refused(400, "invalid_shape", 'the body is an object with a list "batch"')
        most = self.ingest.release().spec.server.max_batch_events
        if len(items) > most:
            raise Refused(400, "too_large", f"{len(items):,} events in one batch; at most {most:,}")
        # Before the events are made: of whoever has no key, nothing is worked out.
        self._known(given_key(request.headers.get("authorization"), body, request.query_params))
        shared = self._shared(body, len(items))
        merged = [_merged(item, shared) for item in items]
        return await self.take(request, body, merged, warnings, kinds)

    def _shared(self, body: Body, events: int) -> Body:
        """What a batch says for all of its events; ``Refused`` (400) where that is too much."""
        shared = {key: body[key] for key in SHARED if isinstance(body.get(key), Mapping)}
        most = self.ingest.release().spec.server.max_request_bytes
        if shared and (size := len(dumps(shared)) * events) > most:
            message = (
                f"the batch's {' and '.join(shared)}, given to each of its {events:,} events, "
                f"would be {size:,} bytes; at most {most:,}"
            )
            raise Refused(400, "too_large", message)
        return shared

    async def _metrics(self, request: Request) -> Response:
        """A browser SDK's metrics about itself, which carry no key: taken, and not kept."""
        await received(request, self.ingest.release().spec.server.max_request_bytes)
        return JSONResponse({"success": True})

    async def take(
        self,
        request: Request,
        body: Body,
        items: Sequence[Json],
        warnings: tuple[str, ...] = (),
        kinds: Iterable[SourceKind] = SourceKind,
    ) -> Response:
        """The answer to these events, which came in ``body`` and are durable when it returns.

        Raises ``Refused`` for a key that is unknown, over its rate, of none of these kinds, or used
        by a page that may not.
        """
        source = self._source(request, body, len(items), kinds)
        remote = remote_ip(request, self.ingest.release().spec.server.trusted_proxies)
        sent_at = body.get("sentAt") or request.headers.get("sentat")
        received_at = self.clock()
        visit = self._visit(request, source, received_at)
        if visit is not None:
            items = await visit.filled(items)
        verdicts = await accept(
            self.ingest,
            [
                Inbound(
                    source,
                    item,
                    received_at,
                    index,
                    sent_at if isinstance(sent_at, str) else None,
                    remote,
                    request.headers.get("user-agent"),
                )
                for index, item in enumerate(items)
            ],
        )
        answer = JSONResponse(summary(verdicts, warnings))
        if visit is not None:
            kept = any(isinstance(one, Accepted | Duplicate) for one in verdicts)
            visit.give(answer.headers, items, kept=kept)
        return answer

    def _visit(self, request: Request, source: Source, now: Millis) -> Visit | None:
        """The visit of a browser that may have cookies, None where it may not."""
        release = self.ingest.release()
        spec = release.browsers.pages_of(source.name).cookies
        if spec is None or not is_private(request, release) or _is_led_here(request):
            return None
        return Visit(spec, request.cookies, now, self.draw)

    async def _read(self, request: Request) -> tuple[Json, tuple[str, ...]]:
        """The body and its warnings; of who names no key, or a wrong one, as little as can be."""
        most_bytes = self.ingest.release().spec.server.max_request_bytes
        early = given_key(request.headers.get("authorization"), None, request.query_params)
        if early is None:
            return await read_body(request, most_bytes, self._look)
        self._known(early)
        claim_of(request).known = True
        return await read_body(request, most_bytes)

    def _look(self, data: bytes) -> None:
        """Pass, or raise ``Refused`` (401) for a body in which no known key stands."""
        first = None
        for key in named_keys(data):
            if self.keys().knows(key):
                return
            first = first or key
        self._known(first)

    def _known(self, key: str | None) -> Source:
        """The source of this key; raises ``Refused`` (401), counted, where there is none."""
        try:
            return self.keys().source_of(key)
        except Refused:
            self.ingest.notices.turned_away("write key")
            raise

    def _source(
        self, request: Request, body: Json, events: int, kinds: Iterable[SourceKind]
    ) -> Source:
        authorization = request.headers.get("authorization")
        key = given_key(authorization, body, request.query_params)
        source = self._known(key)
        check_origin(request, source, self.ingest.release().browsers)
        if source.kind not in kinds:
            message = "a browser's key may not import; send as a source of kind: server"
            raise Refused(403, "not_allowed", message)
        self.guard.admit(key or "", source, events)
        return source


def _posts(names: Sequence[str], endpoint: Callable[[Request], Awaitable[Response]]) -> list[Route]:
    return [
        Route(f"/v1/{name}{slash}", endpoint, methods=["POST"])
        for name in names
        for slash in ("", "/")
    ]


def _is_led_here(request: Request) -> bool:
    """Whether a page of another site sent the browser here by a link or an image.

    Such a request has no origin to look up, and yet the visitor's cookies.
    """
    headers = request.headers
    return "origin" not in headers and headers.get("sec-fetch-site") == "cross-site"


def _merged(item: Json, shared: Body) -> Json:
    """The item with what the batch says for all under its own."""
    if not isinstance(item, Mapping):
        return item
    item = without_key(item)
    under = {
        # What the item says nothing of is one object for all of them.
        key: {**as_body(told), **as_body(item[key])} if item.get(key) else told
        for key, told in shared.items()
        if isinstance(item.get(key), Mapping | None)
    }
    return {**item, **under} if under else item


def without_key(body: Body) -> Body:
    """``body`` without the write key, a secret that is no part of the event it came with."""
    if "writeKey" not in body:
        return body
    return {key: value for key, value in body.items() if key != "writeKey"}
