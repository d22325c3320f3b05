"""Inbound mappings, held against what every event has to have and against the tracking plan."""

from collections.abc import Iterator

from engine.mapping.tree import Branch, Constant, Tree
from engine.model.document import Document
from engine.model.finding import Finding, error, warning
from engine.model.names import did_you_mean
from engine.project.spec import Project
from engine.release.checks.same_ids import same_ids
from engine.release.inbound import InboundMapping
from engine.release.plan import EVENT_TYPES, PlannedEvent
from engine.release.release import Release
from engine.schema.fields import Fields

PERSON = ("userId", "anonymousId")


def check_inbound(project: Project, release: Release) -> list[Finding]:
    """Findings about events that could not be accepted, told twice, or have misspelt fields."""
    schemas = {path: file.schema for path, file in project.schemas.items()}
    findings: list[Finding] = []
    for mapping in release.inbounds:
        if not isinstance(mapping.tree, Branch) or mapping.tree.merged is not None:
            continue
        findings += _lacking(mapping, mapping.tree)
        planned = _planned(mapping.tree, release)
        if planned is not None:
            findings += _unknown(mapping, mapping.tree, planned, Fields(planned.path, schemas))
        elif project.whole:
            findings += _unplanned(mapping.tree, mapping.document.at("event"), release)
    return findings


def _lacking(mapping: InboundMapping, tree: Branch) -> Iterator[Finding]:
    place = mapping.document.key_place("event")
    given = tree.members.keys()
    if "type" not in given:
        hint = f"write type: with one of {', '.join(EVENT_TYPES)}"
        yield error("E340", place, f"{mapping.name} gives no type, which every event has", hint)
    if not any(name in given for name in PERSON):
        message = f"{mapping.name} gives neither userId nor anonymousId, and an event needs one"
        hint = "where there is no person, write a fixed anonymousId"
        yield error("E340", place, message, hint)
    if "messageId" in given:
        yield from same_ids(mapping, tree.members["messageId"])
    elif mapping.pull is not None:
        message = f"{mapping.name} gives no messageId, so what is fetched again would count twice"
        hint = "make one of pull.at and of what the event is about, with | uuid"
        yield error("E341", place, message, hint)
    else:
        message = f"{mapping.name} gives no messageId, so what is posted again would count twice"
        hint = "make one of what the event is about, with | uuid, or write {{ body.messageId }}"
        yield warning("W343", place, message, hint)


def _planned(tree: Branch, release: Release) -> PlannedEvent | None:
    """The schema of the event that is given, where its type and name stand in the file."""
    type_, name = (_text(tree.members.get(key)) for key in ("type", "event"))
    if type_ is None or (type_ == "track" and name is None):
        return None
    return release.plan.schema_for(type_, name or "")


def _text(tree: Tree | None) -> str | None:
    value = tree.value if isinstance(tree, Constant) else None
    return value if isinstance(value, str) else None


def _unplanned(tree: Branch, document: Document, release: Release) -> Iterator[Finding]:
    name = _text(tree.members.get("event"))
    if name is None or _text(tree.members.get("type")) != "track":
        return
    hint = did_you_mean(name, [one for event in release.plan.events for one in event.names])
    yield warning(
        "W302",
        document.place("event"),
        f'no event "{name}" in the tracking plan',
        hint or "write schemas/events/ for it, so that its fields are checked",
    )


def _unknown(
    mapping: InboundMapping, tree: Branch, planned: PlannedEvent, fields: Fields
) -> Iterator[Finding]:
    """Properties that the mapping gives and the schema doesn't name."""
    given, known = tree.members.get("properties"), fields.names_at(("properties",))
    if not isinstance(given, Branch) or known is None:
        return
    for name in sorted(given.members.keys() - known):
        place = mapping.document.key_place("event", "properties", name)
        message = f'no field "{name}" in {planned.title}'
        if hint := did_you_mean(name, known):
            yield error("E204", place, message, hint)
        else:
            yield warning("W204", place, message, "name it in the schema if events carry it")
