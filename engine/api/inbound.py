"""Posted bodies of any shape: ``/ingest/NAME``, and the paths that ``rules/inbound/`` name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from engine.api.body import anybody, json_of, plain_bytes
from engine.api.cors import check_origin
from engine.api.listener import bearer_of, is_of_a_page, not_for_pages, open_listener_of
from engine.api.problems import nest_refusal
from engine.api.remote import came_by_proxy, remote_ip
from engine.api.room import claim_of
from engine.api.segment import without_key
from engine.ingest.accept import Ingest
from engine.ingest.authenticate import Keys, given_key
from engine.ingest.foreign import Came, Taken, is_wanted, take
from engine.ingest.guard import Guard
from engine.ingest.summary import summary
from engine.model.clock import Clock
from engine.model.decision import Fault
from engine.model.errors import Refused
from engine.model.event import Source, SourceKind
from engine.model.jsonvalue import Json
from engine.model.verdict import Rejected
from engine.pipeline.signature import wrong_signature
from engine.release.inbound import InboundMapping
from engine.release.posts import SECRET_HEADERS

PREFIX = "/ingest/"
HOW = "send it as Authorization: Bearer KEY, as the Basic auth user or as writeKey"
MAPPING = "encamina.inbound"
SET_ASIDE = 202
"""Taken, and no document is stored of it: it is in quarantine, say, or the store has no rule."""

REPEATED = "Idempotent-Replayed"
"""The header that tells a repeat, as payment services name it; no standard has one."""

MOST_WARNINGS = 10
LONGEST_WARNING = 300


@dataclass(frozen=True, slots=True)
class InboundApi:
    """What the routes need; the release is asked anew each time, so paths may change."""

    ingest: Ingest
    keys: Callable[[], Keys]
    clock: Clock
    guard: Guard

    def routes(self) -> list[BaseRoute]:
        """One for all paths."""
        return [_Posted(self)]

    def mapping_at(self, path: str) -> InboundMapping | None:
        """The mapping whose bodies are posted there, None where nothing is, or not yet."""
        # NestJS's router, whose place this takes, looks at neither case nor a slash at the end.
        wanted = path.rstrip("/").lower()
        for mapping in self.ingest.release().inbounds:
            post = mapping.post
            if post is None or not post.is_open:
                continue
            if wanted in (PREFIX + mapping.name, *map(str.lower, post.paths)):
                return mapping
        return None

    async def answer(self, request: Request) -> Response:
        """The answer to what is posted."""
        mapping = request.scope[MAPPING]
        assert isinstance(mapping, InboundMapping)
        if request.method != "POST":
            refused = Refused(405, "method_not_allowed", "this path takes POST alone")
            return nest_refusal(refused, {"Allow": "POST"})
        try:
            return await self._take(request, mapping)
        except Refused as refused:
            return nest_refusal(refused)

    async def _take(self, request: Request, mapping: InboundMapping) -> Response:
        post = mapping.post
        assert post is not None
        signed = post.signature is not None
        by_key = None if signed else self._by_head(request)
        by_door = None if signed or by_key else self._by_listener(request)
        if by_key or by_door:
            claim_of(request).known = True
        data = await plain_bytes(request, self.ingest.release().spec.server.max_request_bytes)
        if post.signature is not None:
            headers = _headers(request)
            if why := wrong_signature(post.signature, headers, data, self.clock()):
                self.ingest.notices.turned_away("signature")
                raise Refused(401, "invalid_signature", why)
        look = anybody if signed or by_key or by_door else _refuse
        body, mended = await json_of(request, data, look)
        sender = by_key if signed or by_key else self._by_body(request, body, by_door)
        source = sender[1] if sender else mapping.source
        check_origin(request, source, self.ingest.release().browsers)
        self.guard.admit(sender[0] if sender else f"inbound {mapping.name}", source, 1)
        if isinstance(body, Mapping):
            body = without_key(body)
        came = self._came(request, source)
        taken = await take(self.ingest, mapping, body, came, source, self.clock())
        return _answer(mapping, taken, mended)

    def _by_head(self, request: Request) -> tuple[str, Source] | None:
        """The key in the head of the request and its source, None where the body may have it.

        Raises ``Refused`` (401) for a wrong one; where no key is asked for, one of another system
        may be handed on, and what isn't ours doesn't count.
        """
        key = given_key(request.headers.get("authorization"), None, request.query_params)
        key = key or bearer_of(request)
        if key is None or (open_listener_of(request) is not None and not self.keys().knows(key)):
            return None
        return key, self._known(key)

    def _by_listener(self, request: Request) -> tuple[str, Source] | None:
        """Whose events come in by this listener without a key; None of a page's."""
        listener, release = open_listener_of(request), self.ingest.release()
        if listener is None or is_of_a_page(request, listener, release):
            return None
        spec = next(one for one in release.spec.sources if one.name == listener.source)
        return f"listener {listener.listen}", Source(spec.name, spec.kind, spec.unplanned)

    def _by_body(
        self, request: Request, body: Json, by_door: tuple[str, Source] | None
    ) -> tuple[str, Source]:
        """The key in the body and its source; ``by_door`` where that is none of ours."""
        key = given_key(None, body, {})
        listener = open_listener_of(request)
        if listener is None or (key is not None and self.keys().knows(key)):
            return key or "", self._known(key)
        if by_door is None:
            self.ingest.notices.turned_away("page")
            raise not_for_pages()
        return by_door

    def _known(self, key: str | None) -> Source:
        try:
            return self.keys().source_of(key, HOW)
        except Refused:
            self.ingest.notices.turned_away("write key")
            raise

    def _came(self, request: Request, source: Source) -> Came:
        """What came along; of the browser only what is known to be the browser's.

        Whoever calls directly as a source of kind server is a service, whose address and user agent
        are nobody's.
        """
        trusted = self.ingest.release().spec.server.trusted_proxies
        headers = request.headers
        is_browsers = source.kind is SourceKind.BROWSER or came_by_proxy(request, trusted)
        query = {name: value for name, value in request.query_params.items() if name != "writeKey"}
        key = headers.get("idempotency-key", "").strip() or None
        if not is_browsers:
            return Came(headers=_headers(request), query=query, idempotency_key=key)
        return Came(
            remote_ip(request, trusted),
            headers.get("user-agent"),
            headers.get("referer"),
            {name: value for name, value in request.cookies.items() if is_wanted(name)},
            _headers(request),
            query,
            key,
        )


class _Posted(BaseRoute):
    """Matches every path that the release takes posts at."""

    def __init__(self, api: InboundApi) -> None:
        self._api = api

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whole for a POST, in part for any other method: other routes may have it."""
        if scope["type"] != "http":
            return Match.NONE, {}
        mapping = self._api.mapping_at(scope["path"])
        if mapping is None:
            return Match.NONE, {}
        match = Match.FULL if scope["method"] == "POST" else Match.PARTIAL
        return match, {MAPPING: mapping}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        response = await self._api.answer(Request(scope, receive, send))
        await response(scope, receive, send)


def _refuse(_: bytes) -> None:
    """A large body of a sender that isn't known yet."""
    message = "send the write key in a header, so that a body of this size is read"
    raise Refused(401, "invalid_write_key", message)


def _headers(request: Request) -> dict[str, str]:
    """The headers by names in lower case, several of a name joined, without secrets."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        if name not in SECRET_HEADERS:
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _answer(mapping: InboundMapping, taken: Taken, mended: Sequence[str]) -> Response:
    """What the caller gets back: the stored document, or the verdicts."""
    post = mapping.post
    assert post is not None
    told = [*(_line(one) for one in taken.warnings), *mended]
    headers = {"Warning": ", ".join(map(_warning, told[:MOST_WARNINGS]))} if told else {}
    if taken.is_repeat:
        headers[REPEATED] = "true"
    documents = [one for one in taken.documents if one is not None]
    if post.answer == "document" and documents and len(documents) == len(taken.verdicts):
        content: Json = documents[0] if len(documents) == 1 else documents
        return JSONResponse(content, post.status, headers)
    if post.answer == "document":
        for verdict in taken.verdicts:
            if isinstance(verdict, Rejected):
                errors = [{"path": one.path, "message": one.message} for one in verdict.reasons]
                raise Refused(400, "rejected", "the event can't be taken", errors=errors)
    status = SET_ASIDE if post.answer == "document" else post.status
    return JSONResponse(summary(taken.verdicts, told), status, headers)


def _line(warning: Fault) -> str:
    return f"{warning.path}: {warning.message}" if warning.path else warning.message


def _warning(text: str) -> str:
    """One value of the header ``Warning``, as HTTP writes it (RFC 7234, section 5.5)."""
    plain = "".join(one if one.isascii() and one.isprintable() else "?" for one in text)
    return '299 - "' + plain[:LONGEST_WARNING].replace("\\", "/").replace('"', "'") + '"'
