"""The tracking plan, compiled: which events exist, and whether an event meets its schema."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.model.finding import Finding, error
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import Reason
from engine.project.spec import SchemaFile
from engine.schema.validator import Validator, compile_schema

EVENT_TYPES = ("track", "page", "identify", "screen", "group", "alias")


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One schema of ``schemas/events/``: the types and track names it is for (none: any name)."""

    path: str
    title: str
    types: tuple[str, ...]
    names: tuple[str, ...]
    schema: Body
    validator: Validator


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned events, found by type and name in one look-up."""

    events: tuple[PlannedEvent, ...]
    index: Mapping[tuple[str, str], PlannedEvent]

    def schema_for(self, type_: str, name: str) -> PlannedEvent | None:
        """The schema for an event of this type and track name, else one for the whole type."""
        return self.index.get((type_, name)) or self.index.get((type_, ""))

    def reasons(self, planned: PlannedEvent, body: Body) -> tuple[Reason, ...]:
        """Why ``body`` does not meet its schema; empty when it does."""
        if planned.validator.is_valid(body):
            return ()
        return planned.validator.reasons(body)


def build_plan(schemas: Mapping[str, SchemaFile]) -> tuple[Plan, list[Finding]]:
    """The plan over all files in ``schemas/events/``; two schemas for one event are a finding."""
    bodies = {path: file.schema for path, file in schemas.items()}
    events: list[PlannedEvent] = []
    findings: list[Finding] = []
    index: dict[tuple[str, str], PlannedEvent] = {}
    for file in _event_files(schemas):
        planned, faults = _planned(file, bodies)
        findings += faults
        if planned is None:
            continue
        events.append(planned)
        findings += _enter(index, planned, file)
    return Plan(tuple(events), index), findings


def _event_files(schemas: Mapping[str, SchemaFile]) -> Iterable[SchemaFile]:
    return (file for path, file in sorted(schemas.items()) if path.startswith("schemas/events/"))


def _planned(
    file: SchemaFile, bodies: Mapping[str, Body]
) -> tuple[PlannedEvent | None, list[Finding]]:
    properties = as_body(file.schema.get("properties"))
    types = _constants(properties.get("type"))
    names = _constants(properties.get("event"))
    unknown = [one for one in types if one not in EVENT_TYPES]
    if not types or unknown:
        found = f'"{unknown[0]}"' if unknown else "none"
        return None, [
            error(
                "E120",
                file.document.place("properties", "type"),
                f"an event schema says which type it is for; found {found}",
                f"give properties.type a const of {', '.join(EVENT_TYPES)}",
            )
        ]
    validator = compile_schema(file.path, bodies)
    title = file.schema.get("title")
    return PlannedEvent(
        file.path,
        title if isinstance(title, str) else file.path,
        types,
        names,
        file.schema,
        validator,
    ), []


def _constants(schema: Json) -> tuple[str, ...]:
    body = as_body(schema)
    if isinstance(const := body.get("const"), str):
        return (const,)
    enum = body.get("enum")
    return tuple(one for one in enum if isinstance(one, str)) if isinstance(enum, list) else ()


def _enter(
    index: dict[tuple[str, str], PlannedEvent], planned: PlannedEvent, file: SchemaFile
) -> list[Finding]:
    place = file.document.place("properties", "event")
    keys = [(type_, name) for type_ in planned.types for name in planned.names or ("",)]
    return [
        error(
            "E121",
            place,
            f"{name or type_} has a schema already, in {other.path}",
            "keep one schema for an event",
        )
        for type_, name in keys
        if (other := index.setdefault((type_, name), planned)) is not planned
    ]
