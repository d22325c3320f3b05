"""The routes of all faces, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.types import ASGIApp

from engine.api.admin import Admin
from engine.api.browser import BrowserApi
from engine.api.cors import Cors
from engine.api.health import Health
from engine.api.image import ImageApi
from engine.api.inbound import InboundApi
from engine.api.mailbox import MailboxApi
from engine.api.openapi.route import OpenApi
from engine.api.problems import handlers
from engine.api.questions import QuestionApi
from engine.api.room import Room, Roomed
from engine.api.segment import TrackingApi
from engine.control.control import Control
from engine.delivery.derived import DerivedEvents
from engine.delivery.supervise import Delivery
from engine.ingest.accept import Ingest
from engine.ingest.authenticate import Keys
from engine.ingest.guard import Guard
from engine.ingest.pull import Pulls
from engine.model.cache import Caches
from engine.model.clock import Clock
from engine.telemetry.notices import Notices


@dataclass(frozen=True, slots=True)
class Faces:
    """What the faces need; ``stopping`` is true once the server has been told to end."""

    ingest: Ingest
    delivery: Delivery
    pulls: Pulls
    notices: Notices
    clock: Clock
    caches: Caches
    vendors: str
    stopping: Callable[[], bool]
    keys: Keys
    derived: DerivedEvents


def build_app(faces: Faces) -> ASGIApp:
    """The ASGI app of the server."""
    release = faces.ingest.release
    keys = faces.keys
    admin = Admin(
        Control(
            release(),
            faces.ingest.log,
            faces.ingest.state,
            faces.ingest,
            faces.clock,
            faces.delivery,
            keys,
            faces.derived,
        ),
        lambda: keys,
    )
    guard = Guard(release, faces.notices)
    tracking = TrackingApi(faces.ingest, lambda: keys, faces.clock, guard)
    health = Health(
        faces.vendors,
        release,
        faces.delivery.standings,
        faces.pulls.states,
        faces.stopping,
        faces.notices,
    )
    mailbox = MailboxApi(release, faces.ingest.state, faces.notices, faces.clock)
    app = Starlette(
        routes=[
            *tracking.routes(),
            *BrowserApi(tracking).routes(),
            *ImageApi(tracking, faces.notices).routes(),
            *mailbox.routes(),
            *InboundApi(faces.ingest, lambda: keys, faces.clock, guard).routes(),
            *QuestionApi(faces.delivery.store, lambda: keys, faces.notices, release).routes(),
            *admin.routes(),
            *health.routes(),
            *OpenApi(release).routes(),
        ],
        exception_handlers=handlers(faces.notices),
    )
    app.router.redirect_slashes = False
    # Around all of it: a fault, too, is answered so that the page can read it, and comes back.
    room = Room(
        lambda: release().spec.server.max_in_flight_bytes,
        partial(faces.notices.turned_away, "room"),
    )
    return Cors(Roomed(app, room), lambda: release().browsers)
