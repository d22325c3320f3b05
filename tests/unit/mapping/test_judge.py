"""The generated code against the plain evaluator, on random trees, expressions and scopes."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.mapping.compile import ScopeSpec, compile_tree
from engine.mapping.filters.catalogue import FILTERS, TESTS
from engine.mapping.missing import MISSING
from engine.mapping.tree import parse_tree
from engine.model.cache import Caches
from engine.model.errors import BoundPassed
from tests.unit.mapping.closures import Judge, is_sent
from tests.unit.mapping.projects import document

SCOPE = ScopeSpec(frozenset({"a", "b", "c"}))
KEYS = ("a", "b", "c")

texts = st.sampled_from(["", "a", "b", "x y", "10", "2.5", "true", "2026-11-24T21:06:03Z", "ñandú"])
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 2.0, -0.0, 1e300]), texts
)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=8,
)
scopes = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, json_values))

literals = st.sampled_from(["1", "0", "-2", "2.5", "'a'", "''", "'10'", "true", "false", "none"])
names = st.sampled_from([*KEYS, "a.b", "a.b.c", "b.a", "c[0]", "c[0].a", "a['b']", "b[c]", "c[-1]"])


def filtered(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def with_arguments(name: str) -> st.SearchStrategy[str]:
        count = len(FILTERS[name].arguments)
        needed = sum(one.is_required for one in FILTERS[name].arguments)
        arguments = st.lists(st.one_of(names, inner), min_size=needed, max_size=count)
        return st.tuples(inner, arguments).map(
            lambda both: f"({both[0]}) | {name}({', '.join(both[1])})"
        )

    return st.sampled_from(sorted(FILTERS)).flatmap(with_arguments)


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(
        [
            *[
                "+",
                "-",
                "*",
                "/",
                "//",
                "%",
                "~",
                "==",
                "!=",
                "<",
                "<=",
                ">",
                ">=",
                "and",
                "or",
                "in",
            ],
            "not in",
        ]
    )
    tests = st.sampled_from(sorted(name for name in TESTS if name != "like"))
    return st.one_of(
        st.tuples(inner, signs, inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
        st.tuples(inner, inner, inner).map("{0[0]} if ({0[1]}) else ({0[2]})".format),
        st.tuples(inner, tests).map("({0[0]}) is {0[1]}".format),
        inner.map("not ({})".format),
        inner.map("-({})".format),
        st.lists(inner, max_size=2).map(lambda parts: f"[{', '.join(parts)}]"),
        inner.map("{{'k': {}}}".format),
        st.tuples(inner, inner).map("({0[0]})[{0[1]}]".format),
        filtered(inner),
    )


expressions = st.recursive(st.one_of(literals, names), deeper, max_leaves=6)
leaves = st.one_of(
    scalars,
    expressions.map("{{{{ {} }}}}".format),
    st.tuples(expressions, expressions).map("x {{{{ {0[0]} }}}} {{{{ {0[1]} }}}}".format),
)


def branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(st.sampled_from(["k", "l", "m"]), inner, max_size=3)
    conditions = expressions.map("{{{{ {} }}}}".format)
    merged = st.one_of(st.none(), st.sampled_from(["{{ a }}", "{{ a.b }}"]), conditions)
    return st.one_of(
        members,
        st.tuples(members, conditions).map(lambda both: {**both[0], "$if": both[1]}),
        st.tuples(members, merged).map(lambda both: {**both[0], "$merge": both[1]}),
        st.tuples(merged, inner).map(lambda both: {"$merge": both[0], "a": both[1]}),
        st.lists(inner, max_size=3),
        st.tuples(expressions, inner).map(lambda both: {"$for": both[0], "$do": both[1]}),
    )


def named(tree: Any, depth: int = 0) -> Any:
    """The tree with a name for each loop, which its body reads."""
    if isinstance(tree, list):
        return [named(one, depth) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if "$for" not in tree:
        return {key: named(one, depth) for key, one in tree.items()}
    name = f"e{depth}"
    body = {"e": f"{{{{ {name}.a or {name} }}}}", "x": named(tree["$do"], depth + 1)}
    return {"$for": f"{name} in {tree['$for']}", "$do": body}


trees = st.recursive(leaves, branches, max_leaves=5).map(named)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(tree=trees, scope=scopes)
def test_the_generated_code_gives_what_the_plain_evaluator_gives(tree: Any, scope: Any) -> None:
    parsed, findings = parse_tree(document(tree))
    template, more = compile_tree(parsed, SCOPE, caches=Caches.off())
    if template is None:  # a constant where something else has to stand
        assert {one.code for one in [*findings, *more]} <= {"E205", "E206"}
        return
    judge, before = Judge(SCOPE), copy.deepcopy(scope)

    try:
        found = template.render(scope)
    except BoundPassed:
        return

    expected = judge.value(parsed, scope)
    expected = expected if is_sent(expected, parsed) else MISSING
    assert repr(found.value) == repr(expected)
    assert [(one.path, one.line) for one in found.faults] == judge.faults
    assert scope == before


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(tree=trees, scope=scopes)
def test_a_trace_and_caches_change_nothing(tree: Any, scope: Any) -> None:
    parsed, _ = parse_tree(document(tree))
    plain, _ = compile_tree(parsed, SCOPE, caches=Caches.off())
    traced, _ = compile_tree(parsed, SCOPE, caches=Caches.on(), trace=True)
    if plain is None or traced is None:
        assert plain is traced
        return

    try:
        found = plain.render(scope)
    except BoundPassed:
        return

    for again in (traced.render(scope), traced.render(scope)):
        assert repr(again.value) == repr(found.value)
        assert again.faults == found.faults
