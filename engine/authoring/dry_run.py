"""What each destination would get of an event, and why, by the very functions that serve."""

from dataclasses import dataclass, replace

from engine.codec.body import loads
from engine.model.clock import Millis
from engine.model.decision import Decision, Payload, Verb
from engine.model.delivery import Request
from engine.model.event import Event, Inbound, Source
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import Accepted, Quarantined, Rejected, verdict_name
from engine.pipeline.admit import admit
from engine.pipeline.decide import decide
from engine.pipeline.request import (
    MASK,
    BodyFault,
    Moment,
    RequestFault,
    build_request,
    masked,
)
from engine.pipeline.scope import view
from engine.release.destination import Destination
from engine.release.release import Release
from engine.release.requests import SECRET_NAME


@dataclass(frozen=True, slots=True)
class Dry:
    """The verdict over one event and, if it is accepted, what was decided for each destination."""

    event: Event | None
    verdict: Accepted | Quarantined | Rejected
    decisions: tuple[tuple[Destination, Decision], ...]

    def as_json(self) -> Body:
        """One line of ``dry-run --json``."""
        event, verdict = self.event, self.verdict
        reasons = () if isinstance(verdict, Accepted) else verdict.reasons
        return {
            "message_id": event.message_id if event else None,
            "event": event.name if event else "",
            "type": event.type if event else "",
            "verdict": verdict_name(verdict),
            "errors": [reason.as_json() for reason in reasons],
            "destinations": [decision.as_json() for _, decision in self.decisions],
        }


def dry_run(
    release: Release, body: Json, source: Source, now: Millis, destinations: frozenset[str]
) -> Dry:
    """The fate of ``body``, sent by ``source`` at ``now``, at these destinations."""
    verdict = admit(release, Inbound(source, body, now))
    if isinstance(verdict, Rejected):
        return Dry(None, verdict, ())
    if isinstance(verdict, Quarantined):
        return Dry(verdict.event, verdict, ())
    seen = view(verdict.event, source)
    return Dry(
        verdict.event,
        verdict,
        tuple(
            (destination, _judged(release, destination, decision, now))
            for destination in release.destinations
            if destination.name in destinations
            for decision in decide(destination, verdict.event, source, now, seen)
        ),
    )


def _judged(
    release: Release, destination: Destination, decision: Decision, now: Millis
) -> Decision:
    """The decision, invalid if its payload alone makes a body that breaks ``request.contract``."""
    if destination.request.contract is None or decision.payload is None:
        return decision
    try:
        build_request(destination, release.env, [decision.payload], Moment(now))
    except BodyFault as fault:
        return replace(decision, verb=Verb.INVALID, reason=str(fault))
    except RequestFault:
        return decision
    return decision


def request_of(release: Release, destination: Destination, payload: Payload, now: Millis) -> Body:
    """The request that would carry this payload alone: secrets masked, unset variables as <NAME>.

    Raises ``RequestFault`` where it can't be made.
    """
    # Rendered with stand-ins, so that no secret is shown in base64 or cut either.
    hidden = {name: MASK for name in release.env if SECRET_NAME.search(name)}
    unset = {name: f"<{name}>" for name in destination.unset}
    env = {**release.env, **hidden, **unset}
    request = masked(build_request(destination, env, [payload], Moment(now)))
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "params": dict(request.params),
        "body": _body(request),
    }


def _body(request: Request) -> Json:
    try:
        return loads(request.body)
    except ValueError:
        return request.body.decode()
