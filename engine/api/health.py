"""Whether the process lives, whether it is ready to take events, and its counters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.model.jsonvalue import Body
from engine.release.release import Release
from engine.telemetry.notices import Notices


@dataclass(frozen=True, slots=True)
class Health:
    """``vendors`` is sandbox or live, ``paused`` gives the paused destinations with reasons.

    ``pulls`` tells how each pull is; ``stopping`` is true once the server has been told to end.
    """

    vendors: str
    release: Callable[[], Release]
    paused: Callable[[], Mapping[str, str]]
    pulls: Callable[[], Mapping[str, Body]]
    stopping: Callable[[], bool]
    notices: Notices

    def routes(self) -> list[Route]:
        """``/healthz``, ``/readyz`` and ``/metrics``, with and without a trailing slash."""
        endpoints = {"healthz": self._healthz, "readyz": self._readyz, "metrics": self._metrics}
        return [
            Route(f"/{name}{slash}", endpoint, methods=["GET"])
            for name, endpoint in endpoints.items()
            for slash in ("", "/")
        ]

    async def _healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, _: Request) -> Response:
        stopping = self.stopping()
        paused = self.paused()
        body = {
            "status": "stopping" if stopping else "ready",
            "release": self.release().name,
            "vendors": self.vendors,
            "destinations": {
                one.name: {
                    "mode": str(one.mode),
                    "state": "paused" if one.name in paused else "running",
                    "reason": paused.get(one.name, ""),
                }
                for one in self.release().destinations
            },
            "pulls": dict(self.pulls()),
        }
        return JSONResponse(body, 503 if stopping else 200)

    async def _metrics(self, _: Request) -> Response:
        return Response(self.notices.metrics(), media_type="text/plain; version=0.0.4")
