"""A posted body -> the items that ingest takes in, with what is to be told of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.mapping.tree import Branch
from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.event import Inbound, Source
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import Accepted, Quarantined, Reason
from engine.pipeline.admit import admit, posted_in
from engine.pipeline.inbound import (
    Made,
    events_of,
    missing_list,
    names_of,
    otherwise,
    warnings_of,
)
from engine.release.body_fields import field_of
from engine.release.inbound import InboundMapping
from engine.release.release import Release

COOKIES = ("_fbp", "_fbc", "_ga", "_clck", "_clsk")


@dataclass(frozen=True, slots=True)
class Came:
    """What came with a body: of the person's browser (None and empty where that isn't known).

    ``headers`` by names in lower case; of the cookies mappings see those that ``is_wanted``.
    """

    ip: str | None = None
    user_agent: str | None = None
    referer: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """One item of a body; ``faults`` is what is to be told of it, whatever its verdict.

    ``is_too_large``: nothing could be made of so much.
    """

    inbound: Inbound
    faults: tuple[Fault, ...]
    is_too_large: bool = False


def is_wanted(cookie: str) -> bool:
    """Whether mappings see a cookie of this name: those of analytics and ads, no session."""
    return (
        cookie in COOKIES
        or cookie.startswith("_ga_")
        or (cookie.startswith("ph_") and cookie.endswith("_posthog"))  # docs/inbound.md
    )


def posted_events(  # noqa: PLR0913 - one body, and what came with it
    release: Release,
    mapping: InboundMapping,
    body: Json,
    came: Came,
    source: Source,
    now: Millis,
    fresh: Callable[[], str],
) -> Iterator[Posted]:
    """The items that ``body`` makes, in order, each with a ``messageId`` of its own.

    ``fresh`` gives one where the mapping doesn't: their repeats can't be recognised.
    """
    max_bytes, keeps_bodies = _max_bytes(release, mapping), _keeps_bodies(mapping)
    for index, made in enumerate(events_of(mapping, body, now, None, _names(came, source))):
        item = made.body if keeps_bodies else _without_posted(made.body)
        if isinstance(item, Mapping) and not item.get("messageId"):
            item = {**item, "messageId": fresh()}
        inbound = Inbound(source, item, now, index, None, came.ip, came.user_agent, max_bytes)
        yield _best(release, mapping, made, inbound)


def posted_warnings(
    mapping: InboundMapping, body: Json, came: Came, source: Source, now: Millis
) -> tuple[Fault, ...]:
    """What is told of a body that is taken all the same: by ``warnings:``, or as a list lacks."""
    names = names_of(mapping, body, now, _names(came, source))
    return (*warnings_of(mapping, names), *missing_list(mapping, names))


def _names(came: Came, source: Source) -> Body:
    """The names that only a post has."""
    request: Mapping[str, Json] = {
        "ip": came.ip,
        "userAgent": came.user_agent,
        "referer": came.referer,
        "cookies": {name: value for name, value in came.cookies.items() if is_wanted(name)},
        "idempotencyKey": came.idempotency_key,
    }
    return {
        "headers": dict(came.headers),
        "query": dict(came.query),
        "request": request,
        "source": {"name": source.name, "kind": source.kind.value},
    }


def _best(release: Release, mapping: InboundMapping, made: Made, inbound: Inbound) -> Posted:
    """The event as it was made, or as ``otherwise:`` has it where that alone is accepted."""
    as_made = Posted(inbound, made.faults, made.is_too_large)
    if mapping.otherwise is None:
        return as_made
    verdict = admit(release, inbound)
    if not isinstance(verdict, Quarantined):
        return as_made
    second = otherwise(mapping, replace(made, body=inbound.body))
    if second is None:
        return as_made
    meant = verdict.event.name or verdict.event.type
    wrong = _wrong(mapping, verdict.reasons)
    other = replace(inbound, body=_noted(as_body(second.body), meant, wrong))
    if not isinstance(admit(release, other), Accepted):
        return as_made
    # Without the reasons' own words, which may show what was sent: warnings go into the log.
    message = f"is not as {meant} needs it, so the event is kept as a custom one"
    told = [Fault(path, message if path else f"the body {message}") for path in wrong]
    return Posted(other, (*second.faults, *told))


def _wrong(mapping: InboundMapping, reasons: Sequence[Reason]) -> tuple[str, ...]:
    """The fields of the body that the reasons are about, each once; ``""`` is all of it."""
    found: dict[str, None] = {}
    for reason in reasons:
        at = tuple(re.findall(r"\[\]|[^.\[\]]+", re.sub(r"\[\d+\]", "[]", reason.path)))
        for path in [(*at, name) for name in reason.lacks] or [at]:
            if (field := field_of(mapping.fields, path)) is not None:
                found[".".join(field).replace(".[]", "[]").removesuffix("[]")] = None
    return tuple(found) or ("",)


def _noted(body: Body, meant: str, wrong: Sequence[str]) -> Body:
    """The event with what it was meant as and why it is none: ``explain`` tells it."""
    context = as_body(body.get("context"))
    note: Body = {"meant": meant, "wrong": [path for path in wrong if path]}
    posted = {**as_body(context.get("posted")), **note}
    return {**body, "context": {**context, "posted": posted}}


def room_of(release: Release, body: Json) -> int | None:
    """How large an event that comes back from quarantine may be, None for as large as any."""
    model = posted_in(as_body(body)).get("model")
    rooms = [
        _max_bytes(release, one)
        for one in release.inbounds
        if model is not None and one.post is not None and one.post.model == model
    ]
    return max(rooms, default=None)


def _keeps_bodies(mapping: InboundMapping) -> bool:
    """Whether the mapping writes ``context.posted`` itself."""
    context = mapping.tree.members.get("context") if isinstance(mapping.tree, Branch) else None
    return isinstance(context, Branch) and "posted" in context.members


def _without_posted(body: Json) -> Json:
    """The event without what came as ``context.posted`` in a context that is passed on whole.

    Who sends could have us keep any document, of any size.
    """
    event = as_body(body)
    context = as_body(event.get("context"))
    if "posted" not in context:
        return body
    rest = {name: value for name, value in context.items() if name != "posted"}
    return {**event, "context": rest}


def _max_bytes(release: Release, mapping: InboundMapping) -> int:
    own = mapping.post.max_event_bytes if mapping.post else None
    return own or release.spec.server.max_event_bytes
