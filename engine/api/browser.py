"""What browser SDKs ask for beside the tracking API: how to begin, and a way out of a page.

``analytics.js`` 2.0 and RudderStack's SDK first fetch a document that says where events go; without
one they send nothing (docs/clients.md, docs/browsers.md). Ours names this server and no other.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.api.cors import check_origin
from engine.api.reached import reached_at
from engine.api.segment import TrackingApi
from engine.ingest.authenticate import given_key
from engine.model.errors import Refused
from engine.model.jsonvalue import Json
from engine.release.release import Release

KEPT_FOR_S = 300
"""How long a browser may use a document again: each visit has several pages."""

PATHS: Mapping[str, str] = {
    "/v1/projects/{key}/settings": "GET",
    "/sourceConfig": "GET",
    "/beacon/v1/batch": "POST",
}


@dataclass(frozen=True, slots=True)
class BrowserApi:
    """What the routes need: the tracking API, to which the events go."""

    tracking: TrackingApi

    def routes(self) -> list[Route]:
        """The paths, each with and without a trailing slash."""
        endpoints: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
            "/v1/projects/{key}/settings": self._settings,
            "/sourceConfig": self._source_config,
            "/beacon/v1/batch": self.tracking.batch,
        }
        return [
            Route(f"{path}{slash}", endpoint, methods=[PATHS[path]])
            for path, endpoint in endpoints.items()
            for slash in ("", "/")
        ]

    async def _settings(self, request: Request) -> Response:
        """The settings document of analytics.js; 404 for an unknown key, as at its own CDN."""
        key = str(request.path_params["key"])
        try:
            source = self.tracking.keys().source_of(key)
        except Refused as unknown:
            raise Refused(404, unknown.code, "no source has this write key") from None
        check_origin(request, source, self._release().browsers)
        scheme, host = reached_at(request, self._release())
        ours: Json = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": scheme}
        return _document({"integrations": {"Segment.io": ours}})

    async def _source_config(self, request: Request) -> Response:
        """RudderStack's: without ``config``, or with a destination, it would do other things."""
        key = given_key(request.headers.get("authorization"), None, request.query_params)
        source = self.tracking.keys().source_of(key)
        check_origin(request, source, self._release().browsers)
        ours: Json = {
            "id": source.name,
            "name": source.name,
            "enabled": True,
            "config": {},
            "destinations": [],
        }
        return _document({"source": ours})

    def _release(self) -> Release:
        return self.tracking.ingest.release()


def _document(body: Mapping[str, Json]) -> Response:
    return JSONResponse(dict(body), headers={"Cache-Control": f"private, max-age={KEPT_FOR_S}"})
