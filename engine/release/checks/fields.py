"""Fields that expressions read, held against the schemas of the events that the rule matches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.mapping.compile import Read
from engine.model.document import Place
from engine.model.finding import Finding, error, warning
from engine.model.names import did_you_mean
from engine.project.spec import Project
from engine.release.plan import PlannedEvent
from engine.release.release import Release
from engine.release.routes import Rule
from engine.schema.fields import Fields

CHECKED = {
    "properties": ("properties",),
    "context": ("context",),
    "traits": ("traits",),
    "event": (),
}
"""Names in scope that are parts of the event, with their path in its schema."""

ENVELOPE = frozenset(
    [
        *("type", "event", "messageId", "userId", "anonymousId", "groupId", "previousId"),
        *("name", "category", "channel", "timestamp", "originalTimestamp", "receivedAt", "sentAt"),
        *("context", "integrations", "properties", "traits"),
    ]
)
"""What every event can have by the Segment spec, whether its schema says so or not."""


def check_fields(project: Project, release: Release) -> list[Finding]:
    """A finding for each field that none of the events a rule matches has.

    An error where a field of nearly that name exists, a warning where none does: events may carry
    more than the plan says.
    """
    schemas = {path: file.schema for path, file in project.schemas.items()}
    known = {event.path: Fields(event.path, schemas) for event in release.plan.events}
    findings: list[Finding] = []
    for destination in release.destinations:
        for rule in destination.routes.rules:
            events = _planned(rule, release)
            if events:
                fields = [known[event.path] for event in events]
                findings += unknown_fields(_reads(rule), events, fields)
    return findings


def _planned(rule: Rule, release: Release) -> list[PlannedEvent]:
    """The schemas of the events that a rule can match; none if it can match unplanned ones too."""
    if any(set(name) & set("*?[") for name in rule.match.event) or not rule.match.type:
        return []
    types = set(rule.match.type)
    if "track" in types and not rule.match.event:
        return []
    return [
        planned
        for type_ in types
        for name in (rule.match.event if type_ == "track" else ("",))
        if (planned := release.plan.schema_for(type_, name)) is not None
    ]


def unknown_fields(
    reads: Iterable[Read], events: list[PlannedEvent], fields: list[Fields]
) -> Iterator[Finding]:
    """A finding for each look-up into an event of a field that none of these events has."""
    for read in reads:
        if len(read.path) < 2 or read.path[0] not in CHECKED:
            continue
        path = CHECKED[read.path[0]] + read.path[1:]
        if read.path[0] == "event" and path[0] in ENVELOPE:
            path = () if len(path) == 1 else path
        if (unknown := unknown_step(read, path, fields)) is not None:
            yield _finding(unknown, events)


@dataclass(frozen=True, slots=True)
class UnknownStep:
    """A step of a look-up that no schema names, where it is written, and what they name there."""

    name: str
    place: Place
    known: frozenset[str]


def unknown_step(read: Read, path: tuple[str, ...], fields: list[Fields]) -> UnknownStep | None:
    """The first step of ``path``, the last steps of a look-up, that none of the schemas names."""
    if (unknown := _first_unknown(path, fields)) is None:
        return None
    step, known = unknown
    return UnknownStep(path[step], _place(read, step + len(read.path) - len(path)), known)


def _first_unknown(
    path: tuple[str, ...], fields: list[Fields]
) -> tuple[int, frozenset[str]] | None:
    """Which step is the first that none of the schemas names, and the names they have there."""
    for taken, step in enumerate(path):
        if step == "[]":
            continue
        at = [one.names_at(path[:taken]) for one in fields]
        if any(names is None for names in at):
            return None
        known = frozenset(name for names in at for name in names or ())
        if step not in known:
            return taken, known
    return None


def _reads(rule: Rule) -> list[Read]:
    reads = list(rule.template.reads) if rule.template else []
    reads += rule.when.reads if rule.when else ()
    reads += rule.each.reads if rule.each else ()
    return reads


def _place(read: Read, step: int) -> Place:
    """Where a step of the look-up is written."""
    written = step - (len(read.path) - len(read.places))
    return read.places[written] if 0 <= written < len(read.places) else read.place


def _finding(unknown: UnknownStep, events: list[PlannedEvent]) -> Finding:
    where = " or ".join(dict.fromkeys(event.title for event in events[:3]))
    message = f'no field "{unknown.name}" in {where}'
    if hint := did_you_mean(unknown.name, unknown.known):
        return error("E204", unknown.place, message, hint)
    return warning("W204", unknown.place, message, "name it in the schema if events carry it")
