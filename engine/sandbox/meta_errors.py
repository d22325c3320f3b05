"""Meta's error answers: one body for all, the codes it uses, and faults scripted from them."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeAlias

from engine.sandbox.call import Call, Json, Reply, Script

TITLES: Mapping[int, str] = {
    2804001: "Click ID Incorrectly Formatted",
    2804003: "Event Timestamp Too Old",
    2804004: "Event Timestamp In The Future",
    2804008: "Invalid Contents Parameter",
    2804009: "Missing Value for Purchase Event",
    2804010: "Missing Currency for Purchase Event",
    2804016: "User Parameter Not Hashed",
    2804019: "Server Side Api Parameter Error",
    2804036: "Invalid lead ID",
    2804043: "Invalid App Data",
    2804050: "Not Enough Customer Information",
    2804066: "Messaging Event Invalid Event Type",
    2804069: "Messaging Event Missing Page ID",
    2804079: "Missing IG account ID parameter",
    2804087: "Messaging Event Invalid Ctwa Clid",
    2804116: "Messaging Event Missing WhatsApp Business Account ID",
}


@dataclass(frozen=True, slots=True)
class GraphError:
    """One error of the Graph API; title and text are for people, the numbers for programs."""

    code: int
    subcode: int | None = None
    message: str = "Invalid parameter"
    title: str | None = None
    text: str | None = None
    status: int = 400
    type: str = "OAuthException"
    transient: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def invalid_event(subcode: int, text: str) -> GraphError:
    """Code 100 with one of the subcodes that blame an event."""
    return GraphError(100, subcode, title=TITLES[subcode], text=text)


def error_reply(error: GraphError, call: Call) -> Reply:
    """The answer that carries the error; nothing of the request was taken."""
    body: dict[str, Json] = {
        "message": error.message,
        "type": error.type,
        "code": error.code,
        "error_subcode": error.subcode,
        "is_transient": error.transient,
        "error_user_title": error.title,
        "error_user_msg": error.text,
        "fbtrace_id": trace_id(call),
    }
    present: dict[str, Json] = {name: value for name, value in body.items() if value is not None}
    return Reply(error.status, {"error": present}, headers=error.headers)


def trace_id(call: Call) -> str:
    """A support id as Meta writes them, the same for the same request at the same moment."""
    digest = sha256(call.raw + repr((call.path, call.at)).encode()).digest()
    return "A" + urlsafe_b64encode(digest[:16]).decode().rstrip("=")


_APP_USAGE = {"X-App-Usage": json.dumps({"call_count": 100, "total_time": 61, "total_cputime": 58})}
_BUSINESS_USAGE = {
    "X-Business-Use-Case-Usage": json.dumps(
        {
            "1000000000000001": [
                {
                    "type": "ads_management",
                    "call_count": 100,
                    "total_cputime": 40,
                    "total_time": 45,
                    "estimated_time_to_regain_access": 1,
                    "ads_api_access_tier": "development_access",
                }
            ]
        }
    )
}

TOKEN_INVALID = GraphError(190, message="The access token is not valid.", status=401)
TOKEN_EXPIRED = replace(TOKEN_INVALID, subcode=463, message="The access token has expired.")
NO_ACCESS = GraphError(
    100,
    33,
    "Unsupported request: the object does not exist, or the token has no access to it.",
    type="GraphMethodException",
)

ERRORS: Mapping[str, GraphError] = {
    "error-1": GraphError(1, message="An unknown error occurred.", status=500, transient=True),
    "error-2": GraphError(2, message="Service unavailable.", status=503, transient=True),
    "error-4": GraphError(
        4, message="(#4) Application request limit reached", transient=True, headers=_APP_USAGE
    ),
    "error-10": GraphError(10, message="(#10) No permission for this action.", status=403),
    "error-17": GraphError(17, 2446079, "(#17) User request limit reached", headers=_APP_USAGE),
    "error-100-33": NO_ACCESS,
    "error-190": TOKEN_INVALID,
    "error-190-463": TOKEN_EXPIRED,
    "error-200": GraphError(200, message="(#200) A permission is missing.", status=403),
    "error-368": GraphError(368, message="(#368) Temporarily blocked for policy violations."),
    "error-613": GraphError(
        613, message="(#613) Calls to this api have exceeded the rate limit.", headers=_APP_USAGE
    ),
    "error-80004": GraphError(
        80004, 2446079, "(#80004) Too many calls to this account.", headers=_BUSINESS_USAGE
    ),
    "localised": GraphError(
        2,
        1504044,
        "Vorübergehender Fehler",
        title="Dienst nicht verfügbar",
        text="Dieser Dienst antwortet gerade nicht. Bitte versuche es später noch einmal.",
        status=503,
        transient=True,
    ),
}

_Honest: TypeAlias = Callable[[], Reply]


def _scripted(error: GraphError) -> Script:
    return lambda call, _honest: error_reply(error, call)


def _unavailable_page(_call: Call, _honest: _Honest) -> Reply:
    page = "<html><body><h1>Service Unavailable</h1></body></html>"
    return Reply(200, page, media_type="text/html")


def _low_count(_call: Call, honest: _Honest) -> Reply:
    reply = honest()
    if not reply.accepted or not isinstance(reply.content, dict):
        return reply
    kept = reply.accepted[:-1]
    return replace(reply, accepted=kept, content={**reply.content, "events_received": len(kept)})


META_FAULTS: Mapping[str, Script] = {
    **{name: _scripted(error) for name, error in ERRORS.items()},
    "unavailable-page": _unavailable_page,
    "low-count": _low_count,
}
"""Faults that only Meta has: its errors by code, a page with status 200, the last event lost."""
