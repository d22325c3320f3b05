"""References that lead back to themselves without going into a part of the value."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from engine.model.document import Path
from engine.model.jsonvalue import Body, Json
from engine.schema.dialect import IN_PLACE, REFERENCES, parts_of
from engine.schema.references import Target, follow

Position: TypeAlias = tuple[str, Path]


def is_circular(file: str, path: Path, target: Target, schemas: Mapping[str, Body]) -> bool:
    """Whether the schema at ``path``, which refers to ``target``, judges the same value again."""
    seen: set[Position] = set()
    todo = [(target.file, target.path)] if target.file is not None else []
    while todo:
        position = todo.pop()
        if position == (file, path):
            return True
        if position not in seen:
            seen.add(position)
            todo += _in_place(position, schemas)
    return False


def _in_place(position: Position, schemas: Mapping[str, Body]) -> Iterator[Position]:
    """The schemas that judge the same value as the one at ``position``."""
    file, path = position
    schema = _at(schemas.get(file), path)
    if not isinstance(schema, Mapping):
        return
    for inner, _ in parts_of(schema):
        if inner[0] in IN_PLACE:
            yield file, path + inner
    for keyword in REFERENCES:
        if isinstance(reference := schema.get(keyword), str):
            target = follow(file, reference, schemas)
            if isinstance(target, Target) and target.file is not None:
                yield target.file, target.path


def _at(value: Json, path: Path) -> Json:
    for step in path:
        value = value[step]  # type: ignore[index]  # the path was found in it
    return value
