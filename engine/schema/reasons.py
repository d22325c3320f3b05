"""Why a value does not meet its schema: every breach, in words that people understand."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, TypeAlias

from jsonschema.exceptions import ValidationError

from engine.model.document import Path
from engine.model.jsonvalue import Json, as_body
from engine.model.names import did_you_mean
from engine.schema.breach import Breach, order
from engine.schema.explainer import Judge
from engine.schema.words import choice_words, either, type_words, words

MOST = 50
"""Breaches that are told: more help nobody."""

LOOKED_AT = 500

UNKNOWN_KEY = ("additionalProperties", "unevaluatedProperties")

Branch: TypeAlias = list[ValidationError]


def breaches(judge: Judge, value: Json) -> tuple[Breach, ...]:
    """The breaches of what ``judge`` demands by ``value``, by path, each once, at most 50."""
    errors = list(islice(judge.iter_errors(value), LOOKED_AT))
    found = {breach for error in errors for breach in _of(error)}
    return tuple(sorted(found, key=order)[:MOST])


def _of(error: ValidationError) -> Iterator[Breach]:
    keyword = str(error.validator)
    if error.schema is False:
        yield _breach(error, "false", "is not allowed here")
    elif keyword in ("anyOf", "oneOf") and error.context:
        yield from _alternatives(error)
    elif keyword == "propertyNames":
        yield from _bad_name(error)
    elif keyword == "dependentRequired":
        yield _breach(error, "required", f'is missing, and must go with "{error.message}"')
    elif keyword in UNKNOWN_KEY:
        yield _unknown_key(error)
    else:
        message = _form(error) or words(keyword, error.validator_value, _value(error))
        yield _breach(error, keyword, message, _nearest_choice(error))


def _breach(error: ValidationError, keyword: str, message: str, hint: str = "") -> Breach:
    return Breach(_path(error), keyword, message, hint, _expects(error), as_body(error.schema))


def _form(error: ValidationError) -> str:
    """What a pattern asks for, where the schema's title has it in words: ``a number such as 7``."""
    title = as_body(error.schema).get("title")
    if error.validator != "pattern" or not isinstance(title, str):
        return ""
    return f"does not have the form of {title}" if title.startswith(("a ", "an ")) else ""


def _path(error: ValidationError) -> Path:
    return tuple(error.absolute_path)


def _value(error: ValidationError) -> Any:
    return error.instance


def _expects(error: ValidationError) -> Any:
    return error.validator_value


def _nearest_choice(error: ValidationError) -> str:
    if error.validator != "enum" or not isinstance(error.instance, str):
        return ""
    return did_you_mean(error.instance, _texts(_expects(error)))


def _texts(values: Iterable[Any]) -> list[str]:
    return [one for one in values if isinstance(one, str)]


def _unknown_key(error: ValidationError) -> Breach:
    known = as_body(as_body(error.schema).get("properties"))
    missing = [name for name in known if name not in _value(error)]
    hint = did_you_mean(str(error.absolute_path[-1]), missing)
    return _breach(error, "additionalProperties", "is not known here", hint)


def _bad_name(error: ValidationError) -> Iterator[Breach]:
    for inner in error.context or ():
        for breach in _of(inner):
            yield _breach(error, "propertyNames", f"has a name that {breach.message}", breach.hint)


def _alternatives(error: ValidationError) -> Iterator[Breach]:
    """What the best matching alternative lacks, or what all want where none matches better."""
    branches = _branches(error)
    if (types := _common(branches, "type")) is not None:
        flat = [name for one in types for name in ([one] if isinstance(one, str) else one)]
        yield Breach(
            _path(error), "type", type_words(flat, _value(error)), "", flat, as_body(error.schema)
        )
    elif (choices := _choices(branches)) is not None:
        hint = did_you_mean(str(error.instance), _texts(choices))
        yield _breach(error, "enum", choice_words(choices, _value(error)), hint)
    elif (needs := _missing_keys(branches)) is not None:
        breach = _breach(error, "anyOf", f"lacks {either(needs)}")
        yield replace(breach, lacks=_missing_names(branches))
    else:
        best = min(branches, key=_misfit)
        yield from (breach for inner in best for breach in _of(inner))


def _branches(error: ValidationError) -> list[Branch]:
    branches: dict[Any, Branch] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    return list(branches.values())


def _common(branches: list[Branch], keyword: str) -> list[Any] | None:
    """What this keyword expects in each branch, if it refuses the whole value in all of them."""
    found = []
    for branch in branches:
        about = [one for one in branch if one.validator == keyword and not one.relative_path]
        if not about:
            return None
        found.append(about[0].validator_value)
    return found


def _choices(branches: list[Branch]) -> list[Any] | None:
    """All values that an enum or const of some branch would take, if each branch has one."""
    values: list[Any] = []
    for branch in branches:
        if (one := _common([branch], "enum")) is not None:
            values += one[0]
        elif (one := _common([branch], "const")) is not None:
            values += one
        else:
            return None
    return values


def _missing_keys(branches: list[Branch]) -> list[str] | None:
    """What keys each branch misses, if that is all that they miss."""
    needs = []
    for branch in branches:
        if any(one.validator != "required" or len(one.relative_path) != 1 for one in branch):
            return None
        needs.append(" with ".join(f'"{one.relative_path[0]}"' for one in branch))
    return list(dict.fromkeys(needs))


def _missing_names(branches: list[Branch]) -> tuple[str, ...]:
    names = (str(one.relative_path[0]) for branch in branches for one in branch)
    return tuple(dict.fromkeys(names))


def _misfit(branch: Branch) -> tuple[bool, int, int, int]:
    """How badly a branch matches: its type, its constants, its missing keys, then all the rest."""
    kinds = [one.validator for one in branch]
    wrong_type = any(one.validator == "type" and not one.relative_path for one in branch)
    return wrong_type, kinds.count("const"), kinds.count("required"), len(branch)
