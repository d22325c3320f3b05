"""A foreign body -> the bodies of our events, and the request that asks for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.mapping.compile import Condition, Each, MappingFault
from engine.mapping.missing import MISSING
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.delivery import Request
from engine.model.errors import BoundPassed
from engine.model.jsonvalue import Body, Json, as_body
from engine.pipeline.request import render_request
from engine.pipeline.scope import at
from engine.release.inbound import InboundMapping, Pull

NOTHING: Body = {}
MOST_EVENTS = 20_000
"""What one body may make: a vendor that answers with more is not what its mapping was made for."""


@dataclass(frozen=True, slots=True)
class Made:
    """One event of a body, or None where it could not be made; ``faults`` say what went wrong.

    ``names`` is what its mapping saw, ``is_too_large`` whether there was too much of it.
    """

    body: Json
    faults: tuple[Fault, ...] = ()
    names: Body = field(default_factory=dict, repr=False, compare=False)
    is_too_large: bool = False


def names_of(mapping: InboundMapping, body: Json, now: Millis, more: Body) -> dict[str, Json]:
    """What a mapping sees of a body; ``more`` are the names that only posts or pulls have."""
    settings = mapping.pull or mapping.post
    return {
        "body": body,
        "tables": mapping.tables,
        "settings": settings.settings if settings else {},
        "now": at(now),
        **more,
    }


def events_of(
    mapping: InboundMapping,
    body: Json,
    now: Millis,
    planned: Millis | None = None,
    more: Body = NOTHING,
) -> Iterator[Made]:
    """The events that ``body`` gives, in order, one at a time.

    ``planned`` is the moment that the body was fetched for, so that a mapping can give the same
    ids to what is fetched for it again. ``more`` is what came with a body that was posted. A loop
    over what is no list costs its own events alone.
    """
    names = names_of(mapping, body, now, more)
    if planned is not None:
        names["pull"] = {"at": at(planned)}
    made = 0
    for one in _lines(mapping.each, names, []):
        if isinstance(one, Fault):
            yield Made(None, (one,))
            continue
        if made == MOST_EVENTS:
            yield Made(None, (_too_many(mapping),))
            return
        yield _event(mapping, {**one, "part": made})
        made += 1


def otherwise(mapping: InboundMapping, made: Made) -> Made | None:
    """The event with what ``otherwise:`` gives laid over it, None where there is nothing."""
    if mapping.otherwise is None or not isinstance(made.body, Mapping):
        return None
    names = {**made.names, "event": made.body}
    try:
        rendered = mapping.otherwise.render(names)
    except BoundPassed:
        return None
    over = {} if rendered.value is MISSING else as_body(rendered.value)
    return Made({**made.body, **over}, made.faults + rendered.faults, made.names)


def warnings_of(mapping: InboundMapping, names: Body) -> tuple[Fault, ...]:
    """What is to be told of a body that is taken all the same."""
    if mapping.post is None:
        return ()
    return tuple(
        Fault(one.path, one.message) for one in mapping.post.warnings if _holds(one.when, names)
    )


def missing_list(mapping: InboundMapping, names: Body) -> tuple[Fault, ...]:
    """What is to be told of a body that makes no event: the list that is not there, if it is that.

    An empty one says that there is nothing to tell; one that is missing may have another name now.
    """
    missing: list[Each] = []
    for _ in _lines(mapping.each, names, missing):
        return ()
    return tuple(_no_list(one) for one in missing[:1])


def _holds(when: Condition, names: Body) -> bool:
    try:
        return when.holds(names)
    except (MappingFault, BoundPassed):
        return False


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


def _lines(each: tuple[Each, ...], names: Body, missing: list[Each]) -> Iterator[Body | Fault]:
    """The names in scope for every turn of the loops, the innermost the fastest.

    Loops without a list are put into ``missing``.
    """
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
        missing.append(outer)
        return
    for element in elements:
        yield from _lines(inner, {**names, outer.name: element}, missing)


def _event(mapping: InboundMapping, names: Body) -> Made:
    try:
        rendered = mapping.template.render(names)
    except BoundPassed as passed:
        file, line = passed.file or mapping.place.file, passed.line or mapping.place.line
        # In words of the body: who posted it knows no mapping.
        message = f"the body is too large: {passed.of_input}"
        return Made(None, (Fault("", message, file, line),), names, is_too_large=True)
    value = None if rendered.value is MISSING else rendered.value
    return Made(value, rendered.faults, names)


def _no_list(each: Each) -> Fault:
    """In words of the body, as far as they are known."""
    steps = each.origin[1:-1] if each.origin and each.origin[0] == "body" else ()
    path = ".".join(steps).replace(".[]", "[]")
    what = "is missing" if path else "the list that events are made of is missing"
    message = f"{what}, so the body makes no event"
    return Fault(path, message, each.place.file, each.place.line)


def _fault(path: str, each: Each, fault: MappingFault | BoundPassed) -> Fault:
    message = fault.fault.message if isinstance(fault, MappingFault) else str(fault)
    return Fault(path, message, each.place.file, each.place.line)


def _too_many(mapping: InboundMapping) -> Fault:
    message = f"the body makes more than {MOST_EVENTS:,} events; the others are left out"
    return Fault("each", message, mapping.place.file, mapping.place.line)
