"""``POST /admin/NAME``: the changes of ``engine/control`` over HTTP, for who has an admin token.

Without any token, in ``server.admin_token`` or made by ``encamina keys``, there is no ``/admin``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.api.body import read_body
from engine.api.tries import Tries, guesser_of
from engine.control.control import Control, ControlError
from engine.control.verbs import perform
from engine.ingest.authenticate import Keys
from engine.model.errors import Refused

METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
"""All are asked for a token first: without any, nothing shows that there could be an /admin."""

MOST_BYTES = 1024 * 1024
"""Of a body; what is asked for is a few filters."""


@dataclass(frozen=True, slots=True)
class Admin:
    """What the routes need; ``keys`` is asked for anew each time, as keys change."""

    control: Control
    keys: Callable[[], Keys]
    tries: Tries = field(default_factory=Tries)

    def routes(self) -> list[Route]:
        """Every path below ``/admin/``."""
        return [Route("/admin/{name:path}", self._change, methods=METHODS)]

    async def _change(self, request: Request) -> Response:
        self._check(request)
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        body, _ = await read_body(request, MOST_BYTES)
        if not isinstance(body, Mapping):
            raise Refused(400, "invalid_shape", "the body is a JSON object")
        name = str(request.path_params["name"]).rstrip("/")
        try:
            done = await perform(self.control, name, body)
        except ControlError as error:
            raise Refused(400, "refused", str(error)) from error
        # What was asked, and what came of it, can hold keys.
        self.control.ingest.notices.said("changed by hand", change=name)
        return JSONResponse({"success": True, **done})

    def _check(self, request: Request) -> None:
        """Pass, or raise what whoever has no token is to see."""
        keys = self.keys()
        if not keys.admin_is_open:
            raise HTTPException(404)
        authorization = request.headers.get("authorization", "")
        who = guesser_of(request, self.control.ingest.release().spec.server.trusted_proxies)
        try:
            self.tries.check(who)
        except Refused:
            self.control.ingest.notices.turned_away("admin token")
            raise
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not keys.is_admin(token.strip()):
            if authorization:
                self.tries.failed(who)
                self.control.ingest.notices.turned_away("admin token")
            raise Refused(401, "invalid_token", "no admin token; send Authorization: Bearer TOKEN")
