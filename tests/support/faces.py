"""The HTTP face for browsers over a real log and state, without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from engine.api.browser import BrowserApi
from engine.api.cors import Cors
from engine.api.image import ImageApi
from engine.api.problems import handlers
from engine.api.segment import TrackingApi
from engine.control.control import Control
from engine.ingest.guard import Guard
from tests.support.controls import HandClock, a_control

SETTINGS = """
    version: 1
    sources:
      shop: { kind: server, write_key: shop-key }
      web: { kind: browser, write_key: web-key, origins: ["https://tienda.example"] }
      blog: { kind: browser, write_key: blog-key, origins: ["https://blog.example"] }
      own: { kind: browser, write_key: own-key }
    log: sqlite:encamina.db
    state: sqlite:encamina.db
    """


@dataclass
class Face:
    """A client of the face, and what stands behind it."""

    http: httpx.AsyncClient
    control: Control

    async def kept(self) -> list[dict[str, Any]]:
        """The bodies of the accepted events."""
        entries = await self.control.log.read_range(0, 1_000)
        return [dict(one.event.body) for one in entries]


@asynccontextmanager
async def a_face(
    folder: Path, settings: str = SETTINGS, base_url: str = "https://events.example"
) -> AsyncIterator[Face]:
    """The face over the small project with these settings."""
    clock = HandClock()
    async with a_control(folder, clock, {"encamina.yaml": settings}) as control:
        ingest = control.ingest
        tracking = TrackingApi(
            ingest, lambda: control.keys, clock, Guard(ingest.release, ingest.notices)
        )
        app = Starlette(
            routes=[
                *tracking.routes(),
                *BrowserApi(tracking).routes(),
                *ImageApi(tracking, ingest.notices).routes(),
            ],
            exception_handlers=handlers(ingest.notices),
        )
        app.router.redirect_slashes = False
        transport = httpx.ASGITransport(
            app=Cors(app, lambda: ingest.release().browsers), raise_app_exceptions=False
        )
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as http:
            yield Face(http, control)
