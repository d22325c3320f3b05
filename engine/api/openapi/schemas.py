"""JSON Schemas of the project as components of an OpenAPI document."""

from collections.abc import Mapping, Sequence

from engine.model.jsonvalue import Body, Json
from engine.schema.dialect import REFERENCES
from engine.schema.references import Target, follow

POINTER = "#/components/schemas/"


def component_name(path: str) -> str:
    """The name of a schema file there: ``schemas/inbound/tracked.yaml`` is inbound.tracked."""
    return path.removeprefix("schemas/").rsplit(".", 1)[0].replace("/", ".")


def referred(name: str) -> Body:
    """A reference to a component."""
    return {"$ref": POINTER + name}


def components_of(schemas: Mapping[str, Body]) -> dict[str, Json]:
    """These files by the names of their components, their references leading from one to another.

    ``schemas`` holds all that they lead to, as ``Validator.schemas`` does.
    """
    return {component_name(file): _moved(file, body, schemas) for file, body in schemas.items()}


def _moved(file: str, value: Json, schemas: Mapping[str, Body]) -> Json:
    if isinstance(value, Mapping):
        return {
            key: _pointer(file, part, schemas)
            if key in REFERENCES and isinstance(part, str)
            else _moved(file, part, schemas)
            for key, part in value.items()
            if key != "$schema"
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_moved(file, part, schemas) for part in value]
    return value


def _pointer(file: str, reference: str, schemas: Mapping[str, Body]) -> str:
    target = follow(file, reference, schemas)
    if not isinstance(target, Target) or target.file is None:
        return reference
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in target.path)
    return "/".join((POINTER + component_name(target.file), *steps))
