"""Events from an image's address: for mails, and for pages where no script runs.

``GET /v1/pixel/track?data=BASE64`` or ``…?event=…&properties.form=…&writeKey=…`` (docs/clients.md).
The answer is the same image whatever comes of it, as no program reads it: what was refused stands
in the log.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.api.segment import SINGLE, TrackingApi, without_key
from engine.codec.lenient import read_json
from engine.model.errors import Refused, StorageError
from engine.model.jsonvalue import Body, Json, as_body
from engine.telemetry.notices import Notices

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""One transparent point."""

PATHS = ("/v1/pixel/{type}", "/pixel/v1/{type}")
DEEPEST = 10
"""Names between dots; deeper is no event's."""


@dataclass(frozen=True, slots=True)
class ImageApi:
    """What the routes need: the tracking API, to which the events go."""

    tracking: TrackingApi
    notices: Notices

    def routes(self) -> list[Route]:
        """Both families' paths, each with and without a trailing slash."""
        return [
            Route(f"{path}{slash}", self._take, methods=["GET"])
            for path in PATHS
            for slash in ("", "/")
        ]

    async def _take(self, request: Request) -> Response:
        image = Response(GIF, media_type="image/gif", headers={"Cache-Control": "no-store"})
        type_ = str(request.path_params["type"])
        # HEAD comes from who looks whether there is an image: nothing happened.
        if type_ not in SINGLE or request.method != "GET":
            return image
        try:
            body = event_of(request.query_params.multi_items())
            taken = await self.tracking.take(request, body, [{**without_key(body), "type": type_}])
        except Refused as refused:
            self.notices.said("image refused", code=refused.code)
            return image
        except StorageError as error:
            self.notices.alarm("storage", error)
            return image
        for name, value in taken.headers.items():
            if name == "set-cookie":
                image.headers.append(name, value)
        return image


def event_of(query: Iterable[tuple[str, str]]) -> Body:
    """The event in a query: ``data``, base64 of JSON, or else names with dots.

    Raises ``Refused`` where ``data`` is none.
    """
    pairs = list(query)
    data = next((value for name, value in pairs if name == "data"), None)
    if data is None:
        return _nested(pairs)
    try:
        # The URL-safe alphabet or the usual one; a plus may have become a space on the way.
        padded = data.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
        body, _ = read_json(base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True))
    except (binascii.Error, ValueError) as error:
        raise Refused(400, "invalid_json", "data is no base64 of JSON") from error
    if not isinstance(body, dict):
        raise Refused(400, "invalid_shape", "data is one event: a JSON object")
    own = {name: value for name, value in pairs if name == "writeKey"}
    return {**own, **body}


def _nested(pairs: Iterable[tuple[str, str]]) -> Body:
    body: dict[str, Json] = {}
    for name, value in pairs:
        steps = name.split(".")
        if len(steps) > DEEPEST or "" in steps:
            continue
        target = body
        for step in steps[:-1]:
            inner = dict(as_body(target.get(step)))
            target[step] = inner
            target = inner
        target[steps[-1]] = value
    return body
