"""What is wrong with a schema: its dialect, its form, where its references lead, its patterns."""

from collections.abc import Collection, Iterator, Mapping

import jsonschema_rs

from engine.model.document import Document, Path
from engine.model.errors import ProjectError
from engine.model.finding import Finding, error, has_errors, warning
from engine.model.jsonvalue import Body, Json, as_body, json_type
from engine.model.names import nearest
from engine.schema.breach import Breach
from engine.schema.circles import is_circular
from engine.schema.dialect import DIALECT, references_in, schemas_in
from engine.schema.explainer import Explainer, explainer_of_schemas
from engine.schema.findings import findings_of
from engine.schema.patterns import can_run
from engine.schema.reasons import breaches
from engine.schema.references import Lost, follow
from engine.schema.validator import compile_schema

KEYWORDS = frozenset(Explainer.VALIDATORS) | {
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$id",
    "$schema",
    "$vocabulary",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "else",
    "examples",
    "maxContains",
    "minContains",
    "readOnly",
    "then",
    "title",
    "writeOnly",
}

SPLIT = "dependencies"
"""A keyword of older dialects that some validators still read, and others don't."""

OLDER = {
    "additionalItems": "items",
    "id": "$anchor",
}
"""Keywords of older dialects, which 2020-12 doesn't read, and what it reads instead."""


def check_schema(
    document: Document, schemas: Mapping[str, Body], unread: Collection[str] = ()
) -> list[Finding]:
    """What is wrong with the schema in ``document``; ``schemas`` are all of the project, by path.

    ``unread`` are files that could not be read: references to them are not told again.
    """
    if not isinstance(document.value, Mapping):
        found = json_type(document.value)
        return [error("E130", document.place(), f"a schema is an object; found {found}")]
    if (other := _other_dialect(document)) is not None:
        return [other]
    if breaches := _form(document.value):
        return findings_of(breaches, document)
    findings = [
        *_keywords(document),
        *_references(document, schemas, unread),
        *_patterns(document),
    ]
    if has_errors(findings) or unread:
        return findings
    return findings + _refused(document, schemas)


def _other_dialect(document: Document) -> Finding | None:
    named = as_body(document.value).get("$schema", DIALECT)
    if isinstance(named, str) and named.rstrip("#") == DIALECT:
        return None
    return error(
        "E131",
        document.place("$schema"),
        "this schema is of another dialect; JSON Schema 2020-12 is read",
        f"write $schema: {DIALECT}",
    )


def _form(schema: Body) -> tuple[Breach, ...]:
    try:
        if jsonschema_rs.meta.is_valid(dict(schema)):
            return ()
    except ValueError:
        pass  # not plain JSON: the slower judge takes it
    return breaches(explainer_of_schemas(), schema)


def _keywords(document: Document) -> Iterator[Finding]:
    """Keys that don't say what they seem to: a schema takes any key, and ignores it."""
    for path, schema in schemas_in(document.value):
        if path and "$id" in schema:
            yield error(
                "E137",
                document.key_place(*path, "$id"),
                "a schema is known by its file, so a part of it has no $id",
                "write a $ref by file and place: other.yaml#/$defs/name",
            )
        if SPLIT in schema:
            yield error(
                "E139",
                document.key_place(*path, SPLIT),
                f'"{SPLIT}" is no keyword of JSON Schema 2020-12, and validators differ about it',
                "write dependentRequired or dependentSchemas",
            )
        for key in schema.keys() - KEYWORDS - {SPLIT}:
            if right := OLDER.get(key) or nearest(key, KEYWORDS):
                yield warning(
                    "W130",
                    document.key_place(*path, key),
                    f'"{key}" is no keyword of JSON Schema 2020-12, so it says nothing',
                    f"write {right}" if key in OLDER else f'did you mean "{right}"?',
                )


def _references(
    document: Document, schemas: Mapping[str, Body], unread: Collection[str]
) -> Iterator[Finding]:
    file = document.file
    for path, reference in references_in(document.value):
        target = follow(file, reference, schemas, unread)
        if isinstance(target, Lost):
            yield error(target.code, document.place(*path), f"$ref {target.message}", target.hint)
        elif is_circular(file, path[:-1], target, schemas):
            yield error(
                "E135",
                document.place(*path),
                f'$ref "{reference}" leads back to itself, and so says nothing',
                "lead it to a schema of a part of the value, or remove it",
            )


def _patterns(document: Document) -> Iterator[Finding]:
    for path, schema in schemas_in(document.value):
        places: list[tuple[Path, Json]] = [(("pattern",), schema.get("pattern"))]
        places += [
            (("patternProperties", name), name) for name in as_body(schema.get("patternProperties"))
        ]
        for inner, pattern in places:
            if isinstance(pattern, str) and not can_run(pattern):
                yield error(
                    "E136",
                    document.place(*path, *inner),
                    "this regular expression can't run in time that grows with the text alone",
                    "look-around and back-references are not taken; use allOf, not, or an enum",
                )


def _refused(document: Document, schemas: Mapping[str, Body]) -> list[Finding]:
    try:
        compile_schema(document.file, schemas)
    except ProjectError as fault:
        return [error("E138", document.place(), str(fault), "see what it refers to")]
    return []
