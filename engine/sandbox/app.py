"""All stand-ins on one port, what they got, and the faults they are told to have.

| path | gives |
| --- | --- |
| ``/VENDOR/…`` | the vendor's answer; a name that isn't known is a plain stand-in |
| ``GET /received`` | what came: ``?vendor= &after= &message_id= &limit=`` |
| ``DELETE /received`` | forgets what came; numbers go on |
| ``GET /faults``, ``POST /faults`` | the faults; ``{"vendor", "faults"}`` replaces a vendor's |
| ``GET /healthz`` | ``{"status": "ok"}`` |
"""

import random as chance
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import orjson
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.sandbox import (
    amplitude,
    clarity,
    ga4,
    google_ads,
    gtm,
    klaviyo,
    meta,
    mixpanel,
    pinterest,
    plain,
    posthog,
    slack,
    tiktok,
    webhook,
)
from engine.sandbox.bodies import MAX_BODY_BYTES
from engine.sandbox.call import Call, Reply
from engine.sandbox.faults import Fault, apply, drawn, parse_kinds
from engine.sandbox.manners import MannerResponse
from engine.sandbox.record import MAX_PAGE, Record
from engine.sandbox.repeats import Repeats

StandIn: TypeAlias = Callable[[Call, Repeats], Reply]

STAND_INS: Mapping[str, StandIn] = {
    "clarity": clarity.answer,
    "meta": meta.answer,
    "ga4": ga4.answer,
    "gtm": gtm.answer,
    "posthog": posthog.answer,
    "tiktok": tiktok.answer,
    "pinterest": pinterest.answer,
    "google-ads": google_ads.answer,
    "amplitude": amplitude.answer,
    "mixpanel": mixpanel.answer,
    "klaviyo": klaviyo.answer,
    "slack": slack.answer,
    "webhook": webhook.answer,
}

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def build_app(
    faults: Sequence[Fault] = (),
    *,
    now: Callable[[], float] = time.time,
    random: Callable[[], float] = chance.random,
    sleep: Callable[[float], Awaitable[None]] = trio.sleep,
) -> Starlette:
    """The sandbox as an ASGI app; clock, chance and waiting are handed in for tests."""
    sandbox = Sandbox(faults, now, random, sleep)
    return Starlette(
        routes=[
            Route("/healthz", _health),
            Route("/received", sandbox.received, methods=["GET"]),
            Route("/received", sandbox.forget, methods=["DELETE"]),
            Route("/faults", sandbox.list_faults, methods=["GET"]),
            Route("/faults", sandbox.set_faults, methods=["POST"]),
            Route("/{vendor}", sandbox.take, methods=METHODS),
            Route("/{vendor}/{path:path}", sandbox.take, methods=METHODS),
        ]
    )


async def _health(_request: Request) -> Response:
    return _json({"status": "ok"})


class Sandbox:
    """The stand-ins' common memory: what came, what was counted, which faults are on."""

    def __init__(
        self,
        faults: Iterable[Fault],
        now: Callable[[], float],
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._faults = list(faults)
        self._now = now
        self._random = random
        self._sleep = sleep
        self._record = Record()
        self._repeats: dict[str, Repeats] = {}

    async def take(self, request: Request) -> Response:
        """The vendor's answer to one request, recorded before it is given."""
        call = await self._call(request)
        fault = drawn((one for one in self._faults if one.vendor == call.vendor), self._random)
        reply = apply(fault, call, lambda: self._honest(call)) if fault else self._honest(call)
        self._record.keep(call, reply, fault.kind if fault else None)
        return MannerResponse(reply, self._sleep)

    async def received(self, request: Request) -> Response:
        """One page of what came."""
        query = request.query_params
        try:
            after = int(query.get("after") or 0)
            limit = int(query.get("limit") or MAX_PAGE)
        except ValueError:
            return _json({"error": "after and limit: expected whole numbers"}, status=400)
        page = self._record.page(
            query.get("vendor") or None, after, query.get("message_id"), max(limit, 0)
        )
        return Response(page, media_type="application/json")

    async def forget(self, _request: Request) -> Response:
        """Nothing came and nothing was counted before this."""
        self._record.forget()
        self._repeats.clear()
        return Response(status_code=204)

    async def list_faults(self, _request: Request) -> Response:
        """The faults that are on."""
        return _json({"faults": self._faults})

    async def set_faults(self, request: Request) -> Response:
        """A vendor's faults are these, and no others, from the next request on."""
        try:
            vendor, faults = _wanted(await request.body())
        except ValueError as fault:
            return _json({"error": str(fault)}, status=400)
        others = [one for one in self._faults if one.vendor != vendor]
        self._faults = [*others, *faults]
        return _json({"vendor": vendor, "faults": faults})

    async def _call(self, request: Request) -> Call:
        return Call(
            vendor=request.path_params["vendor"],
            method=request.method,
            path="/" + request.path_params.get("path", ""),
            query=dict(request.query_params),
            headers=dict(request.headers),
            raw=await _read(request),
            at=self._now(),
        )

    def _honest(self, call: Call) -> Reply:
        if len(call.raw) > MAX_BODY_BYTES:
            return Reply(413, "Payload Too Large")
        repeats = self._repeats.setdefault(call.vendor, Repeats())
        return STAND_INS.get(call.vendor, plain.answer)(call, repeats)


async def _read(request: Request) -> bytes:
    """The body, or its beginning: one byte more than the limit is enough to refuse it."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk[: MAX_BODY_BYTES + 1 - len(raw)]
    return bytes(raw)


def _wanted(raw: bytes) -> tuple[str, list[Fault]]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    match body:
        case {"vendor": str() as vendor, "faults": str() as text} if vendor:
            return vendor, parse_kinds(vendor, text)
        case _:
            raise ValueError('expected {"vendor": "meta", "faults": "503:0.1"}')


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
