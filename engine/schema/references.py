"""Where a ``$ref`` leads: to a schema of the project, or nowhere, in words."""

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from engine.model.document import Path
from engine.model.jsonvalue import Body, Json
from engine.model.names import did_you_mean, nearest
from engine.schema.dialect import DIALECT_FAMILY, schemas_in, target_file

FOLDER = "schemas/"
ADDRESS = re.compile(r"([A-Za-z0-9/#:?&=$~!*'(),;@+._-]|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Target:
    """The schema that a reference leads to; no file for one of the dialect's own schemas."""

    file: str | None
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a reference leads nowhere, and what to do."""

    code: str
    message: str
    hint: str = ""


def follow(
    file: str, reference: str, schemas: Mapping[str, Body], unread: Collection[str] = ()
) -> Target | Lost:
    """Where ``reference``, written in ``file``, leads; ``unread`` are files told of elsewhere."""
    if reference.startswith(DIALECT_FAMILY):
        return Target(None)
    if not ADDRESS.fullmatch(reference):
        right = quote(reference, safe="/#%:?&=$~!*'(),;@+")
        return Lost("E133", "holds a character that an address can't hold", f'write "{right}"')
    target = target_file(file, reference)
    if target is None:
        return _remote(file, reference, schemas)
    if target in unread:
        return Target(None)
    if target not in schemas:
        return _no_file(file, target, schemas)
    return _within(target, unquote(urlsplit(reference).fragment), schemas)


def _remote(file: str, reference: str, schemas: Mapping[str, Body]) -> Lost:
    for path, schema in schemas.items():
        if schema.get("$id") == reference.partition("#")[0]:
            return Lost("E134", f'"{reference}" is an address', f"write {_from(file, path)}")
    return Lost(
        "E134",
        f'"{reference}" leads out of the project; nothing is fetched',
        "copy that schema to schemas/common/ and refer to it by its path",
    )


def _no_file(file: str, target: str, schemas: Mapping[str, Body]) -> Lost:
    if not target.startswith(FOLDER):
        return Lost("E133", f"{target} is not in schemas/", "keep schemas in schemas/")
    close = nearest(target, schemas)
    hint = f'did you mean "{_from(file, close)}"?' if close else "write that file, or fix the path"
    return Lost("E133", f"there is no file {target}", hint)


def _from(file: str, target: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(file) or ".")


def _within(file: str, fragment: str, schemas: Mapping[str, Body]) -> Target | Lost:
    if not fragment:
        return Target(file)
    if not fragment.startswith("/"):
        return _anchor(file, fragment, schemas[file])
    value: Json = schemas[file]
    path: Path = ()
    for text in fragment.split("/")[1:]:
        step = _step(value, text.replace("~1", "/").replace("~0", "~"))
        if step is None:
            return _no_such_step(file, fragment, path, text, value)
        path = (*path, step)
        value = value[step]  # type: ignore[index]  # the step was found in it
    if isinstance(value, Mapping | bool):
        return Target(file, path)
    return Lost("E133", f"#{fragment} in {file} is no schema", "lead it to an object")


def _step(value: Json, text: str) -> str | int | None:
    if isinstance(value, Mapping):
        return text if text in value else None
    if isinstance(value, list) and text.isdecimal() and int(text) < len(value):
        return int(text)
    return None


def _no_such_step(file: str, fragment: str, path: Path, step: str, value: Json) -> Lost:
    known = [str(name) for name in value] if isinstance(value, Mapping) else []
    where = "".join(f"/{part}" for part in path)
    hint = did_you_mean(step, known)
    return Lost("E133", f'nothing stands at #{fragment} in {file}: no "{step}" in #{where}', hint)


def _anchor(file: str, name: str, schema: Body) -> Target | Lost:
    anchors = {
        str(one[keyword]): path
        for path, one in schemas_in(schema)
        for keyword in ("$anchor", "$dynamicAnchor")
        if keyword in one
    }
    if name in anchors:
        return Target(file, anchors[name])
    hint = did_you_mean(name, anchors) or f'to name a part of it, write "#/$defs/{name}"'
    return Lost("E133", f"there is no $anchor {name} in {file}", hint)
