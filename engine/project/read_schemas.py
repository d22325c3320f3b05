"""The files of ``schemas/`` as schemas that can be used."""

from collections.abc import Collection, Mapping

from engine.model.document import Document
from engine.model.finding import Finding, has_errors
from engine.model.jsonvalue import Body, as_body
from engine.project.spec import SchemaFile
from engine.schema.check import check_schema
from engine.schema.dialect import reachable


def read_schemas(
    documents: Mapping[str, Document], unread: Collection[str]
) -> tuple[Mapping[str, SchemaFile], list[Finding]]:
    """The schemas by path, without the broken ones and those that lead to them; and the findings.

    ``unread`` are files that hold no document at all.
    """
    bodies = {path: _body(document) for path, document in documents.items()}
    findings: list[Finding] = []
    broken = set(unread)
    for path, document in documents.items():
        found = check_schema(document, bodies, unread)
        findings += found
        if has_errors(found):
            broken.add(path)
    usable = [path for path in bodies if not broken & reachable(path, bodies)]
    return {path: SchemaFile(path, bodies[path], documents[path]) for path in usable}, findings


def _body(document: Document) -> Body:
    """The schema without its ``$id``: a file is known by its path, and references go by paths."""
    return {key: value for key, value in as_body(document.value).items() if key != "$id"}
