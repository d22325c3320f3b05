"""The routes of all faces, put together."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette

from engine.api.health import Health
from engine.api.mailbox import MailboxApi
from engine.api.problems import handlers
from engine.api.segment import TrackingApi
from engine.delivery.supervise import Delivery
from engine.ingest.accept import Ingest
from engine.ingest.authenticate import Keys
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


def build_app(faces: Faces) -> Starlette:
    """The ASGI app of the server."""
    release = faces.ingest.release
    keys = Keys(release().write_keys, faces.caches)
    tracking = TrackingApi(faces.ingest, lambda: keys, faces.clock)
    health = Health(
        faces.vendors,
        release,
        faces.delivery.paused,
        faces.pulls.states,
        faces.stopping,
        faces.notices,
    )
    mailbox = MailboxApi(release, faces.ingest.state, faces.notices, faces.clock)
    app = Starlette(
        routes=[*tracking.routes(), *mailbox.routes(), *health.routes()],
        exception_handlers=handlers(faces.notices),
    )
    app.router.redirect_slashes = False
    return app
