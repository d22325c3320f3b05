"""The rules of one destination, compiled, and found by the event's type and name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from engine.mapping.compile import (
    Condition,
    Each,
    Template,
    compile_condition,
    compile_each,
    compile_tree,
)
from engine.mapping.scope import ScopeSpec
from engine.mapping.tree import Tree, merge_trees, parse_tree
from engine.model.cache import Caches
from engine.model.document import Document, Place
from engine.model.event import Event
from engine.model.finding import Finding, error, has_errors
from engine.model.jsonvalue import Body, as_body
from engine.project.spec import DestinationSpec, MatchSpec, RuleFileSpec, RuleSpec
from engine.release.scope import RULE_NAMES, scope

KEPT_ROUTES = 4096
"""Different (type, name, source) whose route is remembered; custom names could be without end."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, compiled; ``template`` is None where the rule drops."""

    name: str
    match: MatchSpec
    when: Condition | None
    each: Each | None
    also: bool
    drop: str | None
    template: Template | None
    tree: Tree | None
    window_ms: int | None
    place: Place
    document: Document
    names: ScopeSpec
    fragments: Mapping[str, Tree]

    def traced(self) -> Template | None:
        """The template once more, so that a render tells what each leaf gave: for ``explain``."""
        if self.tree is None:
            return None
        return compile_tree(
            self.tree, self.names, fragments=self.fragments, caches=Caches.off(), trace=True
        )[0]

    def matches(self, type_: str, name: str, source: str) -> bool:
        """Whether ``match:`` takes an event of this type, track name and source."""
        return takes(self.match, type_, name, source)


def takes(match: MatchSpec, type_: str, name: str, source: str) -> bool:
    """Whether a ``match:`` takes an event of this type, track name and source."""
    return (
        _matches(match.type, type_)
        and _matches(match.event, name)
        and _matches(match.source, source)
    )


def _matches(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(
        pattern == value or fnmatchcase(value, pattern) for pattern in patterns
    )


@dataclass(frozen=True, slots=True)
class Routes:
    """The rules of a destination in file order, with the look-ups made so far.

    ``reads_now`` tells that one of them asks for the moment.
    """

    rules: tuple[Rule, ...]
    reads_now: bool = False
    found: dict[tuple[str, str, str], tuple[Rule, ...]] = field(default_factory=dict)

    def of(self, event: Event) -> tuple[Rule, ...]:
        """The rules whose ``match:`` takes the event, in order."""
        key = (event.type, event.name, event.source)
        if (rules := self.found.get(key)) is None:
            rules = tuple(rule for rule in self.rules if rule.matches(*key))
            if len(self.found) < KEPT_ROUTES:
                self.found[key] = rules
        return rules


def build_routes(
    file: RuleFileSpec | None, destination: DestinationSpec, settings: Body, caches: Caches
) -> tuple[Routes, list[Finding]]:
    """The compiled rules of a file; those with faults are left out and told.

    ``settings`` are the destination's, with what they read from the environment.
    """
    if file is None:
        return Routes(()), []
    names = scope(
        RULE_NAMES,
        tables=file.tables,
        settings=destination.settings,
        fixed={"tables": as_body(file.tables.value), "settings": settings},
    )
    fragments, findings = _fragments(file.fragments)
    defaults, faults = _defaults(file)
    findings += faults
    rules = []
    for spec in file.rules:
        rule, faults = _compile_rule(spec, defaults, fragments, names, caches)
        findings += faults
        if rule is not None:
            rules.append(rule)
            findings += _part_is_in_dedupe_key(rule, destination)
    return Routes(tuple(rules), any(map(_reads_now, rules))), findings


def _reads_now(rule: Rule) -> bool:
    templates = (
        rule.template,
        None if rule.when is None else rule.when.template,
        None if rule.each is None else rule.each.template,
    )
    return any(one is not None and "now" in one.names for one in templates)


def _fragments(document: Document) -> tuple[Mapping[str, Tree], list[Finding]]:
    trees = {}
    findings: list[Finding] = []
    for name, part in document.items():
        trees[name], faults = parse_tree(part)
        findings += faults
    return trees, findings


def _defaults(file: RuleFileSpec) -> tuple[Tree | None, list[Finding]]:
    payload = file.defaults.at("payload")
    return parse_tree(payload) if payload.value is not None else (None, [])


def _compile_rule(
    spec: RuleSpec,
    defaults: Tree | None,
    fragments: Mapping[str, Tree],
    names: ScopeSpec,
    caches: Caches,
) -> tuple[Rule | None, list[Finding]]:
    findings: list[Finding] = []
    when: Condition | None = None
    each: Each | None = None
    template: Template | None = None
    tree: Tree | None = None
    if spec.each.value is not None:
        each, faults = compile_each(spec.each, names, caches=caches)
        findings += faults
        if each is not None:
            names = names.with_name(each.name, each.origin)
    if spec.when.value is not None:
        when, faults = compile_condition(spec.when, names, caches=caches)
        findings += faults
    if spec.drop is None:
        tree, faults = parse_tree(spec.payload)
        findings += faults
        tree = merge_trees(defaults, tree) if defaults is not None else tree
        template, faults = compile_tree(tree, names, fragments=fragments, caches=caches)
        findings += faults
    if has_errors(findings):
        return None, findings
    return Rule(
        spec.name,
        spec.match,
        when,
        each,
        spec.also,
        spec.drop,
        template,
        tree,
        spec.window_ms,
        spec.document.place("name"),
        spec.document,
        names,
        fragments,
    ), findings


def _part_is_in_dedupe_key(rule: Rule, destination: DestinationSpec) -> list[Finding]:
    if rule.each is None or destination.dedupe is None or rule.template is None:
        return []
    if rule.template.leaf_reads(destination.dedupe.split("."), "part"):
        return []
    return [
        error(
            "E310",
            rule.document.place("each"),
            f"rule {rule.name} makes a delivery a line, all with the same {destination.dedupe}",
            "use part in it, such as {{ event.messageId }}:{{ part }}",
        )
    ]
