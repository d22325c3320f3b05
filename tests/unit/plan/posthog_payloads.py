"""What the reference project makes of events for PostHog."""

import json
from functools import cache
from typing import Any
from urllib.parse import quote

from engine.codec.body import loads
from engine.model.clock import Millis
from engine.model.decision import Decision, Payload
from engine.model.event import Event
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from engine.pipeline.request import Moment, build_request
from engine.release.destination import Destination
from engine.release.release import Release
from tests.support.events import NOW, SHOP, an_event, an_inbound
from tests.support.processes import DEMO_ENV
from tests.support.releases import the_reference_release

COOKIE = "ph_phc_demo_posthog"
BROWSER = "0190aaaa-953a-4154-a81f-a6f554a5054c"
SESSION = "01a1f94f-dd01-7547-b7da-7186c449100d"
HOUR_MS = 3_600_000


@cache
def release(**env: str) -> Release:
    return the_reference_release({**DEMO_ENV, **env})


def destination(**env: str) -> Destination:
    found = release(**env).destination("posthog")
    assert found is not None
    return found


def decisions(
    body: dict[str, Any], *, now: int = NOW, to: Destination | None = None, **env: str
) -> list[Decision]:
    """What PostHog would get of an event that is accepted."""
    event = admit(release(**env), an_inbound(body)).event
    assert isinstance(event, Event)
    return decide(to or destination(**env), event, SHOP, Millis(now))


def payloads(body: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    found = decisions(body, **options)
    assert [one.verb for one in found] == ["send"] * len(found), found
    return [dict(one.payload.body) for one in found if one.payload is not None]


def payload(body: dict[str, Any], **options: Any) -> dict[str, Any]:
    (found,) = payloads(body, **options)
    return found


def sent(bodies: list[dict[str, Any]], now: int = NOW) -> dict[str, Any]:
    """The body of the request that carries these events."""
    batch = [one.payload for body in bodies for one in decisions(body, now=now)]
    whole = [one for one in batch if isinstance(one, Payload)]
    request = build_request(destination(), release().env, whole, Moment(Millis(now)))
    found: dict[str, Any] = loads(request.body)
    return found


def url_of(host: str) -> str:
    """Where a request goes with this host in the environment."""
    (one,) = decisions(an_event())
    assert one.payload is not None
    env = {**release().env, "POSTHOG_HOST": host}
    return build_request(destination(), env, [one.payload], Moment(NOW)).url


def an_order(**context: Any) -> dict[str, Any]:
    """Order Completed with more in its context."""
    body = an_event()
    return {**body, "context": {**body["context"], **context}}


def a_cookie(distinct_id: Any = BROWSER, session_id: str = SESSION) -> str:
    held = {"distinct_id": distinct_id, "$sesid": [1795184473303, session_id, 1795184123137]}
    return quote(json.dumps(held))
