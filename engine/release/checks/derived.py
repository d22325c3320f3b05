"""Files of ``rules/derived/``, held against the tracking plan: what they take, read and make."""

from collections.abc import Iterator

from engine.mapping.compile import Read, Template
from engine.mapping.tree import Branch
from engine.model.finding import Finding, error, warning
from engine.model.names import did_you_mean
from engine.project.spec import Project
from engine.release.checks.fields import unknown_fields
from engine.release.derived import Derived, Emit, Takes
from engine.release.plan import PlannedEvent
from engine.release.release import Release
from engine.schema.fields import Fields

GLOB = frozenset("*?[")


def check_derived(project: Project, release: Release) -> list[Finding]:
    """Findings about events that nobody sends, fields that none has, and events off the plan."""
    if not project.whole:
        return []
    schemas = {path: file.schema for path, file in project.schemas.items()}
    fields = {one.path: Fields(one.path, schemas) for one in release.plan.events}
    findings: list[Finding] = []
    for derived in release.derived:
        findings += _untold(derived, release)
        events = _planned(derived.takes, release)
        if events:
            of_events = [fields[one.path] for one in events]
            findings += unknown_fields(_reads(derived), events, of_events)
        for emit in derived.emits:
            findings += _made(derived, emit, release, fields)
    return findings


def _untold(derived: Derived, release: Release) -> Iterator[Finding]:
    """Names of events that the plan doesn't have, nearly always misspelt."""
    known = [name for event in release.plan.events for name in event.names]
    takers = (("from", derived.takes), ("without", derived.without))
    for key, takes in takers:
        for name in takes.events if takes is not None else ():
            if name in known or GLOB & set(name):
                continue
            message = f'no event "{name}" in the tracking plan'
            hint = did_you_mean(name, known) or "write schemas/events/ for it"
            yield warning("W302", derived.document.place(key, "event"), message, hint)


def _planned(takes: Takes, release: Release) -> list[PlannedEvent]:
    """The schemas of the events that are taken; none where others may be too."""
    if not takes.events or any(GLOB & set(name) for name in takes.events):
        return []
    found = [release.plan.schema_for("track", name) for name in takes.events]
    return [one for one in found if one is not None]


def _reads(derived: Derived) -> list[Read]:
    """Every look-up that is made into an event."""
    templates: list[Template | None] = [*derived.keys, derived.once, derived.fill]
    templates += [one.template for one in derived.emits]
    conditions = [derived.when, *(one.when for one in derived.emits)]
    for figure in derived.figures:
        templates += [figure.of, figure.by, figure.set]
        conditions.append(figure.drop)
    templates += [one.template for one in conditions if one is not None]
    return [read for one in templates if one is not None for read in one.reads]


def _made(
    derived: Derived, emit: Emit, release: Release, fields: dict[str, Fields]
) -> Iterator[Finding]:
    if emit.name is None or not isinstance(emit.tree, Branch) or emit.tree.merged is not None:
        return
    planned = release.plan.schema_for("track", emit.name)
    if planned is None:
        message = f'{derived.name} makes "{emit.name}", which is not in the tracking plan'
        hint = "write schemas/events/ for it, so that its fields are checked"
        yield warning("W302", emit.place, message, hint)
        return
    given, known = (
        emit.tree.members.get("properties"),
        fields[planned.path].names_at(("properties",)),
    )
    if not isinstance(given, Branch) or known is None:
        return
    for name in sorted(given.members.keys() - known):
        message = f'no field "{name}" in {planned.title}'
        if hint := did_you_mean(name, known):
            yield error("E204", emit.place, message, hint)
        else:
            yield warning("W204", emit.place, message, "name it in the schema if events carry it")
