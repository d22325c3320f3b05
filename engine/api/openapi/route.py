"""``GET /openapi.json``."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.api.openapi.document import openapi
from engine.codec.body import dumps
from engine.release.release import Release


@dataclass(slots=True)
class OpenApi:
    """What the route needs; the document is made when a release is first asked for it."""

    release: Callable[[], Release]
    _made: tuple[str, bytes] = field(default=("", b""))

    def routes(self) -> list[Route]:
        """The path, with and without a trailing slash."""
        return [
            Route(f"/openapi.json{slash}", self._answer, methods=["GET"]) for slash in ("", "/")
        ]

    async def _answer(self, _: Request) -> Response:
        release = self.release()
        if self._made[0] != release.name:
            self._made = (release.name, dumps(openapi(release)))
        return Response(self._made[1], media_type="application/json")
