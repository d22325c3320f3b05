"""The tracking API that the published SDKs of Segment and RudderStack speak (docs/clients.md)."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.api.body import read_body, received
from engine.api.cookies import Draw, Visit
from engine.api.cors import check_origin
from engine.api.reached import is_private
from engine.api.remote import remote_ip
from engine.codec.body import dumps
from engine.ingest.accept import Ingest, accept
from engine.ingest.authenticate import Keys, given_key
from engine.ingest.guard import Guard
from engine.model.clock import Clock, Millis
from engine.model.errors import Refused
from engine.model.event import Inbound, Source, SourceKind
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import (
    VERDICTS,
    Accepted,
    Duplicate,
    Quarantined,
    Rejected,
    Suppressed,
    Verdict,
    verdict_name,
)

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
LISTED = 100
"""Verdicts listed in an answer; the counts tell of all."""


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
        routes = []
        for type_, names in SINGLE.items():
            routes += _posts(names, self._single(type_))
        routes += _posts(BATCH, self.batch)
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
        self.keys().source_of(
            given_key(request.headers.get("authorization"), body, request.query_params)
        )
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
        return await read_body(request, self.ingest.release().spec.server.max_request_bytes)

    def _source(
        self, request: Request, body: Json, events: int, kinds: Iterable[SourceKind]
    ) -> Source:
        authorization = request.headers.get("authorization")
        key = given_key(authorization, body, request.query_params)
        source = self.keys().source_of(key)
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


def summary(verdicts: Sequence[Verdict], warnings: Sequence[str] = ()) -> Body:
    """The answer to a request that was taken: counts, and what was not accepted with reasons."""
    counts = dict.fromkeys(VERDICTS, 0)
    results: list[Json] = []
    for index, verdict in enumerate(verdicts):
        counts[verdict_name(verdict)] += 1
        if not isinstance(verdict, Accepted) and len(results) < LISTED:
            results.append(_result(index, verdict))
    answer: dict[str, Json] = {"success": True, "received": len(verdicts), **counts}
    answer["results"] = results
    if warnings:
        answer["warnings"] = list(warnings)
    return answer


def _result(index: int, verdict: Quarantined | Rejected | Duplicate | Suppressed) -> Body:
    reasons = verdict.reasons if isinstance(verdict, Quarantined | Rejected) else ()
    message_id = (
        verdict.event.message_id if isinstance(verdict, Quarantined) else verdict.message_id
    )
    return {
        "index": index,
        "messageId": message_id,
        "verdict": verdict_name(verdict),
        "errors": [reason.as_json() for reason in reasons],
    }
