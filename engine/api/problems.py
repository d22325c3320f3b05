"""Refusals as JSON: an object with text ``code`` and ``message``, which every client understands.

Other shapes make released SDKs retry a final refusal ten times (docs/clients.md, section 1).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.model.errors import Refused, StorageError
from engine.model.jsonvalue import Json
from engine.telemetry.notices import Notices

OF_THE_SHOP = {
    "/analytics/": "/openapi.json lists what there is",
    "/ingest/": "a new file of rules/inbound/ is served after a restart, and one with signature: "
    "where its secret is set",
}
"""Where callers of the shop's own come, and what may help them who find nothing there."""

RETRY_AFTER_S = 10
"""What a client is asked to wait when the log can't be written."""


def refusal(refused: Refused, more: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that is refused whole, with ``more`` headers."""
    headers = dict(more or {})
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(min(max(refused.retry_after_s, 1), 300))
    return JSONResponse(
        {"success": False, "code": refused.code, "message": refused.message},
        refused.status,
        headers,
    )


def nest_refusal(refused: Refused, more: Mapping[str, str] | None = None) -> JSONResponse:
    """The same as callers of NestJS look for it: with ``statusCode``, and ``errors`` by field."""
    content: dict[str, Json] = {
        "success": False,
        "statusCode": refused.status,
        "code": refused.code,
        "message": refused.message,
    }
    if refused.errors:
        content["errors"] = [dict(one) for one in refused.errors]
    headers = dict(more or {})
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(min(max(refused.retry_after_s, 1), 300))
    return JSONResponse(content, refused.status, headers)


async def on_refused(_: Request, error: Exception) -> Response:
    """The answer where a handler raised ``Refused``."""
    assert isinstance(error, Refused)
    return refusal(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405, in our form."""
    assert isinstance(error, HTTPException)
    path = request.scope["path"].lower()
    for prefix, hint in OF_THE_SHOP.items():
        if error.status_code == 404 and path.startswith(prefix):
            message = f"there is nothing at this path; {hint}"
            return nest_refusal(Refused(404, "not_found", message))
    words = {
        404: ("not_found", "there is nothing at this path; events go to POST /v1/batch"),
        405: (
            "method_not_allowed",
            "this path takes another method; events go to POST /v1/batch",
        ),
    }
    code, message = words.get(error.status_code, ("http_error", str(error.detail)))
    return refusal(Refused(error.status_code, code, message), error.headers)


Handler = Callable[[Request, Exception], Awaitable[Response]]


def handlers(notices: Notices) -> Mapping[Any, Handler]:
    """The answer to each exception that a handler raises; our own faults raise an alarm too."""

    async def on_storage_error(_: Request, error: Exception) -> Response:
        """Nothing was kept, so nothing may be answered as taken: 503, come back."""
        notices.alarm("storage", error)
        message = "the events can't be written just now; send them again"
        return refusal(Refused(503, "storage_unavailable", message, retry_after_s=RETRY_AFTER_S))

    async def on_fault(_: Request, error: Exception) -> Response:
        """Our own fault: the client keeps its events and sends them again."""
        notices.alarm("http", error)
        message = "the request could not be handled; send it again"
        return refusal(Refused(503, "internal_fault", message, retry_after_s=RETRY_AFTER_S))

    return {
        Refused: on_refused,
        StorageError: on_storage_error,
        HTTPException: on_http_error,
        Exception: on_fault,
    }
