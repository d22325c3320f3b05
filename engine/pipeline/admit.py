"""Inbound -> Verdict: what ingest says of an event, but for duplicates, which the log knows."""

from collections.abc import Mapping

from engine.codec.body import dumps
from engine.model.clock import from_iso
from engine.model.event import Event, Inbound, Unplanned
from engine.model.jsonvalue import Body, as_body
from engine.model.verdict import Accepted, Quarantined, Reason, Rejected
from engine.pipeline.normalise import normalise
from engine.release.plan import EVENT_TYPES
from engine.release.release import Release

NEEDED = {"group": "groupId", "alias": "previousId"}
OBJECT = (dict, Mapping)
"""What an object may be; asked in this order, as nearly all are the first (tests.bench)."""

OBJECTS = ("context", "properties", "traits", "integrations")
ID_LENGTH = 100
"""Segment's limit of a messageId, in characters."""

OF_SIZE = " bytes, more than"


def admit(release: Release, inbound: Inbound) -> Accepted | Quarantined | Rejected:
    """The verdict over one item of a request, where nothing is remembered of its person."""
    taken = take(release, inbound)
    return judge(release, inbound, taken) if isinstance(taken, Event) else taken


def take(release: Release, inbound: Inbound) -> Event | Quarantined | Rejected:
    """The normalised event, or the verdict over what has not the shape of one, or is too large."""
    if not isinstance(inbound.body, OBJECT):
        return Rejected((Reason("", "an event is a JSON object"),))
    raw = dumps(inbound.body)
    event = normalise(inbound, inbound.body, raw)
    reasons = misshapen(event)
    # As it came: what we add ourselves must not push an event of the allowed size over the limit.
    size, limit = len(raw), inbound.max_bytes or release.spec.server.max_event_bytes
    if size > limit and inbound.max_bytes is not None:
        size -= len(dumps(posted_in(inbound.body)))
    if size > limit:
        reasons += (Reason("", f"the event has {size:,}{OF_SIZE} {limit:,}"),)
    return Quarantined(event, inbound.body, reasons) if reasons else event


def posted_in(body: Body) -> Body:
    """``context.posted``: of a body that was posted to us, what we keep beside its event."""
    return as_body(as_body(body.get("context")).get("posted"))


def is_of_size(reason: Reason) -> bool:
    """Whether an event was set aside for its size."""
    return not reason.path and OF_SIZE in reason.message


def judge(release: Release, inbound: Inbound, event: Event) -> Accepted | Quarantined | Rejected:
    """The verdict over the event that ``inbound`` became."""
    planned = release.plan.schema_for(event.type, event.name)
    if planned is None:
        return _unplanned(event, inbound)
    if reasons := release.plan.reasons(planned, event.body):
        return Quarantined(event, inbound.body, reasons)
    return Accepted(event)


def misshapen(event: Event) -> tuple[Reason, ...]:
    """What is wrong with an event whatever the tracking plan says (docs/clients.md)."""
    body = event.body
    reasons = []
    if event.type not in EVENT_TYPES:
        reasons.append(Reason("type", f"must be one of {', '.join(EVENT_TYPES)}"))
    if event.type == "track" and not event.name.strip():
        reasons.append(Reason("event", "a track event needs its name"))
    if not isinstance(body["messageId"], str):
        reasons.append(Reason("messageId", "must be text"))
    elif len(event.message_id) > ID_LENGTH:
        reasons.append(Reason("messageId", f"is longer than {ID_LENGTH} characters"))
    if "userId" not in body and "anonymousId" not in body:
        reasons.append(Reason("userId", "userId or anonymousId is needed"))
    needed = NEEDED.get(event.type)
    if needed and needed not in body:
        reasons.append(Reason(needed, f"{event.type} needs {needed}"))
    # A time that can't be read counts as that of receiving: any other has been read already.
    if event.timestamp == event.received_at and from_iso(str(body.get("timestamp", ""))) is None:
        reasons.append(Reason("timestamp", "is no ISO 8601 time"))
    reasons += [
        Reason(key, "must be an object")
        for key in OBJECTS
        if key in body and not isinstance(body[key], OBJECT)
    ]
    return tuple(reasons)


def _unplanned(event: Event, inbound: Inbound) -> Accepted | Quarantined | Rejected:
    reason = Reason("event", f"{event.name or event.type} is not in the tracking plan")
    match inbound.source.unplanned:
        case Unplanned.ALLOW:
            return Accepted(event)
        case Unplanned.QUARANTINE:
            return Quarantined(event, inbound.body, (reason,))
        case Unplanned.REJECT:
            return Rejected((reason,), event.message_id)
