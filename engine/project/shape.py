"""Our own files against ``schemas/config/``: every key that is unknown, missing or wrong."""

import json
from dataclasses import dataclass
from pathlib import Path

from engine.model.document import Document
from engine.model.finding import Finding
from engine.project.layout import CONFIG
from engine.schema.findings import findings_of
from engine.schema.validator import Validator, compile_schema


@dataclass(frozen=True, slots=True)
class Shapes:
    """What each kind of file must be."""

    project: Validator
    destination: Validator
    rule: Validator
    inbound: Validator
    derived: Validator


def load_shapes(reference: Path) -> Shapes:
    """The shapes that come with this version, whatever a user's folder holds."""
    kinds = ("project", "destination", "rule", "inbound", "derived")
    return Shapes(*(_shape(reference, name) for name in kinds))


def misshapen(document: Document, shape: Validator) -> list[Finding]:
    """What of ``document`` is not as ``shape`` says; nothing if all is."""
    return findings_of(shape.breaches(document.value), document)


def _shape(reference: Path, name: str) -> Validator:
    path = f"{CONFIG}/{name}.json"
    schema = json.loads((reference / path).read_text("utf-8"))
    return compile_schema(path, {path: schema})
