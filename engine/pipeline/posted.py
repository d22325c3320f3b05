"""A posted body -> the items that ingest takes in, with what is to be told of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.model.clock import Millis
from engine.model.decision import Fault
from engine.model.event import Inbound, Source
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import Accepted, Quarantined
from engine.pipeline.admit import admit
from engine.pipeline.inbound import Made, events_of, names_of, otherwise, warnings_of
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
    """One item of a body; ``faults`` is what is to be told of it, whatever its verdict."""

    inbound: Inbound
    faults: tuple[Fault, ...]


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
    for index, made in enumerate(events_of(mapping, body, now, None, _names(came, source))):
        item = made.body
        if isinstance(item, Mapping) and not item.get("messageId"):
            item = {**item, "messageId": fresh()}
        inbound = Inbound(source, item, now, index, None, came.ip, came.user_agent)
        yield _best(release, mapping, made, inbound)


def posted_warnings(
    mapping: InboundMapping, body: Json, came: Came, source: Source, now: Millis
) -> tuple[Fault, ...]:
    """What ``warnings:`` tells of a body that is taken all the same."""
    return warnings_of(mapping, names_of(mapping, body, now, _names(came, source)))


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
    as_made = Posted(inbound, made.faults)
    if mapping.otherwise is None:
        return as_made
    verdict = admit(release, inbound)
    if not isinstance(verdict, Quarantined):
        return as_made
    second = otherwise(mapping, replace(made, body=inbound.body))
    if second is None:
        return as_made
    other = replace(inbound, body=second.body)
    if not isinstance(admit(release, other), Accepted):
        return as_made
    name = verdict.event.name or verdict.event.type
    # Without the reasons' own words, which may show what was sent: warnings go into the log.
    message = f"is not as {name} needs it, so the event is kept as a custom one"
    told = [Fault(reason.path, message) for reason in verdict.reasons]
    return Posted(other, (*second.faults, *told))
