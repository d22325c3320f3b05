"""The slower judge, which tells each breach apart: jsonschema, with some keywords told our way.

Keywords that speak of keys give one error a key, with the key in its path. Patterns run on the
engine that decides, so that both judges are of one mind.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from jsonschema_specifications import (  # type: ignore[import-untyped]  # ships no types
    REGISTRY as SPECIFICATIONS,
)
from referencing.jsonschema import DRAFT202012

from engine.model.jsonvalue import Body
from engine.schema.dialect import DIALECT, DIALECT_FAMILY, address
from engine.schema.patterns import matches

Errors: TypeAlias = Iterator[ValidationError]
Judge: TypeAlias = Draft202012Validator

_unevaluated = Draft202012Validator.VALIDATORS["unevaluatedProperties"]


def explainer(path: str, schemas: Mapping[str, Body]) -> Judge:
    """Who explains the schema at ``path``; ``schemas`` holds all that it leads to."""
    return _judge(address(path), {address(file): body for file, body in schemas.items()})


def explainer_of_schemas() -> Judge:
    """Who explains what is wrong with a schema as a schema."""
    family = {uri: SPECIFICATIONS.contents(uri) for uri in SPECIFICATIONS if DIALECT_FAMILY in uri}
    return _judge(DIALECT, {uri: undeclared(body) for uri, body in family.items()})


def undeclared(value: Any) -> Any:
    """A schema without its ``$schema``, for which jsonschema would take a judge of its own."""
    if isinstance(value, Mapping):
        return {
            key: undeclared(part)
            for key, part in value.items()
            if key != "$schema" or not isinstance(part, str)
        }
    return [undeclared(part) for part in value] if isinstance(value, list) else value


def _judge(uri: str, schemas: Mapping[str, Body]) -> Judge:
    resources = ((one, DRAFT202012.create_resource(body)) for one, body in schemas.items())
    registry = SPECIFICATIONS.with_resources(resources)
    judge: Judge = Explainer({"$ref": uri}, registry=registry)
    return judge


def _pattern(judge: Any, pattern: str, value: Any, _: Any) -> Errors:
    if judge.is_type(value, "string") and not matches(pattern, value):
        yield ValidationError("")


def _pattern_properties(judge: Any, patterns: Any, value: Any, _: Any) -> Errors:
    if not judge.is_type(value, "object"):
        return
    for pattern, schema in patterns.items():
        for key, part in value.items():
            if matches(pattern, key):
                yield from judge.descend(part, schema, path=key, schema_path=pattern)


def _additional_properties(judge: Any, extra: Any, value: Any, schema: Any) -> Errors:
    if not judge.is_type(value, "object"):
        return
    named = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for key, part in value.items():
        if key in named or any(matches(pattern, key) for pattern in patterns):
            continue
        if extra is False:
            yield ValidationError("", path=(key,))
        else:
            yield from judge.descend(part, extra, path=key)


def _unevaluated_properties(judge: Any, extra: Any, value: Any, schema: Any) -> Errors:
    for error in _unevaluated(judge, extra, value, schema):
        for key in _named_in(error.message, value):
            yield ValidationError("", path=(key,))


def _named_in(message: str, value: Any) -> list[str]:
    """The keys that jsonschema names: it tells them only in its text, quoted as Python does."""
    quoted = re.search(r"\((.*) (?:was|were) unexpected\)$", message, re.DOTALL)
    try:
        named = ast.literal_eval(f"[{quoted[1]}]") if quoted else []
    except (SyntaxError, ValueError):
        named = []
    return [key for key in value if key in named] or list(value)


def _required(judge: Any, required: Any, value: Any, _: Any) -> Errors:
    if judge.is_type(value, "object"):
        yield from (ValidationError("", path=(key,)) for key in required if key not in value)


def _dependent_required(judge: Any, dependents: Any, value: Any, _: Any) -> Errors:
    if not judge.is_type(value, "object"):
        return
    for given, needed in dependents.items():
        if given in value:
            for key in needed:
                if key not in value:
                    yield ValidationError(given, path=(key,))


def _property_names(judge: Any, schema: Any, value: Any, _: Any) -> Errors:
    if not judge.is_type(value, "object"):
        return
    for key in value:
        if errors := list(judge.descend(key, schema)):
            yield ValidationError("", path=(key,), context=errors)


Explainer = extend(  # type: ignore[no-untyped-call]  # jsonschema's own typing ends here
    Draft202012Validator,
    {
        "additionalProperties": _additional_properties,
        "dependentRequired": _dependent_required,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "propertyNames": _property_names,
        "required": _required,
        "unevaluatedProperties": _unevaluated_properties,
    },
)
