"""The face of posted bodies over a real log and state, without a server."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from engine.api.inbound import InboundApi
from engine.api.listener import AtListener
from engine.api.problems import handlers
from engine.control.control import Control
from engine.ingest.guard import Guard
from engine.project.listeners import ListenerSpec
from tests.support.controls import HandClock, a_control

SETTINGS = """
    version: 1
    sources:
      shop: { kind: server, write_key: shop-key, consent: { Analytics: true, advertising: false } }
      erp: { kind: server, write_key: erp-key }
      web: { kind: browser, write_key: web-key, origins: ["https://tienda.example"] }
    server: { trusted_proxies: [192.0.2.0/24] }
    log: sqlite:encamina.db
    state: sqlite:encamina.db
    """

ORDERS = """
    inbound: orders
    source: shop
    post:
      paths: [/hooks/orders]
      body: schemas/inbound/orders.yaml
      status: 200
      warnings:
        - { when: "{{ body.kind != 'web' }}", path: kind, message: is not web }
    each: order in body.orders
    event:
      type: track
      event: Order Completed
      messageId: "{{ order.key }}"
      userId: "{{ order.user }}"
      anonymousId: "{{ request.idempotencyKey | default('nobody-known') }}"
      context:
        $merge: "{{ body.context }}"
        ip: "{{ request.ip }}"
        userAgent: "{{ request.userAgent }}"
        cookies: "{{ request.cookies }}"
        page: { referrer: "{{ request.referer }}" }
      properties:
        order_id: "{{ order.id }}"
        seen: "{{ headers['x-seen'] }}"
        secret: "{{ headers['authori' ~ 'zation'] }}"
        asked: "{{ query.q }}"
    otherwise: { event: order_told }
    """

ORDERS_SCHEMA = """
    type: object
    required: [orders]
    properties:
      kind: { type: string }
      orders: { type: array, items: { type: object } }
    """

SIGNED = """
    inbound: signed
    source: erp
    post:
      signature:
        secret: "{{ env.HOOK_SECRET }}"
        given: "{{ headers['x-signature'] | values_named('v1') }}"
        at: "{{ (headers['x-signature'] | values_named('t'))[0] }}"
        signed: "{{ (headers['x-signature'] | values_named('t'))[0] }}.{{ raw_body }}"
    event: { type: track, event: Order Told, userId: "{{ body.user }}" }
    """

STORE = {
    "destinations/store.yaml": """
        name: store
        kind: store
        """,
    "rules/store.yaml": """
        destination: store
        rules:
          - name: also
            match: { event: Order Completed }
            also: true
            payload:
              model: event
              timestamp: "{{ event.timestamp }}"
              document: { eventName: purchase, sessionId: "{{ event.anonymousId }}" }
          - name: order
            match: { event: Order Completed }
            payload:
              model: conversion
              timestamp: "{{ event.timestamp }}"
              document: { conversionType: purchase, orderId: "{{ properties.order_id }}" }
        """,
    "rules/inbound/orders.yaml": ORDERS.replace("status: 200", "answer: document").replace(
        "paths:", "model: conversion\n      paths:"
    ),
}

FILES = {
    "encamina.yaml": SETTINGS,
    "rules/inbound/orders.yaml": ORDERS,
    "rules/inbound/signed.yaml": SIGNED,
    "schemas/inbound/orders.yaml": ORDERS_SCHEMA,
}
OPEN = ListenerSpec("127.0.0.1:8081", "erp", needs_key=False)
DIRECT = "198.51.100.7"
"""A peer that is no trusted proxy."""


@dataclass
class Face:
    """A client of the face, and what stands behind it."""

    http: httpx.AsyncClient
    control: Control
    clock: HandClock

    async def kept(self) -> list[dict[str, Any]]:
        """The bodies of the accepted events."""
        return [dict(one.event.body) for one in await self.control.log.read_range(0, 1_000)]

    async def sources(self) -> list[str]:
        """Whose events were accepted."""
        return [one.event.source for one in await self.control.log.read_range(0, 1_000)]


@asynccontextmanager
async def an_inbound_face(
    folder: Path,
    changed: Mapping[str, str] | None = None,
    *,
    listener: ListenerSpec | None = None,
    peer: str = "192.0.2.10",
) -> AsyncIterator[Face]:
    """The face over the small project with two inbound mappings; ``peer`` is who calls."""
    clock = HandClock()
    async with a_control(folder, clock, {**FILES, **(changed or {})}) as control:
        ingest = control.ingest
        guard = Guard(ingest.release, ingest.notices)
        api = InboundApi(ingest, lambda: control.keys, clock, guard)
        app: Any = Starlette(routes=api.routes(), exception_handlers=handlers(ingest.notices))
        if listener is not None:
            app = AtListener(app, listener)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://events.example") as http:
            yield Face(http, control, clock)


def signature(secret: str, data: bytes, at: int) -> str:
    """A header as payment services write it."""
    digest = hmac.digest(secret.encode(), f"{at}.".encode() + data, "sha256").hex()
    return f"t={at},v1={digest}"


def base64_signature(secret: str, data: bytes) -> str:
    """A header as Shopify writes it."""
    return base64.b64encode(hmac.digest(secret.encode(), data, hashlib.sha256)).decode()


def as_bytes(body: Any) -> bytes:
    """The body as a client writes it."""
    return json.dumps(body).encode()
