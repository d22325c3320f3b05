"""JSON Schema 2020-12 within a project: where schemas stand in schemas, and how files refer.

A file of the project is known by its path. To the libraries it has an address under ``BASE``, which
no network can reach, so that a relative ``$ref`` leads from file to file.
"""

import posixpath
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

from engine.model.document import Path
from engine.model.jsonvalue import Body, Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DIALECT_FAMILY = "https://json-schema.org/draft/2020-12/"

BASE = "https://project.invalid/"

ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords whose value is a schema."""

LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
"""Keywords whose value is a list of schemas."""

NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
"""Keywords whose value is an object of schemas."""

IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
"""Keywords whose schemas judge the same value, not a part of it."""

REFERENCES = ("$ref", "$dynamicRef")


def address(path: str) -> str:
    """The address of a file for the libraries."""
    return BASE + quote(path)


def target_file(file: str, reference: str) -> str | None:
    """The path of the file that ``reference``, written in ``file``, leads to.

    None where it leaves the project: an address of its own.
    """
    parts = urlsplit(reference)
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return None
    if not parts.path:
        return file
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(parts.path)))


def schemas_in(schema: Json, path: Path = ()) -> Iterator[tuple[Path, Body]]:
    """Each schema within a schema that is an object, itself first, with its path."""
    if not isinstance(schema, Mapping):
        return
    yield path, schema
    for inner, part in parts_of(schema):
        yield from schemas_in(part, path + inner)


def parts_of(schema: Body) -> Iterator[tuple[Path, Json]]:
    """The schemas that stand directly in ``schema``, with their paths in it."""
    for keyword, value in schema.items():
        if keyword in ONE:
            yield (keyword,), value
        elif keyword in LISTED and isinstance(value, list):
            for index, part in enumerate(value):
                yield (keyword, index), part
        elif keyword in NAMED and isinstance(value, Mapping):
            for name, part in value.items():
                yield (keyword, name), part


def references_in(schema: Json) -> Iterator[tuple[Path, str]]:
    """Each reference within a schema, with the path of its text."""
    for path, one in schemas_in(schema):
        for keyword in REFERENCES:
            if isinstance(reference := one.get(keyword), str):
                yield (*path, keyword), reference


def reachable(path: str, schemas: Mapping[str, Body]) -> frozenset[str]:
    """The files that the schema at ``path`` leads to, itself among them, there or not."""
    found: set[str] = set()
    todo = [path]
    while todo:
        file = todo.pop()
        if file in found:
            continue
        found.add(file)
        todo += [
            target
            for _, reference in references_in(schemas.get(file))
            if (target := target_file(file, reference)) is not None
        ]
    return frozenset(found)
