"""One expression: from Jinja's tree to ours, each node checked against the closed list.

A refused node is a finding with its place and what to do instead; all findings of a text are
collected.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jinja2 import nodes

from engine.mapping import syntax
from engine.mapping.arguments import arrange, given_as
from engine.mapping.filters.catalogue import FILTERS, TESTS
from engine.mapping.filters.spec import FilterSpec, TestSpec
from engine.mapping.limits import EXPRESSION_LEVELS, utf8
from engine.mapping.missing import INTEGERS
from engine.mapping.pitfalls import hyphen_hints, leftmost, pitfalls
from engine.mapping.refusals import (
    BAD_KEY,
    CHAINED,
    CONSTANT_BASE,
    NO_UTF8,
    TOO_LARGE,
    UNPACKED,
    refusal,
)
from engine.mapping.scope import ScopeSpec, nearest
from engine.mapping.tokens import Lines, Source, SyntaxFault, Text, parse, take_apart, too_deep
from engine.mapping.uses import Uses, uses_of
from engine.model.finding import Finding, error, has_errors, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Reading", "ScopeSpec", "read_expression", "read_text"]

COMPARISONS: Final = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lteq": "<=",
    "gt": ">",
    "gteq": ">=",
    "in": "in",
    "notin": "not in",
}
ARITHMETIC: Final[dict[type[nodes.Node], str]] = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
}
NOTHING: Final = syntax.Constant(None)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, read: the expression that it stands for, and what this uses.

    ``is_alone`` tells that the text is one expression, whose value keeps its type. ``at`` is where
    its first token stands.
    """

    expression: syntax.Expression
    uses: Uses
    is_alone: bool
    at: int


def read_text(text: Text, scope: ScopeSpec) -> tuple[Reading | None, list[Finding]]:
    """The expression of a text that has braces in it; None where a finding is an error."""
    try:
        parts = take_apart(text.text)
    except SyntaxFault as fault:
        return None, [fault.finding(text)]
    return _read(text, scope, parts)


def read_expression(
    text: Text, start: int, scope: ScopeSpec
) -> tuple[Reading | None, list[Finding]]:
    """The expression that stands without braces from ``start`` to the end of a text."""
    try:
        parts = take_apart(f"{'{{ ':>{start}}{text.text[start:]} }}}}")
    except SyntaxFault as fault:
        return None, [fault.finding(text)]
    sources = [part for part in parts if isinstance(part, Source)]
    if len(sources) != 1 or sources[0].end <= len(text.text):
        braces = SyntaxFault("E201", start, "found braces", "write the expression without them")
        return None, [braces.finding(text)]
    return _read(text, scope, list(sources))


def _read(
    text: Text, scope: ScopeSpec, parts: list[str | Source]
) -> tuple[Reading | None, list[Finding]]:
    findings: list[Finding] = []
    found: list[syntax.Expression] = []
    for part in parts:
        if isinstance(part, str):
            found.append(syntax.Constant(part))
        else:
            found.append(_Translation(text, scope, part, findings).expression())
    if has_errors(findings):
        return None, findings
    solid = [
        one
        for one, part in zip(found, parts, strict=True)
        if isinstance(part, Source) or part.strip()
    ]
    sources = [part for part in parts if isinstance(part, Source)]
    is_alone = len(sources) == len(solid) == 1
    whole = solid[0] if is_alone else syntax.Joined(tuple(found))
    uses, unknown = uses_of(whole, text, scope)
    reading = Reading(whole, uses, is_alone, sources[0].tokens[0].at)
    return (None if unknown else reading), findings + unknown


@dataclass(slots=True)
class _Translation:
    """The translation of one expression of a text; what is refused becomes a null and a finding."""

    text: Text
    scope: ScopeSpec
    source: Source
    findings: list[Finding]
    lines: Lines = field(init=False)
    hints: dict[int, str] = field(init=False)

    def expression(self) -> syntax.Expression:
        """The expression; its findings are appended."""
        try:
            node, self.lines = parse(self.source)
            self._check_depth(node)
        except SyntaxFault as fault:
            self.findings.append(fault.finding(self.text))
            return NOTHING
        self.hints = hyphen_hints(node, self.lines, self.source)
        found = self._translate(node)
        if not has_errors(self.findings):
            for one in pitfalls(node, self.lines, self.source):
                place = self.text.place(one.at)
                self.findings.append(warning(one.code, place, one.message, one.hint))
        return found

    def _check_depth(self, node: nodes.Node) -> None:
        level = [node]
        for _ in range(EXPRESSION_LEVELS):
            level = [child for one in level for child in one.iter_child_nodes()]
            if not level:
                return
        raise too_deep(self.lines.at(level[0]))

    def _fail(self, code: str, at: int, message: str, hint: str) -> syntax.Expression:
        self.findings.append(error(code, self.text.place(at), message, hint))
        return NOTHING

    def _refuse(self, node: nodes.Node, words: tuple[str, str]) -> syntax.Expression:
        return self._fail("E205", self.lines.at(node), *words)

    def _translate(self, node: nodes.Node) -> syntax.Expression:  # noqa: PLR0911 - one a node
        match node:
            case nodes.Name():
                return self._name(node)
            case nodes.Getattr() | nodes.Getitem():
                return self._look_up(node)
            case nodes.Const():
                return self._constant(node)
            case nodes.Filter() | nodes.Test():
                return self._filter_or_test(node)
            case nodes.Compare():
                return self._comparison(node)
            case nodes.Dict():
                return self._members(node)
            case _:
                return self._operation(node)

    def _operation(self, node: nodes.Node) -> syntax.Expression:  # noqa: PLR0911 - one a node
        one = self._translate
        match node:
            case nodes.CondExpr(test=test, expr1=yes, expr2=no):
                return syntax.Choice(one(test), one(yes), NOTHING if no is None else one(no))
            case nodes.And(left=left, right=right):
                return syntax.Both(one(left), one(right))
            case nodes.Or(left=left, right=right):
                return syntax.Either(one(left), one(right))
            case nodes.Not(node=inner):
                return syntax.Not(one(inner))
            case nodes.Neg(node=nodes.Const(value=int() | float() as number)):
                return syntax.Constant(-number)
            case nodes.Neg(node=inner):
                return syntax.Negative(one(inner))
            case nodes.Concat(nodes=parts):
                return syntax.Joined(tuple(map(one, parts)))
            case nodes.List(items=parts):
                return syntax.Elements(tuple(map(one, parts)))
            case nodes.BinExpr(left=left, right=right) if type(node) in ARITHMETIC:
                return syntax.Arithmetic(ARITHMETIC[type(node)], one(left), one(right))
            case _:
                return self._refuse(node, refusal(node))

    def _name(self, node: nodes.Name) -> syntax.Expression:
        at = self.lines.at(node)
        if node.name in self.scope.names:
            return syntax.Name(node.name, at)
        hint = self.hints.get(self.lines.index(node)) or nearest(node.name, self.scope.names)
        return self._fail("E202", at, f'unknown name "{node.name}"', hint)

    def _look_up(self, node: nodes.Getattr | nodes.Getitem) -> syntax.Expression:
        is_key = isinstance(node, nodes.Getattr)
        if isinstance(node.node, nodes.Const) or (is_key and isinstance(node.node, nodes.List)):
            return self._refuse(node.node, CONSTANT_BASE)
        base = self._translate(node.node)
        at = self.lines.token_at(node.lineno + 1)
        match node:
            case nodes.Getattr(attr=key):
                return syntax.Key(base, key, at)
            case nodes.Getitem(arg=nodes.Const(value=str() as key)):
                return syntax.Key(base, key, at)
            case _:
                return syntax.Item(base, self._translate(node.arg), at)

    def _constant(self, node: nodes.Const) -> syntax.Expression:
        match node.value:
            case str() as text if utf8(text).decode() != text:
                return self._fail("E201", self.lines.at(node), *NO_UTF8)
            case bool() | None | str():
                return syntax.Constant(node.value)
            case int() as number if number in INTEGERS:
                return syntax.Constant(number)
            case float() as number if abs(number) < float("inf"):
                return syntax.Constant(number)
            case _:
                return self._fail("E201", self.lines.at(node), *TOO_LARGE)

    def _comparison(self, node: nodes.Compare) -> syntax.Expression:
        left = self._translate(node.expr)
        if len(node.ops) != 1:
            return self._refuse(leftmost(node), CHAINED)
        right = self._translate(node.ops[0].expr)
        return syntax.Comparison(COMPARISONS[node.ops[0].op], left, right)

    def _members(self, node: nodes.Dict) -> syntax.Expression:
        members = []
        for pair in node.items:
            if not isinstance(pair.key, nodes.Const) or not isinstance(pair.key.value, str):
                return self._refuse(pair.key, BAD_KEY)
            members.append((pair.key.value, self._translate(pair.value)))
        return syntax.Members(tuple(members))

    def _filter_or_test(self, node: nodes.Filter | nodes.Test) -> syntax.Expression:
        is_test = isinstance(node, nodes.Test)
        value = self._translate(node.node) if node.node is not None else NOTHING
        # The line of a test is that of its "is", which a "not" may follow.
        at = self.lines.at(node) if not is_test else self._test_name_at(node)
        known: Mapping[str, FilterSpec | TestSpec] = TESTS if is_test else FILTERS
        if (spec := known.get(node.name)) is None:
            message = f'unknown {"test" if is_test else "filter"} "{node.name}"'
            return self._fail("E203", at, message, nearest(node.name, known))
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            return self._fail("E205", at, *UNPACKED)
        return _applied(spec, value, self._arguments(node, spec, at))

    def _arguments(
        self, node: nodes.Filter | nodes.Test, spec: FilterSpec | TestSpec, at: int
    ) -> tuple[syntax.Expression | None, ...]:
        written: list[tuple[int | str, nodes.Node]] = []
        written.extend(enumerate(node.args))
        written.extend((str(pair.key), pair.value) for pair in node.kwargs)
        given = [given_as(key, one) for key, one in written]
        slots, wrong = arrange(spec, given)
        for one in wrong:
            place = at if one.index is None else self.lines.at(written[one.index][1])
            self._fail("E206", place, one.message, one.hint)
        found = [self._translate(one) for _, one in written]
        return tuple(None if slot is None else found[slot] for slot in slots)

    def _test_name_at(self, node: nodes.Node) -> int:
        at = self.lines.token_at(node.lineno + 1)
        is_negated = self.text.text[at : at + 3] == "not"
        return self.lines.token_at(node.lineno + 2) if is_negated else at


def _applied(
    spec: FilterSpec | TestSpec,
    value: syntax.Expression,
    arguments: tuple[syntax.Expression | None, ...],
) -> syntax.Expression:
    if isinstance(spec, TestSpec):
        return syntax.Test(spec, value, arguments)
    return syntax.Filter(spec, value, arguments)
