"""A foreign body -> the bodies of our events, and the request that asks for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.mapping.compile import Each, MappingFault
from engine.mapping.missing import MISSING
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.delivery import Request
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Body, Json
from engine.pipeline.request import render_request
from engine.pipeline.scope import at
from engine.release.inbound import InboundMapping, Pull

MOST_EVENTS = 20_000
"""What one body may make: a vendor that answers with more is not what its mapping was made for."""


@dataclass(frozen=True, slots=True)
class Made:
    """One event of a body, or None where it could not be made; ``faults`` say what went wrong."""

    body: Json
    faults: tuple[Fault, ...] = ()


def events_of(
    mapping: InboundMapping, body: Json, now: Millis, planned: Millis | None = None
) -> Iterator[Made]:
    """The events that ``body`` gives, in order, one at a time.

    ``planned`` is the moment that the body was fetched for, so that a mapping can give the same
    ids to what is fetched for it again. A loop over what is no list costs its own events alone.
    """
    names: dict[str, Json] = {
        "body": body,
        "tables": mapping.tables,
        "settings": mapping.pull.settings if mapping.pull else {},
        "now": at(now),
    }
    if planned is not None:
        names["pull"] = {"at": at(planned)}
    made = 0
    for one in _lines(mapping.each, names):
        if isinstance(one, Fault):
            yield Made(None, (one,))
            continue
        if made == MOST_EVENTS:
            yield Made(None, (_too_many(mapping),))
            return
        yield _event(mapping, {**one, "part": made})
        made += 1


def pull_request(
    pull: Pull, env: Mapping[str, str], planned: Millis, now: Millis, attempt: int
) -> Request:
    """The request of a pull; raises ``RequestFault`` where an expression fails."""
    return render_request(
        pull.request,
        {
            "pull": {"at": at(planned)},
            "env": dict(env),
            "settings": pull.settings,
            "tables": pull.tables,
            "now": at(now),
            "attempt": attempt,
        },
    )


def _lines(each: tuple[Each, ...], names: Body) -> Iterator[Body | Fault]:
    """The names in scope for every turn of the loops, the innermost the fastest."""
    if not each:
        yield names
        return
    outer, inner = each[0], each[1:]
    try:
        elements = outer.lines(names)
    except (MappingFault, BoundPassed) as fault:
        yield _fault("each", outer, fault)
        return
    if elements is MISSING:
        return
    for element in elements:
        yield from _lines(inner, {**names, outer.name: element})


def _event(mapping: InboundMapping, names: Body) -> Made:
    try:
        rendered = mapping.template.render(names)
    except BoundPassed as passed:
        place = mapping.place
        return Made(None, (Fault("event", str(passed), place.file, place.line),))
    value = None if rendered.value is MISSING else rendered.value
    return Made(value, rendered.faults)


def _fault(path: str, each: Each, fault: MappingFault | BoundPassed) -> Fault:
    message = fault.fault.message if isinstance(fault, MappingFault) else str(fault)
    return Fault(path, message, each.place.file, each.place.line)


def _too_many(mapping: InboundMapping) -> Fault:
    message = f"the body makes more than {MOST_EVENTS:,} events; the others are left out"
    return Fault("each", message, mapping.place.file, mapping.place.line)
