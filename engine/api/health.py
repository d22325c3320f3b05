"""Whether the process lives, whether it is ready to take events, and its counters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.delivery.gate import Standing
from engine.model.clock import to_iso
from engine.model.jsonvalue import Body
from engine.model.visible import visible
from engine.release.release import Release
from engine.telemetry.contact import without_contact
from engine.telemetry.notices import Notices

LONGEST_REASON = 300
"""Characters of why something stands still: anybody may ask for them."""


@dataclass(frozen=True, slots=True)
class Health:
    """``vendors`` is sandbox or live, ``standings`` tells how each destination stands.

    ``pulls`` tells how each pull is; ``stopping`` is true once the server has been told to end.
    """

    vendors: str
    release: Callable[[], Release]
    standings: Callable[[], Mapping[str, Standing]]
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
        standings = self.standings()
        body = {
            "status": "stopping" if stopping else "ready",
            "release": self.release().name,
            "vendors": self.vendors,
            "destinations": {
                one.name: {"mode": str(one.mode), **_told(standings[one.name])}
                for one in self.release().destinations
                if one.name in standings
            },
            "pulls": {name: _public(told) for name, told in self.pulls().items()},
        }
        return JSONResponse(body, 503 if stopping else 200)

    async def _metrics(self, _: Request) -> Response:
        return Response(self.notices.metrics(), media_type="text/plain; version=0.0.4")


def _told(standing: Standing) -> Body:
    """``{"state", "reason"}``, and where they are known ``since`` and ``until``, ISO texts."""
    moments = {"since": standing.since, "until": standing.until}
    return {
        "state": standing.state,
        "reason": public_reason(standing.reason),
        **{name: to_iso(at) for name, at in moments.items() if at is not None},
    }


def _public(told: Body) -> Body:
    return {**told, "reason": public_reason(str(told.get("reason") or ""))}


def public_reason(reason: str) -> str:
    """A reason, a vendor's words or a person's, as anybody may read it: in one line, and short."""
    shown = visible(without_contact(reason))
    return shown if len(shown) <= LONGEST_REASON else f"{shown[: LONGEST_REASON - 1]}…"
