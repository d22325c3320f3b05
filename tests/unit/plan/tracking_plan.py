"""The reference project's tracking plan as the tests read it: plain YAML and plain jsonschema."""

from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).parents[3]
SCHEMAS = {
    path.relative_to(ROOT).as_posix(): yaml.safe_load(path.read_text("utf-8"))
    for folder in ("common", "events")
    for path in sorted((ROOT / "schemas" / folder).glob("*.yaml"))
}
REGISTRY = Registry().with_resources(
    (f"file:///{path}", Resource(schema, DRAFT202012)) for path, schema in SCHEMAS.items()
)
EVENT_SCHEMAS = {Path(path).stem: schema for path, schema in SCHEMAS.items() if "/events/" in path}
Refusal = tuple[str, str]  # where in the event, and the keyword that refused it


def validator(path: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"file:///{path}"}, registry=REGISTRY)


VALIDATORS = {name: validator(f"schemas/events/{name}.yaml") for name in EVENT_SCHEMAS}


def stem_of(event: dict[str, Any]) -> str | None:
    def says(schema: dict[str, Any], key: str) -> Any:
        return schema["properties"].get(key, {}).get("const")

    for stem, schema in EVENT_SCHEMAS.items():
        if says(schema, "type") == event["type"] and says(schema, "event") == event.get("event"):
            return stem
    return None


def refusals(event: dict[str, Any], stem: str | None = None) -> set[Refusal]:
    stem = stem or stem_of(event)
    if stem is None:
        return {("$", "required")}  # a track event without a name: no schema can be for it
    return {
        (error.json_path, str(error.validator)) for error in VALIDATORS[stem].iter_errors(event)
    }
