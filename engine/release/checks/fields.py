"""Fields that expressions read, held against the schemas of the events that the rule matches."""

from collections.abc import Iterator

from engine.mapping.compile import Read
from engine.model.finding import Finding, error, warning
from engine.project.names import did_you_mean
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


def check_fields(project: Project, release: Release) -> list[Finding]:
    """A finding for each field that none of the events a rule matches has.

    An error where a field of nearly that name exists, a warning where none does: events may carry
    more than the plan says.
    """
    schemas = {path: file.schema for path, file in project.schemas.items()}
    findings: list[Finding] = []
    for destination in release.destinations:
        for rule in destination.routes.rules:
            events = _planned(rule, release)
            if events:
                fields = [Fields(event.path, schemas) for event in events]
                findings += _unknown_fields(rule, events, fields)
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


def _unknown_fields(
    rule: Rule, events: list[PlannedEvent], fields: list[Fields]
) -> Iterator[Finding]:
    for read in _reads(rule):
        path = CHECKED[read.path[0]] + read.path[1:]
        known: set[str] = set()
        for step in range(1, len(path) + 1):
            at = [one.names_at(path[: step - 1]) for one in fields]
            if any(names is None for names in at):
                break
            known = {name for names in at for name in names or ()}
            if path[step - 1] != "[]" and path[step - 1] not in known:
                yield _finding(read, path[step - 1], known, events)
                break


def _reads(rule: Rule) -> list[Read]:
    reads = list(rule.template.reads) if rule.template else []
    reads += rule.when.reads if rule.when else ()
    reads += rule.each.reads if rule.each else ()
    return [read for read in reads if read.path and read.path[0] in CHECKED and len(read.path) > 1]


def _finding(read: Read, name: str, known: set[str], events: list[PlannedEvent]) -> Finding:
    where = " or ".join(dict.fromkeys(event.title for event in events[:3]))
    message = f'no field "{name}" in {where}'
    if hint := did_you_mean(name, known):
        return error("E204", read.place, message, hint)
    return warning("W204", read.place, message, "name it in the schema if events carry it")
