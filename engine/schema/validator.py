"""Whether a value meets a schema, fast, and if not, why.

jsonschema-rs decides; jsonschema explains. Both read 2020-12, take ``format`` as a remark, and
agree on the official test suite; where they would not, tests/unit/schema/test_agreement.py says
who is followed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import jsonschema_rs

from engine.model.errors import ProjectError
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import Reason
from engine.schema.breach import Breach
from engine.schema.dialect import address, reachable
from engine.schema.explainer import Judge, explainer, undeclared
from engine.schema.patterns import OPTIONS
from engine.schema.reasons import breaches

Decider: TypeAlias = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Validator:
    """One schema; ``path`` is its file, ``schemas`` are all that it leads to.

    Who decides and who explains are made when they are first needed, and then kept: who decides
    takes 250 KiB for an event, and some events never come; most schemas never need explaining.
    """

    path: str
    schemas: Mapping[str, Body]
    _deciders: list[Decider] = field(default_factory=list, repr=False, compare=False)
    _judges: list[Judge] = field(default_factory=list, repr=False, compare=False)

    def is_valid(self, value: Json) -> bool:
        """Whether ``value`` meets the schema."""
        if not self._deciders:
            self._deciders.append(_decider(self.path, self.schemas))
        decide = self._deciders[0]
        try:
            return decide(value)
        except ValueError:
            # Not plain JSON: a read-only mapping, or half of a surrogate pair.
            return decide(_plain(value))

    def breaches(self, value: Json) -> tuple[Breach, ...]:
        """Each way in which ``value`` does not meet the schema, by path; none if it does."""
        if self.is_valid(value):
            return ()
        try:
            found = breaches(self._judge(), _plain(value))
        except RecursionError:
            return (Breach((), "", "is nested too deeply to tell what is wrong"),)
        return found or (Breach((), "", f"does not meet {self.path}"),)

    def reasons(self, value: Json) -> tuple[Reason, ...]:
        """Why ``value`` does not meet the schema, by path, at most 50; none if it does."""
        return tuple(breach.reason() for breach in self.breaches(value))

    def _judge(self) -> Judge:
        if not self._judges:
            self._judges.append(explainer(self.path, _undeclared(self.schemas)))
        return self._judges[0]


def compile_schema(path: str, schemas: Mapping[str, Body]) -> Validator:
    """The validator of the schema at ``path``; ``schemas`` are all that it may refer to, by path.

    It is compiled once to know that it can be. Raises ``ProjectError`` for a schema in which
    ``check.check_schema`` finds an error.
    """
    files = schemas.keys() & reachable(path, schemas)
    validator = Validator(path, {file: schemas[file] for file in sorted(files)})
    _decider(path, validator.schemas)
    return validator


def _decider(path: str, schemas: Mapping[str, Body]) -> Decider:
    try:
        registry = jsonschema_rs.Registry(
            [(address(file), body) for file, body in _undeclared(schemas).items()],
            draft=jsonschema_rs.Draft202012,
            retriever=_fetch_nothing,
        )
        decider = jsonschema_rs.Draft202012Validator(
            {"$ref": address(path)},
            registry=registry,
            retriever=_fetch_nothing,
            validate_formats=False,
            pattern_options=OPTIONS,
        )
    except (ValueError, jsonschema_rs.ReferencingError) as fault:
        raise ProjectError(f"{path} can't be used as a schema") from fault
    return decider.is_valid


def _undeclared(schemas: Mapping[str, Body]) -> Mapping[str, Any]:
    """The schemas as both libraries read them: plain, and without a ``$schema`` of their own."""
    return {file: undeclared(_plain(schema)) for file, schema in schemas.items()}


def _fetch_nothing(uri: str, /) -> Any:
    raise LookupError(uri)


def _plain(value: Json) -> Any:
    """The value as dicts and lists, what is no text within a text replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_plain(part) for part in value]
    return value
