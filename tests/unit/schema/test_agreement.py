"""Who decides (jsonschema-rs) and who explains (jsonschema) agree on the official test suite."""

import warnings
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from jsonschema_specifications import REGISTRY
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from engine.schema.dialect import DIALECT
from engine.schema.explainer import Explainer, undeclared
from engine.schema.patterns import OPTIONS
from tests.unit.schema.suite import Case, cases, remotes, suite_folder

pytestmark = pytest.mark.slow

EXPLAINED_OUR_WAY = {
    r"optional/ecmascript-regex | ECMA 262 regex escapes control codes with \c": (
        r"Python's re knows no \c"
    ),
    r"optional/ecmascript-regex | ECMA 262 \d matches ascii digits only": "re takes any digit",
    r"optional/ecmascript-regex | ECMA 262 \D matches everything but ascii digits": "as above",
    r"optional/ecmascript-regex | ECMA 262 \w matches ascii letters only": "re takes any letter",
    r"optional/ecmascript-regex | ECMA 262 \W matches everything but ascii letters": "as above",
    r"optional/ecmascript-regex | ECMA 262 \s matches whitespace": "re leaves out U+FEFF",
    r"optional/ecmascript-regex | ECMA 262 \S matches everything but whitespace": "as above",
    "optional/ecmascript-regex | patterns always use unicode semantics": r"re knows no \p",
    r"optional/ecmascript-regex | \w in patterns matches": "re takes any letter",
    r"optional/ecmascript-regex | \w in patternProperties matches": "re takes any letter",
    r"optional/ecmascript-regex | \d in pattern matches": "re takes any digit",
    r"optional/ecmascript-regex | \d in patternProperties matches": "re takes any digit",
    "optional/ecmascript-regex | pattern with non-ASCII digits": r"re knows no \p",
    "optional/ecmascript-regex | patternProperties with non-ASCII digits": r"re knows no \p",
}
"""jsonschema alone is wrong. Our explainer asks jsonschema-rs about each pattern, so it agrees."""

REFUSED_AT_LOAD = {
    "optional/dependencies-compatibility": (
        "jsonschema-rs still reads the older keyword dependencies; check_schema refuses it (E139)"
    ),
    "vocabulary | schema that uses custom metaschema": (
        "jsonschema doesn't look into $vocabulary; check_schema refuses other dialects (E131)"
    ),
}
"""The libraries differ, so no schema of a project may be like that."""

NOT_OURS = {
    "optional/cross-draft": "refers to a schema of an older draft; those are refused (E131)",
    "optional/format-assertion": "to us, format is a remark in each schema",
}
"""Neither library does what these optional cases want, or not as we use them."""


class Judged(NamedTuple):
    """What each of the three says of a case; the name of an exception where it fails."""

    plain: Any
    decider: Any
    explainer: Any


@pytest.fixture(scope="module")
def judged() -> dict[tuple[str, bool], Judged]:
    folder = suite_folder()
    documents = {
        uri: schema
        for uri, schema in remotes(folder).items()
        if not isinstance(schema, dict) or schema.get("$schema", DIALECT) == DIALECT
    }
    registry = REGISTRY.with_resources(
        (uri, DRAFT202012.create_resource(schema)) for uri, schema in documents.items()
    )
    fast = jsonschema_rs.Registry(list(documents.items()), draft=jsonschema_rs.Draft202012)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the suite's metaschemas are unknown to jsonschema
        return {(case.name, case.valid): judge(case, registry, fast) for case in cases(folder)}


def judge(case: Case, registry: Registry, fast: jsonschema_rs.Registry) -> Judged:
    def decided() -> bool:
        return jsonschema_rs.Draft202012Validator(
            case.schema,
            registry=fast,
            retriever=fetch_nothing,
            validate_formats=False,
            pattern_options=OPTIONS,
        ).is_valid(case.value)

    return Judged(
        said(lambda: Draft202012Validator(case.schema, registry=registry).is_valid(case.value)),
        said(decided),
        said(lambda: Explainer(undeclared(case.schema), registry=registry).is_valid(case.value)),
    )


def said(judge: Any) -> Any:
    try:
        return judge()
    except Exception as fault:  # noqa: BLE001 - any failure of a library is a disagreement
        return type(fault).__name__


def fetch_nothing(uri: str) -> None:
    raise LookupError(uri)


def listed_in(table: dict[str, str], name: str) -> bool:
    return any(name.startswith(prefix) for prefix in table)


def test_the_suite_is_there_with_the_keywords_that_schemas_of_events_use(judged):
    files = {name.partition(" | ")[0] for name, _ in judged}

    assert len(judged) > 1300
    assert files >= {
        "additionalProperties", "allOf", "anyOf", "const", "contains", "dependentRequired",
        "dependentSchemas", "enum", "exclusiveMaximum", "exclusiveMinimum", "format",
        "if-then-else", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength",
        "minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties", "prefixItems",
        "properties", "propertyNames", "ref", "required", "type", "unevaluatedItems",
        "unevaluatedProperties", "uniqueItems",
    }  # fmt: skip


def test_who_decides_is_right_in_every_case_that_is_ours(judged):
    wrong = {
        name: one
        for (name, valid), one in judged.items()
        if one.decider != valid and not listed_in(NOT_OURS, name)
    }

    assert wrong == {}


def test_who_explains_agrees_with_who_decides_wherever_a_schema_may_load(judged):
    differ = {
        name: one
        for (name, _), one in judged.items()
        if one.explainer != one.decider and not listed_in(REFUSED_AT_LOAD | NOT_OURS, name)
    }

    assert differ == {}


def test_every_other_disagreement_of_the_libraries_stands_in_a_table(judged):
    told = EXPLAINED_OUR_WAY | REFUSED_AT_LOAD | NOT_OURS
    differ = {
        name for (name, valid), one in judged.items() if not one.plain == one.decider == valid
    }

    assert {name for name in differ if not listed_in(told, name)} == set()
    assert {prefix for prefix in told if not any(n.startswith(prefix) for n in differ)} == set()
