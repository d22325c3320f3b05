"""Stand-in for Microsoft Clarity's Data Export API, the one HTTP API that Clarity has.

``GET /export-data/api/v1/project-live-insights``. A token is checked by its form alone. Each call
with a token is counted, by the day in UTC: when Clarity's own day begins isn't documented.
"""

from collections.abc import Callable, Mapping

from engine.sandbox.call import Call, Diagnostic, Reply, Script
from engine.sandbox.clarity_rows import DIMENSIONS, insights
from engine.sandbox.repeats import Repeats

PATH = "/export-data/api/v1/project-live-insights"
DAYS = ("1", "2", "3")
DIMENSION_PARAMS = ("dimension1", "dimension2", "dimension3")
CALLS_A_DAY = 10
DAY_S = 86_400
OVER = "Exceeded daily limit"


def answer(call: Call, repeats: Repeats) -> Reply:
    """The insights, or a status with a few words: errors have no documented body."""
    if call.path.rstrip("/") != PATH:
        return Reply(404, "Not Found")
    if call.method != "GET":
        return Reply(405, "Method Not Allowed", headers={"Allow": "GET"})
    token = _token(call)
    if token is None:
        return Reply(401, "Unauthorized")
    if not _has_a_call_left(token, call.at, repeats):
        return Reply(429, OVER)
    if fault := _bad_parameter(call.query):
        return Reply(400, fault)
    dimensions = tuple(call.query[name] for name in DIMENSION_PARAMS if name in call.query)
    return Reply(200, insights(dimensions, int(call.query["numOfDays"])), diagnostics=_notes(call))


def _token(call: Call) -> str | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _has_a_call_left(token: str, at: float, repeats: Repeats) -> bool:
    day = int(at // DAY_S)
    return any(
        not repeats.seen_before((PATH, token, day, number), at) for number in range(CALLS_A_DAY)
    )


def _bad_parameter(query: Mapping[str, str]) -> str | None:
    days = query.get("numOfDays", "")
    if days not in DAYS:
        return f"Bad request: numOfDays must be 1, 2 or 3, not {days or 'missing'}"
    for name in DIMENSION_PARAMS:
        if name in query and query[name] not in DIMENSIONS:
            return f"Bad request: {name} must be one of {', '.join(DIMENSIONS)}"
    return None


def _notes(call: Call) -> tuple[Diagnostic, ...]:
    known = {"numOfDays", *DIMENSION_PARAMS}
    return tuple(
        Diagnostic(None, "unknown_parameter", f"{name} is no parameter of this API")
        for name in sorted(call.query.keys() - known)
    )


def _always(reply: Reply) -> Script:
    def script(_call: Call, _honest: Callable[[], Reply]) -> Reply:
        return reply

    return script


CLARITY_FAULTS: Mapping[str, Script] = {
    "empty": _always(Reply(500)),  # reported: a 500 without a body
    "over-quota": _always(Reply(429, OVER)),  # others used the day's calls up
    "no-rows": _always(Reply(200, [])),  # a project without sessions
}
"""Faults that only this API has; 401 and 403 are asked for by their numbers."""
